/** Packets a server sends → bytes, all but PUBLISH (publish.ts) and acknowledgements (encode-acknowledgement.ts). */
import { PacketBody } from './packet-body.js';
import { PacketType, type ProtocolVersion } from './packets.js';
import type { Properties } from './properties.js';
import { connectReturnCode, type ReasonCode } from './reason-codes.js';

const SERVER_UNAVAILABLE = 0x03;

export const PINGRESP = Buffer.from([PacketType.pingresp << 4, 0]);

/** Before 5.0 a Return Code stands for the reason (3.1.1 §3.2.2.3); see {@link connectReturnCode} for those that have none. */
export function encodeConnack(
  version: ProtocolVersion,
  reasonCode: ReasonCode,
  sessionPresent: boolean,
  properties: Readonly<Properties> = {},
): Buffer {
  const first = PacketType.connack << 4;
  // 3.1 has no Session Present flag: the byte is reserved.
  const body = new PacketBody().byte(sessionPresent && version > 3 ? 1 : 0);
  if (version === 5) return body.byte(reasonCode).properties(properties).packet(first);
  return body.byte(connectReturnCode(reasonCode) ?? SERVER_UNAVAILABLE).packet(first);
}

export function encodeSuback(
  version: ProtocolVersion,
  packetIdentifier: number,
  reasonCodes: readonly number[],
  reasonString?: string,
): Buffer {
  const body = new PacketBody().uint16(packetIdentifier);
  if (version === 5) body.properties(explanation(reasonString));
  return body.bytes(Buffer.from(reasonCodes)).packet(PacketType.suback << 4);
}

/** Before 5.0 it has no Reason Codes. */
export function encodeUnsuback(
  version: ProtocolVersion,
  packetIdentifier: number,
  reasonCodes: readonly number[],
  reasonString?: string,
): Buffer {
  const body = new PacketBody().uint16(packetIdentifier);
  if (version === 5) body.properties(explanation(reasonString)).bytes(Buffer.from(reasonCodes));
  return body.packet(PacketType.unsuback << 4);
}

/** Version 5 only: before it a server has no DISCONNECT. */
export function encodeServerDisconnect(reasonCode: ReasonCode, properties: Readonly<Properties> = {}): Buffer {
  return new PacketBody()
    .byte(reasonCode)
    .properties(properties)
    .packet(PacketType.disconnect << 4);
}

/** Version 5 only. */
export function encodeAuth(reasonCode: ReasonCode, properties: Readonly<Properties>): Buffer {
  return new PacketBody()
    .byte(reasonCode)
    .properties(properties)
    .packet(PacketType.auth << 4);
}

function explanation(reasonString: string | undefined): Readonly<Properties> {
  return reasonString === undefined ? {} : { reasonString };
}
