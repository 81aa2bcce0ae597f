/** The Fixed Header of a frame that arrives (MQTT 5.0 §2.1): checked before anything is buffered for the frame. */
import { PacketType, type ProtocolVersion } from './packets.js';
import { ReasonCode, Refusal } from './reason-codes.js';
import type { Sender } from './sender.js';

/** Of the first packet of a connection: who is not known yet may not make us buffer more, bytes. A CONNECT with a Will of the largest payload fits. */
export const MAX_FIRST_PACKET_BYTES = 128 * 1024;

/** §2.1.2 and §2.1.3, by type: the flag bits a packet of this sender must have; -1: it may not send it; 16: any (PUBLISH). */
const requiredFlags: { readonly [S in Sender]: readonly number[] } = {
  client: [-1, 0, -1, 16, 0, 0, 2, 0, 2, -1, 2, -1, 0, -1, 0, 0],
  server: [-1, -1, 0, 16, 0, 0, 2, 0, -1, 0, -1, 0, -1, 0, 0, 0],
};

/**
 * What is wrong with the first byte of a packet.
 *
 * @param version - undefined: not known yet
 */
export function firstByteFault(
  first: number,
  sender: Sender,
  version: ProtocolVersion | undefined,
): Refusal | undefined {
  const type = first >> 4;
  const required = requiredFlags[sender][type]!;
  const flags = first & 0x0f;
  if (type === 0 || (required >= 0 && required < 16 && flags !== required && !isRepeat(required, flags, version))) {
    return new Refusal(ReasonCode.malformedPacket, 'reserved packet type or flag bits');
  }
  if (required < 0) {
    return new Refusal(
      ReasonCode.protocolError,
      sender === 'client' ? 'a packet only a server sends' : 'a packet only a client sends',
    );
  }
  if (sender === 'server' && type >= PacketType.disconnect && version !== 5) {
    return new Refusal(ReasonCode.protocolError, 'a packet that a server does not send before MQTT 5.0');
  }
  return undefined;
}

/** MQTT 3.1 §2.1: PUBREL, SUBSCRIBE and UNSUBSCRIBE that are sent again have DUP; later versions took it from them. */
function isRepeat(required: number, flags: number, version: ProtocolVersion | undefined): boolean {
  return version === 3 && required === 0x02 && flags === 0x0a;
}

/**
 * Length of the whole frame that starts at `start`, bytes.
 *
 * @param end - of what is there of `bytes`
 * @param limit - a longer frame is refused
 * @returns 0 when the Remaining Length is not complete; or what is wrong with it
 */
export function frameLength(
  bytes: Buffer,
  start: number,
  end: number,
  version: ProtocolVersion | undefined,
  limit: number,
): number | Refusal {
  let remainingLength = 0;
  for (let i = 0; i < 4; i++) {
    const at = start + 1 + i;
    if (at >= end) return 0;
    const byte = bytes[at]!;
    remainingLength |= (byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    if (isPadded(byte, i, version)) return tooLong();
    const length = 2 + i + remainingLength;
    return length > limit ? new Refusal(ReasonCode.packetTooLarge, 'the packet exceeds Maximum Packet Size') : length;
  }
  return tooLong();
}

/** Of a frame that is whole: where its Remaining Length ends. */
export function bodyOf(frame: Buffer): number {
  let body = 2;
  while (frame[body - 1]! >= 0x80) body++;
  return body;
}

/** For a frame whose version was not known when {@link frameLength} was asked: what is wrong with its Remaining Length. */
export function paddingFault(frame: Buffer, body: number, version: ProtocolVersion | undefined): Refusal | undefined {
  return isPadded(frame[body - 1]!, body - 2, version) ? tooLong() : undefined;
}

/** [MQTT-1.5.5-1]. Before 5.0 nothing forbids more bytes than the value needs, and small clients send a fixed number of them. */
function isPadded(lastByte: number, before: number, version: ProtocolVersion | undefined): boolean {
  return lastByte === 0 && before > 0 && version === 5;
}

function tooLong(): Refusal {
  return new Refusal(ReasonCode.malformedPacket, 'Remaining Length is longer than it may be');
}
