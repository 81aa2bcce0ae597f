import { FieldReader } from "./field-reader.js";
import { packetNames, serverCodes } from "./mqtt-tables.js";
const NOTHING = Buffer.alloc(0);
const NO_CODES = [];
const NO_PROPERTIES = /* @__PURE__ */ new Map();
class ServerStream {
  version;
  /** The stream itself is broken: nothing more is read. */
  isBroken = false;
  #held;
  constructor(version) {
    this.version = version;
  }
  /** Bytes of a packet that is not complete. */
  get heldBytes() {
    return this.#held?.length ?? 0;
  }
  feed(chunk, onPacket) {
    let bytes = this.#held === void 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = void 0;
    while (bytes.length > 0 && !this.isBroken) {
      const body = bodyStart(bytes);
      if (body === void 0) break;
      if (body < 0) {
        this.isBroken = true;
        return;
      }
      const end = body + remainingLength(bytes);
      if (bytes.length < end) break;
      onPacket(decode(bytes.subarray(0, end), body, this.version));
      bytes = bytes.subarray(end);
    }
    if (bytes.length > 0) this.#held = bytes;
  }
}
function bodyStart(bytes) {
  for (let at = 1; at < 5; at++) {
    if (at >= bytes.length) return void 0;
    if (bytes[at] < 128) return at + 1;
  }
  return -1;
}
function remainingLength(bytes) {
  let value = 0;
  for (let i = 0; ; i++) {
    value += (bytes[1 + i] & 127) * 128 ** i;
    if (bytes[1 + i] < 128) return value;
  }
}
function decode(bytes, body, version) {
  const name = packetNames[bytes[0] >> 4];
  const flags = bytes[0] & 15;
  const reader = new FieldReader(bytes, body);
  const isVersion5 = version === 5;
  let id = 0;
  let topic = "";
  let payload = NOTHING;
  let codes = NO_CODES;
  let properties = NO_PROPERTIES;
  let sessionPresent = false;
  const qos = name === "PUBLISH" ? flags >> 1 & 3 : 0;
  if (name !== "PUBLISH" && flags !== (name === "PUBREL" ? 2 : 0)) reader.fail("flags");
  switch (name) {
    case "CONNACK": {
      const acknowledge = reader.byte();
      if (acknowledge > 1) reader.fail("acknowledge-flags");
      sessionPresent = acknowledge === 1;
      codes = [reader.byte()];
      if (reader.left > 0) properties = reader.properties("CONNACK", "server");
      else if (isVersion5 && codes[0] === 0) reader.fail("no-properties");
      if (codes[0] !== 0 && sessionPresent) reader.fail("session-present-with-refusal");
      reader.end();
      break;
    }
    case "PUBLISH":
      if (qos === 3) reader.fail("qos3");
      if (qos === 0 && (flags & 8) !== 0) reader.fail("dup-qos0");
      topic = reader.string();
      if (qos > 0) {
        id = reader.uint16();
        if (id === 0) reader.fail("id-zero");
      }
      if (isVersion5) properties = reader.properties("PUBLISH", "server");
      if (topic === "" && !properties.has("topicAlias")) reader.fail("topic-empty");
      if (/[+#]/.test(topic)) reader.fail("topic-wildcard");
      payload = reader.rest();
      break;
    case "PUBACK":
    case "PUBREC":
    case "PUBREL":
    case "PUBCOMP":
      id = reader.uint16();
      if (id === 0) reader.fail("id-zero");
      codes = [isVersion5 && reader.left > 0 ? reader.byte() : 0];
      if (isVersion5 && reader.left > 0) properties = reader.properties(name, "server");
      reader.end();
      break;
    case "SUBACK":
    case "UNSUBACK":
      id = reader.uint16();
      if (isVersion5) properties = reader.properties(name, "server");
      codes = isVersion5 || name === "SUBACK" ? [...reader.rest()] : NO_CODES;
      if (codes.length === 0 && (isVersion5 || name === "SUBACK")) reader.fail("no-codes");
      reader.end();
      break;
    case "PINGRESP":
      reader.end();
      break;
    case "DISCONNECT":
    case "AUTH":
      if (!isVersion5) reader.fail("not-in-this-version");
      codes = [reader.left > 0 ? reader.byte() : 0];
      if (reader.left > 0) properties = reader.properties(name, "server");
      reader.end();
      break;
    default:
      reader.fail("only-a-client-sends-it");
  }
  if (reader.fault === void 0) checkCodes(reader, name, codes, version);
  return {
    name,
    qos,
    dup: name === "PUBLISH" && (flags & 8) !== 0,
    retain: name === "PUBLISH" && (flags & 1) !== 0,
    topic,
    payload,
    id,
    codes,
    sessionPresent,
    properties,
    fault: reader.fault === void 0 ? void 0 : `${name}: ${reader.fault}`,
    bytes: bytes.length
  };
}
function checkCodes(reader, name, codes, version) {
  if (codes.length === 0) return;
  const allowed = serverCodes[name] ?? [];
  for (const code of codes) {
    const isLegal = version === 5 || name === "CONNACK" && code >= 128 ? allowed.includes(code) : name === "CONNACK" ? code <= 5 : name === "SUBACK" ? code <= 2 || code === 128 : code === 0;
    if (!isLegal) return reader.fail(`code-${code.toString(16)}`);
  }
}
export {
  ServerStream
};
//# sourceMappingURL=server-packets.js.map
