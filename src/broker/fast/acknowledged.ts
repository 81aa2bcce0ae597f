/** Acknowledgements and PINGREQ where they lie in the read buffer. */
import type { Session } from '../session.js';
import type { FastClient } from './fast-client.js';

/** PUBACK, PUBREC, PUBREL, PUBCOMP without a Reason Code, and PINGREQ. @returns false when nothing was done */
export function acknowledged(
  client: FastClient,
  session: Session,
  bytes: Buffer,
  first: number,
  remaining: number,
  body: number,
): boolean {
  if (remaining === 0 && first === 0xc0) {
    client.pong();
    return true;
  }
  if (remaining !== 2) return false;
  const high = bytes[body]!;
  const low = bytes[body + 1]!;
  const packetIdentifier = (high << 8) | low;
  if (packetIdentifier === 0) return false;
  if (first === 0x40) return session.puback(packetIdentifier, false) !== 'mismatch';
  // What becomes of QoS 2 in a session that outlives its connection is to be kept.
  if (!session.endsWithConnection) return false;
  switch (first) {
    case 0x50:
      // Unknown ones are answered with a Reason Code where there are any.
      if (session.pubrec(packetIdentifier, false) !== 'release') return false;
      client.answer(0x62, high, low);
      return true;
    case 0x62:
      if (!session.incoming.release(packetIdentifier)) return false;
      client.answer(0x70, high, low);
      return true;
    case 0x70:
      return session.pubcomp(packetIdentifier) !== 'mismatch';
    default:
      return false;
  }
}
