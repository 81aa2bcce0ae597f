/** PUBCOMP from a client (MQTT 5.0 §3.7): a QoS 2 message of ours is through. */
import type { Handled } from '../client.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import type { Session } from '../session.js';
import type { AcknowledgementPacket } from '../wire/packets.js';

export function handlePubcomp(session: Session, packet: AcknowledgementPacket): Handled {
  if (session.pubcomp(packet.packetIdentifier) !== 'mismatch') return undefined;
  return new Refusal(ReasonCode.protocolError, 'PUBCOMP before PUBREC');
}
