/** PUBREC from a client (MQTT 5.0 §3.5): it has a QoS 2 message of ours; release it. */
import { encodeAcknowledgement } from '../../core/mqtt/encode-acknowledgement.js';
import type { AcknowledgementPacket } from '../../core/mqtt/packets.js';
import type { Client, Handled } from '../client.js';
import { isFailure, ReasonCode, Refusal } from '../reason-codes.js';
import { explained } from '../reason-string.js';
import type { Session } from '../session.js';

export function handlePubrec(client: Client, session: Session, packet: AcknowledgementPacket): Handled {
  const { packetIdentifier } = packet;
  const isRefused = isFailure(packet.reasonCode);
  const result = session.pubrec(packetIdentifier, isRefused);
  if (result === 'mismatch') return new Refusal(ReasonCode.protocolError, 'PUBREC for a QoS 1 message');
  if (result === 'done' || result === 'later' || isRefused) return undefined;
  const { protocolVersion } = client;
  if (result === 'release') {
    client.send(encodeAcknowledgement('pubrel', packetIdentifier, protocolVersion, ReasonCode.success));
    return undefined;
  }
  const encode = (text?: string) =>
    encodeAcknowledgement('pubrel', packetIdentifier, protocolVersion, ReasonCode.packetIdentifierNotFound, text);
  client.send(explained(client, 'no QoS 2 message with this Packet Identifier is on its way', encode));
  return undefined;
}
