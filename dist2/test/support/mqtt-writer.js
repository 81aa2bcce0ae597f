import { propertyRules } from "./mqtt-tables.js";
const uint16 = (value) => Buffer.from([value >> 8 & 255, value & 255]);
const uint32 = (value) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value].map((b) => b & 255));
function variable(value) {
  const bytes = [];
  let rest = value;
  do {
    bytes.push(rest & 127 | (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}
function field(value) {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([uint16(bytes.length), bytes]);
}
function frame(first, body) {
  return Buffer.concat([Buffer.from([first]), variable(body.length), body]);
}
function properties(list) {
  const bytes = Buffer.concat(list.map(([id, value]) => Buffer.concat([Buffer.from([id]), propertyValue(id, value)])));
  return Buffer.concat([variable(bytes.length), bytes]);
}
function propertyValue(id, value) {
  if (Array.isArray(value)) return Buffer.concat([field(value[0]), field(value[1])]);
  if (typeof value !== "number") return field(value);
  switch (propertyRules[id]?.kind) {
    case "uint16":
      return uint16(value);
    case "uint32":
      return uint32(value);
    case "variable":
      return variable(value);
    default:
      return Buffer.from([value]);
  }
}
function connect(init) {
  const { version, clean = true, will, username, password } = init;
  let flags = clean ? 2 : 0;
  if (will !== void 0) flags |= 4 | will.qos << 3 | (will.retain ? 32 : 0);
  if (username !== void 0) flags |= 128;
  if (password !== void 0) flags |= 64;
  flags ^= init.wrongFlags ?? 0;
  const parts = [
    field(init.name ?? (version === 3 ? "MQIsdp" : "MQTT")),
    Buffer.from([init.level ?? version, flags]),
    uint16(init.keepAlive ?? 0)
  ];
  if (version === 5) parts.push(properties(init.properties ?? []));
  parts.push(field(init.clientId));
  if (will !== void 0) {
    if (version === 5) parts.push(properties(will.properties ?? []));
    parts.push(field(will.topic), field(will.payload));
  }
  if (username !== void 0) parts.push(field(username));
  if (password !== void 0) parts.push(field(password));
  return frame(16, Buffer.concat(parts));
}
function publish(init) {
  const { version, qos, retain = false, dup = false } = init;
  const parts = [field(init.topic)];
  if (qos > 0) parts.push(uint16(init.id ?? 1));
  if (version === 5) parts.push(properties(init.properties ?? []));
  parts.push(typeof init.payload === "string" ? Buffer.from(init.payload) : init.payload);
  return frame(48 | (dup ? 8 : 0) | qos << 1 | (retain ? 1 : 0), Buffer.concat(parts));
}
const acknowledgementTypes = { PUBACK: 64, PUBREC: 80, PUBREL: 98, PUBCOMP: 112 };
function acknowledgement(name, id, code, list) {
  const parts = [uint16(id)];
  if (code !== void 0) parts.push(Buffer.from([code]));
  if (list !== void 0) parts.push(properties(list));
  return frame(acknowledgementTypes[name], Buffer.concat(parts));
}
function subscribe(version, id, filters, list = []) {
  const parts = [uint16(id)];
  if (version === 5) parts.push(properties(list));
  for (const [filter, options] of filters) parts.push(field(filter), Buffer.from([options]));
  return frame(130, Buffer.concat(parts));
}
function unsubscribe(version, id, filters, list = []) {
  const parts = [uint16(id)];
  if (version === 5) parts.push(properties(list));
  for (const filter of filters) parts.push(field(filter));
  return frame(162, Buffer.concat(parts));
}
const PINGREQ = Buffer.from([192, 0]);
function disconnect(code, list) {
  const parts = [];
  if (code !== void 0) parts.push(Buffer.from([code]));
  if (list !== void 0) parts.push(properties(list));
  return frame(224, Buffer.concat(parts));
}
function auth(code, list) {
  const parts = [];
  if (code !== void 0) parts.push(Buffer.from([code]));
  if (list !== void 0) parts.push(properties(list));
  return frame(240, Buffer.concat(parts));
}
export {
  PINGREQ,
  acknowledgement,
  auth,
  connect,
  disconnect,
  field,
  frame,
  properties,
  publish,
  subscribe,
  uint16,
  unsubscribe,
  variable
};
//# sourceMappingURL=mqtt-writer.js.map
