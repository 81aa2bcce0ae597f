import { PacketType } from "./packets.js";
import { PropertyIdentifier } from "./properties.js";
import { variableLength, writeVariable } from "./variable-byte-integer.js";
function encodePublish(message, version, flags) {
  const topic = flags.alias < 0 ? "" : message.topic;
  const topicBytes = Buffer.byteLength(topic);
  const identifierBytes = flags.qos === 0 ? 0 : 2;
  const propertyBytes = version === 5 ? propertiesLength(message, flags) : 0;
  const propertyLengthBytes = version === 5 ? variableLength(propertyBytes) : 0;
  const remaining = 2 + topicBytes + identifierBytes + propertyLengthBytes + propertyBytes + message.payload.length;
  const bytes = Buffer.allocUnsafe(1 + variableLength(remaining) + remaining);
  bytes[0] = PacketType.publish << 4 | (flags.dup ? 8 : 0) | flags.qos << 1 | (flags.retain ? 1 : 0);
  let at = writeVariable(bytes, remaining, 1);
  at = bytes.writeUInt16BE(topicBytes, at);
  at += bytes.write(topic, at);
  const identifierAt = flags.qos === 0 ? 0 : at;
  if (flags.qos > 0) at = bytes.writeUInt16BE(0, at);
  let aliasAt = 0;
  if (version === 5) {
    at = writeVariable(bytes, propertyBytes, at);
    if (flags.alias !== 0) {
      bytes[at] = PropertyIdentifier.topicAlias;
      aliasAt = at + 1;
      at = bytes.writeUInt16BE(Math.abs(flags.alias), aliasAt);
    }
    at = writeProperties(bytes, at, message, flags);
  }
  message.payload.copy(bytes, at);
  return { bytes, identifierAt, aliasAt };
}
const VARIANTS = 4 * 6;
class PublishEncoder {
  #message;
  #variants = new Array(VARIANTS).fill(void 0);
  /**
   * @param now - Unix ms; looked at only when the message expires
   * @param alias - {@link PublishFlags.alias}
   */
  encode(message, version, qos, retain, identifiers, now, alias) {
    if (version === 5 && (identifiers.length > 0 || message.expiresAt !== Infinity)) {
      return encodePublish(message, version, { qos, retain, dup: false, identifiers, now, alias });
    }
    if (this.#message !== message) {
      this.#message = message;
      this.#variants.fill(void 0);
    }
    const kind = version < 5 ? 0 : alias === 0 ? 1 : alias > 0 ? 2 : 3;
    const variant = kind * 6 + qos * 2 + (retain ? 1 : 0);
    this.#variants[variant] ??= encodePublish(message, version, { qos, retain, dup: false, identifiers, now, alias });
    return alias === 0 ? this.#variants[variant] : withAlias(this.#variants[variant], Math.abs(alias));
  }
}
function withAlias(encoded, alias) {
  const { aliasAt, identifierAt } = encoded;
  if (encoded.bytes.readUInt16BE(aliasAt) === alias) return encoded;
  const bytes = Buffer.from(encoded.bytes);
  bytes.writeUInt16BE(alias, aliasAt);
  return { bytes, identifierAt, aliasAt };
}
function remainingExpiry(message, now) {
  return Math.min(4294967295, Math.max(1, Math.ceil((message.expiresAt - now) / 1e3)));
}
function propertiesLength(message, flags) {
  let length = (message.expiresAt === Infinity ? 0 : 5) + (flags.alias === 0 ? 0 : 3);
  for (const identifier of flags.identifiers) length += 1 + variableLength(identifier);
  const properties = message.properties;
  if (properties === void 0) return length;
  if (properties.payloadFormatIndicator !== void 0) length += 2;
  if (properties.contentType !== void 0) length += 3 + Buffer.byteLength(properties.contentType);
  if (properties.responseTopic !== void 0) length += 3 + Buffer.byteLength(properties.responseTopic);
  if (properties.correlationData !== void 0) length += 3 + properties.correlationData.length;
  for (const [name, value] of properties.userProperties ?? []) {
    length += 5 + Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return length;
}
function writeProperties(bytes, start, message, flags) {
  const { properties } = message;
  let at = start;
  if (properties?.payloadFormatIndicator !== void 0) {
    bytes[at++] = PropertyIdentifier.payloadFormatIndicator;
    bytes[at++] = properties.payloadFormatIndicator ? 1 : 0;
  }
  if (message.expiresAt !== Infinity) {
    bytes[at++] = PropertyIdentifier.messageExpiryInterval;
    at = bytes.writeUInt32BE(remainingExpiry(message, flags.now), at);
  }
  if (properties?.contentType !== void 0) {
    bytes[at++] = PropertyIdentifier.contentType;
    at = writeString(bytes, at, properties.contentType);
  }
  if (properties?.responseTopic !== void 0) {
    bytes[at++] = PropertyIdentifier.responseTopic;
    at = writeString(bytes, at, properties.responseTopic);
  }
  if (properties?.correlationData !== void 0) {
    bytes[at++] = PropertyIdentifier.correlationData;
    at = bytes.writeUInt16BE(properties.correlationData.length, at);
    at += properties.correlationData.copy(bytes, at);
  }
  for (const identifier of flags.identifiers) {
    bytes[at++] = PropertyIdentifier.subscriptionIdentifier;
    at = writeVariable(bytes, identifier, at);
  }
  for (const [name, value] of properties?.userProperties ?? []) {
    bytes[at++] = PropertyIdentifier.userProperty;
    at = writeString(bytes, at, name);
    at = writeString(bytes, at, value);
  }
  return at;
}
function writeString(bytes, start, text) {
  const written = bytes.write(text, start + 2);
  bytes.writeUInt16BE(written, start);
  return start + 2 + written;
}
export {
  PublishEncoder,
  encodePublish
};
//# sourceMappingURL=encode-publish.js.map
