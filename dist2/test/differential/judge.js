import { FieldReader } from "../support/field-reader.js";
import { clientCodes, packetNames } from "../support/mqtt-tables.js";
const ALIASES = 10;
const PACKET_BYTES = 64 * 1024;
const requiredFlags = [
  void 0,
  0,
  void 0,
  void 0,
  0,
  0,
  2,
  0,
  2,
  void 0,
  2,
  void 0,
  0,
  void 0,
  0,
  0
];
const SERVER_ONLY = /* @__PURE__ */ new Set(["CONNACK", "SUBACK", "UNSUBACK", "PINGRESP"]);
class Judge {
  version = 4;
  /** As CONNECT said; Infinity: none. */
  maximumPacketSize = Number.POSITIVE_INFINITY;
  receiveMaximum = 65535;
  isWillDelayed = false;
  clientId = "";
  #held = Buffer.alloc(0);
  #isConnected = false;
  #expiry = 0;
  #hasMethod = false;
  #aliases = /* @__PURE__ */ new Set();
  feed(bytes) {
    this.#held = Buffer.concat([this.#held, bytes]);
    const found = [];
    while (this.#held.length > 0) {
      const name = packetNames[this.#held[0] >> 4];
      const frame = this.#frame();
      if (typeof frame === "string") {
        found.push({ name, version: this.version, fault: frame, bytes: Buffer.alloc(0) });
        if (frame !== "incomplete") this.#held = Buffer.alloc(0);
        return found;
      }
      const fault = this.#judge(name, frame.bytes, frame.body);
      found.push({ name, version: this.version, fault: fault ?? "ok", bytes: frame.bytes });
    }
    return found;
  }
  #frame() {
    const held = this.#held;
    let length = 0;
    for (let i = 0; i < 4; i++) {
      const byte = held[1 + i];
      if (byte === void 0) return "incomplete";
      length += (byte & 127) * 128 ** i;
      if (byte >= 128) continue;
      const end = 2 + i + length;
      if (end > PACKET_BYTES) return "too-large";
      if (held.length < end) return "incomplete";
      this.#held = held.subarray(end);
      return { bytes: held.subarray(0, end), body: 2 + i };
    }
    return "remaining-length-too-long";
  }
  #judge(name, bytes, body) {
    const flags = bytes[0] & 15;
    if (name === "RESERVED") return "type-reserved";
    if (!this.#isConnected && name !== "CONNECT") return "before-CONNECT";
    if (SERVER_ONLY.has(name)) return "only-a-server-sends-it";
    const required = requiredFlags[bytes[0] >> 4];
    if (required !== void 0 && flags !== required) return "flags";
    const reader = new FieldReader(bytes, body);
    switch (name) {
      case "CONNECT":
        if (this.#isConnected) return "second-CONNECT";
        this.#connect(reader);
        this.#isConnected = true;
        break;
      case "PUBLISH":
        this.#publish(reader, flags);
        break;
      case "SUBSCRIBE":
        this.#subscribe(reader);
        break;
      case "UNSUBSCRIBE":
        this.#unsubscribe(reader);
        break;
      case "DISCONNECT":
        this.#disconnect(reader);
        break;
      case "AUTH":
        if (this.version < 5) return "not-in-this-version";
        this.#codeAndProperties(reader, "AUTH");
        if (!this.#hasMethod) reader.fail("no-method-agreed");
        reader.end();
        break;
      case "PINGREQ":
        reader.end();
        break;
      default:
        packetIdentifier(reader);
        if (this.version === 5) this.#codeAndProperties(reader, name);
        reader.end();
    }
    return reader.fault ?? (reader.isDiscouraged ? "discouraged-characters" : void 0);
  }
  #connect(reader) {
    const name = reader.binary().toString("latin1");
    const level = reader.byte();
    const version = level & 127;
    const isKnown = name === "MQTT" && (version === 4 || version === 5) || name === "MQIsdp" && version === 3;
    this.version = version >= 5 ? 5 : version === 3 ? 3 : 4;
    if (!isKnown) return reader.fail(name === "MQTT" || name === "MQIsdp" ? "level" : "protocol-name");
    if (level >= 128) return reader.fail(version === 5 ? "level" : "bridge");
    const isVersion5 = version === 5;
    const flags = reader.byte();
    const has = (bit) => (flags & bit) !== 0;
    if (has(1) && version > 3) reader.fail("connect-flag-reserved");
    if (!has(4) && (flags & 56) !== 0) reader.fail("will-flags-without-will");
    if ((flags & 24) === 24) reader.fail("will-qos3");
    if (has(64) && !has(128) && !isVersion5) reader.fail("password-without-username");
    reader.uint16();
    const properties = isVersion5 ? reader.properties("CONNECT", "client") : void 0;
    this.#expiry = properties?.get("sessionExpiryInterval") ?? 0;
    this.maximumPacketSize = properties?.get("maximumPacketSize") ?? Number.POSITIVE_INFINITY;
    this.receiveMaximum = properties?.get("receiveMaximum") ?? 65535;
    this.#hasMethod = properties?.has("authenticationMethod") ?? false;
    if (properties?.has("authenticationData") && !this.#hasMethod) reader.fail("authentication-data-without-method");
    const clientId = reader.string();
    this.clientId = clientId;
    if (has(4)) {
      const will = isVersion5 ? reader.properties("WILL", "client") : void 0;
      topicName(reader, reader.string(), "will-topic");
      if (will !== void 0) responseTopic(reader, will);
      this.isWillDelayed = will?.has("willDelayInterval") ?? false;
      reader.binary();
    }
    if (has(128)) reader.string();
    if (has(64)) reader.binary();
    reader.end();
    if (clientId === "" && (version === 3 || version === 4 && !has(2))) reader.fail("client-id-empty");
    if (this.#hasMethod) reader.fail("method-unknown");
  }
  #publish(reader, flags) {
    const qos = flags >> 1 & 3;
    if (qos === 3) return reader.fail("qos3");
    if (qos === 0 && (flags & 8) !== 0) reader.fail("dup-qos0");
    const topic = reader.string();
    if (qos > 0) packetIdentifier(reader);
    const properties = this.version === 5 ? reader.properties("PUBLISH", "client") : void 0;
    const alias = properties?.get("topicAlias");
    if (properties !== void 0) responseTopic(reader, properties);
    if (topic !== "" || alias === void 0) topicName(reader, topic, "topic");
    if (alias === void 0) return;
    if (alias > ALIASES) reader.fail("alias-too-big");
    if (topic !== "") this.#aliases.add(alias);
    else if (!this.#aliases.has(alias)) reader.fail("alias-not-set");
  }
  #subscribe(reader) {
    packetIdentifier(reader);
    if (this.version === 5) reader.properties("SUBSCRIBE", "client");
    if (reader.left === 0) reader.fail("no-filter");
    let filterFault;
    while (reader.left > 0) {
      const filter = reader.string();
      const options = reader.byte();
      if (reader.fault !== void 0) break;
      if ((options & 3) === 3) reader.fail("qos3");
      else if ((options & (this.version === 5 ? 192 : 252)) !== 0) reader.fail("options-reserved");
      else if ((options & 48) === 48) reader.fail("retain-handling-3");
      else if (this.version === 5 && filter.startsWith("$share/") && (options & 4) !== 0) {
        reader.fail("share-no-local");
      }
      filterFault ??= topicFilter(filter, this.version);
    }
    if (filterFault !== void 0) reader.fail(filterFault);
  }
  #unsubscribe(reader) {
    packetIdentifier(reader);
    if (this.version === 5) reader.properties("UNSUBSCRIBE", "client");
    if (reader.left === 0) reader.fail("no-filter");
    let filterFault;
    while (reader.left > 0) {
      const filter = reader.string();
      filterFault ??= topicFilter(filter, this.version);
    }
    if (filterFault !== void 0) reader.fail(filterFault);
  }
  #disconnect(reader) {
    const properties = this.version === 5 ? this.#codeAndProperties(reader, "DISCONNECT") : void 0;
    reader.end();
    const expiry = properties?.get("sessionExpiryInterval");
    if (expiry !== void 0 && expiry > 0 && this.#expiry === 0) reader.fail("expiry-raised-from-zero");
  }
  #codeAndProperties(reader, name) {
    if (reader.left === 0) return void 0;
    const code = reader.byte();
    if (!(clientCodes[name] ?? []).includes(code)) reader.fail("reason-code-unknown");
    return reader.left > 0 ? reader.properties(name, "client") : void 0;
  }
}
function packetIdentifier(reader) {
  if (reader.uint16() === 0) reader.fail("id-zero");
}
function topicName(reader, topic, what) {
  if (topic === "") reader.fail(`${what}-empty`);
  else if (/[+#]/.test(topic)) reader.fail(`${what}-wildcard`);
  else if (topic.split("/").length > 200) reader.fail(`${what}-levels`);
}
function responseTopic(reader, properties) {
  const topic = properties.get("responseTopic");
  if (topic !== void 0) topicName(reader, topic, "response-topic");
}
function topicFilter(filter, version) {
  if (filter === "") return "filter-empty";
  const all = filter.split("/");
  const isShared = all[0] === "$share";
  if (isShared && version < 5) return "share-before-5";
  if (isShared && (all.length < 3 || all[1] === "" || /[+#]/.test(all[1]) || filter.length === 8 + all[1].length)) {
    return "share-malformed";
  }
  const levels = isShared ? all.slice(2) : all;
  if (levels.length > 200) return "filter-levels";
  const isWrong = levels.some(
    (level, index) => level.length > 1 ? /[+#]/.test(level) : level === "#" && index < levels.length - 1
  );
  return isWrong ? "filter-wildcard" : void 0;
}
export {
  ALIASES,
  Judge,
  PACKET_BYTES
};
//# sourceMappingURL=judge.js.map
