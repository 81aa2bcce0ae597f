/** PUBACK from a client (MQTT 5.0 §3.4): a QoS 1 message of ours is through, whatever the Reason Code says. */
import type { AcknowledgementPacket } from '../../core/mqtt/packets.js';
import type { Handled } from '../client.js';
import { isFailure, ReasonCode, Refusal } from '../reason-codes.js';
import type { Session } from '../session.js';

export function handlePuback(session: Session, packet: AcknowledgementPacket): Handled {
  if (session.puback(packet.packetIdentifier, isFailure(packet.reasonCode)) !== 'mismatch') return undefined;
  return new Refusal(ReasonCode.protocolError, 'PUBACK for a QoS 2 message');
}
