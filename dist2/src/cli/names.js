import { cliError, cliErrors } from "./errors.js";
async function resolvePoint(cli, words) {
  const { items } = await cli.request("GET /v1/points");
  const [first = "", second] = words;
  const found = items.filter(
    (one) => second === void 0 ? `${one.device}.${one.point}` === first || `${one.device}/${one.point}` === first : one.device === first && one.point === second
  );
  if (found.length === 1) return found[0];
  const name = second === void 0 ? first : `${first}.${second}`;
  if (found.length > 1) {
    const device = found[0].device;
    throw cliError("CLI_UNKNOWN_POINT", `"${name}" names ${found.length} points`, {
      hint: `write device and point as two words, such as \`${device} ${found[0].point}\``
    });
  }
  const inside = items.find((one) => one.device === name);
  if (inside !== void 0) {
    throw cliError("CLI_UNKNOWN_POINT", `"${name}" is a device, not a point`, {
      hint: `name one of its points, such as ${name}.${inside.point}; list them with \`hpmq point list ${name}\``
    });
  }
  throw await unknown(
    "CLI_UNKNOWN_POINT",
    `there is no point "${name}"`,
    name,
    items.map((one) => `${one.device}.${one.point}`)
  );
}
async function resolveDevice(cli, name) {
  const { items } = await cli.request("GET /v1/devices");
  const found = items.find((one) => one.name === name);
  if (found !== void 0) return found;
  throw await unknown(
    "CLI_UNKNOWN_DEVICE",
    `there is no device "${name}"`,
    name,
    items.map((one) => one.name)
  );
}
async function unknown(code, message, name, known) {
  const { nearest } = await import("../core/nearest.js");
  const close = nearest(name, known);
  return cliError(code, message, {
    hint: `${close === void 0 ? "" : `did you mean ${close}? `}${cliErrors[code].hint}`
  });
}
export {
  resolveDevice,
  resolvePoint,
  unknown
};
//# sourceMappingURL=names.js.map
