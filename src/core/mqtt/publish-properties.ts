/** The properties of a PUBLISH, for writing (MQTT 5.0 §3.3.2.3). */
import type { PublishProperties } from '../message.js';
import { PropertyIdentifier } from './property-identifiers.js';
import { variableLength, writeVariable } from './variable-byte-integer.js';

/**
 * Bytes of the properties, without the Property Length before them.
 *
 * @param expiry - Message Expiry Interval, s; 0: none
 * @param alias - Topic Alias; its sign means nothing here; 0: none
 * @param identifiers - Subscription Identifiers
 */
export function publishPropertiesLength(
  properties: PublishProperties | undefined,
  expiry: number,
  alias: number,
  identifiers: readonly number[],
): number {
  let length = (expiry === 0 ? 0 : 5) + (alias === 0 ? 0 : 3);
  for (const identifier of identifiers) length += 1 + variableLength(identifier);
  if (properties === undefined) return length;
  if (properties.payloadFormatIndicator !== undefined) length += 2;
  if (properties.contentType !== undefined) length += 3 + Buffer.byteLength(properties.contentType);
  if (properties.responseTopic !== undefined) length += 3 + Buffer.byteLength(properties.responseTopic);
  if (properties.correlationData !== undefined) length += 3 + properties.correlationData.length;
  for (const [name, value] of properties.userProperties ?? []) {
    length += 5 + Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return length;
}

/**
 * Parameters as {@link publishPropertiesLength}; the Topic Alias comes first.
 *
 * @returns offset behind the properties
 */
export function writePublishProperties(
  bytes: Buffer,
  start: number,
  properties: PublishProperties | undefined,
  expiry: number,
  alias: number,
  identifiers: readonly number[],
): number {
  let at = start;
  if (alias !== 0) {
    bytes[at++] = PropertyIdentifier.topicAlias;
    at = bytes.writeUInt16BE(Math.abs(alias), at);
  }
  if (properties?.payloadFormatIndicator !== undefined) {
    bytes[at++] = PropertyIdentifier.payloadFormatIndicator;
    bytes[at++] = properties.payloadFormatIndicator ? 1 : 0;
  }
  if (expiry !== 0) {
    bytes[at++] = PropertyIdentifier.messageExpiryInterval;
    at = bytes.writeUInt32BE(expiry, at);
  }
  if (properties?.contentType !== undefined) {
    bytes[at++] = PropertyIdentifier.contentType;
    at = writeString(bytes, at, properties.contentType);
  }
  if (properties?.responseTopic !== undefined) {
    bytes[at++] = PropertyIdentifier.responseTopic;
    at = writeString(bytes, at, properties.responseTopic);
  }
  if (properties?.correlationData !== undefined) {
    bytes[at++] = PropertyIdentifier.correlationData;
    at = bytes.writeUInt16BE(properties.correlationData.length, at);
    at += properties.correlationData.copy(bytes, at);
  }
  for (const identifier of identifiers) {
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

/** §1.5.4: the length in two bytes, then UTF-8. @returns offset behind it */
export function writeString(bytes: Buffer, start: number, text: string): number {
  const written = bytes.write(text, start + 2);
  bytes.writeUInt16BE(written, start);
  return start + 2 + written;
}
