/** Packets a server sends → bytes, all but PUBLISH (encode-publish.ts). */

import { PropertyIdentifier } from '../../core/mqtt/property-identifiers.js';
import { variableLength, writeVariable } from '../../core/mqtt/variable-byte-integer.js';
import { connectReturnCode, type ReasonCode } from '../reason-codes.js';
import { PacketType, type ProtocolVersion } from './packets.js';

/** The properties of CONNACK, DISCONNECT, AUTH and the acknowledgements; they go out in the order given. */
export interface ServerProperties {
  readonly sessionExpiryInterval?: number;
  readonly receiveMaximum?: number;
  readonly maximumPacketSize?: number;
  readonly assignedClientIdentifier?: string;
  readonly topicAliasMaximum?: number;
  readonly reasonString?: string;
  readonly wildcardSubscriptionAvailable?: boolean;
  readonly subscriptionIdentifiersAvailable?: boolean;
  readonly sharedSubscriptionAvailable?: boolean;
  readonly serverKeepAlive?: number;
  readonly responseInformation?: string;
  readonly serverReference?: string;
  readonly authenticationMethod?: string;
  readonly authenticationData?: Buffer;
  readonly userProperty?: readonly [name: string, value: string];
}

const bytesOfNumber = { receiveMaximum: 2, topicAliasMaximum: 2, serverKeepAlive: 2 } as Record<string, number>;

/** §3.4–§3.7: the Reason Code is left out when it is Success or the version has none. */
export function encodeAcknowledgement(
  type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp',
  packetIdentifier: number,
  version: ProtocolVersion,
  reasonCode: number,
  reasonString?: string,
): Buffer {
  const first = (PacketType[type] << 4) | (type === 'pubrel' ? 0x02 : 0);
  if (version === 5 && reasonString !== undefined) {
    return framed(first, uint16(packetIdentifier), Buffer.of(reasonCode), encodedProperties({ reasonString }));
  }
  const withReason = version === 5 && reasonCode !== 0;
  const bytes = Buffer.allocUnsafe(withReason ? 5 : 4);
  bytes[0] = first;
  bytes[1] = withReason ? 3 : 2;
  bytes.writeUInt16BE(packetIdentifier, 2);
  if (withReason) bytes[4] = reasonCode;
  return bytes;
}

const SERVER_UNAVAILABLE = 0x03;

export const PINGRESP = Buffer.from([PacketType.pingresp << 4, 0]);

/** Before 5.0 a Return Code stands for the reason (3.1.1 §3.2.2.3); see {@link connectReturnCode} for those that have none. */
export function encodeConnack(
  version: ProtocolVersion,
  reasonCode: ReasonCode,
  sessionPresent: boolean,
  properties: ServerProperties = {},
): Buffer {
  const first = PacketType.connack << 4;
  // 3.1 has no Session Present flag: the byte is reserved.
  const flags = sessionPresent && version > 3 ? 1 : 0;
  if (version === 5) return framed(first, Buffer.of(flags, reasonCode), encodedProperties(properties));
  return framed(first, Buffer.of(flags, connectReturnCode(reasonCode) ?? SERVER_UNAVAILABLE));
}

export function encodeSuback(
  version: ProtocolVersion,
  packetIdentifier: number,
  reasonCodes: readonly number[],
  reasonString?: string,
): Buffer {
  return framed(
    PacketType.suback << 4,
    uint16(packetIdentifier),
    ...explanation(version, reasonString),
    Buffer.from(reasonCodes),
  );
}

/** Before 5.0 it has no Reason Codes. */
export function encodeUnsuback(
  version: ProtocolVersion,
  packetIdentifier: number,
  reasonCodes: readonly number[],
  reasonString?: string,
): Buffer {
  const codes = version === 5 ? [Buffer.from(reasonCodes)] : [];
  return framed(PacketType.unsuback << 4, uint16(packetIdentifier), ...explanation(version, reasonString), ...codes);
}

/** Version 5 only: before it a server has no DISCONNECT. */
export function encodeDisconnect(reasonCode: ReasonCode, properties: ServerProperties = {}): Buffer {
  return framed(PacketType.disconnect << 4, Buffer.of(reasonCode), encodedProperties(properties));
}

/** Version 5 only. */
export function encodeAuth(reasonCode: ReasonCode, properties: ServerProperties): Buffer {
  return framed(PacketType.auth << 4, Buffer.of(reasonCode), encodedProperties(properties));
}

function explanation(version: ProtocolVersion, reasonString: string | undefined): Buffer[] {
  return version === 5 ? [encodedProperties(reasonString === undefined ? {} : { reasonString })] : [];
}

function framed(first: number, ...parts: readonly Buffer[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const header = Buffer.allocUnsafe(1 + variableLength(length));
  header[0] = first;
  writeVariable(header, length, 1);
  return Buffer.concat([header, ...parts]);
}

/** Property Length and the properties. */
function encodedProperties(properties: ServerProperties): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    const part = encodedValue(name, value);
    parts.push(Buffer.of(PropertyIdentifier[name as keyof ServerProperties]), part);
    length += 1 + part.length;
  }
  const header = Buffer.allocUnsafe(variableLength(length));
  writeVariable(header, length, 0);
  return Buffer.concat([header, ...parts]);
}

function encodedValue(name: string, value: number | boolean | string | Buffer | readonly string[]): Buffer {
  if (Array.isArray(value)) return Buffer.concat(value.map((text: string) => encodedValue('', text)));
  if (typeof value === 'boolean') return Buffer.of(value ? 1 : 0);
  if (typeof value === 'number') {
    if (bytesOfNumber[name] === 2) return uint16(value);
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(value);
    return bytes;
  }
  const content = Buffer.isBuffer(value) ? value : Buffer.from(value as string);
  return Buffer.concat([uint16(content.length), content]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
