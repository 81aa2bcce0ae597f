/** PUBCOMP from a client (MQTT 5.0 §3.7): a QoS 2 message of ours is through. */
import type { AcknowledgementPacket } from '../../core/mqtt/packets.js';
import type { Handled } from '../client.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import type { Session } from '../session.js';

export function handlePubcomp(session: Session, packet: AcknowledgementPacket): Handled {
  if (session.pubcomp(packet.packetIdentifier) !== 'mismatch') return undefined;
  return new Refusal(ReasonCode.protocolError, 'PUBCOMP before PUBREC');
}
