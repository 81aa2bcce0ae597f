/** PUBACK, PUBREC, PUBREL and PUBCOMP, of either side. */

import { PacketBody } from './packet-body.js';
import { type AcknowledgementPacket, PacketType, type ProtocolVersion } from './packets.js';

/** §3.4–§3.7: the Reason Code is left out when it is Success or the version has none. */
export function encodeAcknowledgement(
  type: AcknowledgementPacket['type'],
  packetIdentifier: number,
  version: ProtocolVersion,
  reasonCode: number,
  reasonString?: string,
): Buffer {
  const first = (PacketType[type] << 4) | (type === 'pubrel' ? 0x02 : 0);
  if (version === 5 && reasonString !== undefined) {
    return new PacketBody().uint16(packetIdentifier).byte(reasonCode).properties({ reasonString }).packet(first);
  }
  const withReason = version === 5 && reasonCode !== 0;
  const bytes = Buffer.allocUnsafe(withReason ? 5 : 4);
  bytes[0] = first;
  bytes[1] = withReason ? 3 : 2;
  bytes.writeUInt16BE(packetIdentifier, 2);
  if (withReason) bytes[4] = reasonCode;
  return bytes;
}
