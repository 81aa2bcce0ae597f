function notesOf({ ports, devices }) {
  const notes = [];
  const seen = /* @__PURE__ */ new Map();
  for (const { name, adapter, port, options, points } of Object.values(devices)) {
    if (ports[port]?.endpoint.type === "memory") continue;
    for (const { id, address } of Object.values(points)) {
      const path = `devices.${name}.points.${id}`;
      const place = JSON.stringify([adapter, port, options, address]);
      const earlier = seen.get(place);
      if (earlier === void 0) seen.set(place, path);
      else notes.push(`${path} reads the same address of the same device as ${earlier}`);
    }
  }
  return notes;
}
export {
  notesOf
};
//# sourceMappingURL=notes.js.map
