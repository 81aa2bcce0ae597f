/** PUBREL from a client (MQTT 5.0 §3.6): its QoS 2 message is released, the Packet Identifier free again. */
import type { Client, Handled } from '../client.js';
import { ReasonCode } from '../reason-codes.js';
import type { Session } from '../session.js';
import { encodeAcknowledgement } from '../wire/encode.js';
import type { AcknowledgementPacket } from '../wire/packets.js';

export function handlePubrel(client: Client, session: Session, packet: AcknowledgementPacket): Handled {
  const { packetIdentifier } = packet;
  const reasonCode = session.releaseIncoming(packetIdentifier)
    ? ReasonCode.success
    : ReasonCode.packetIdentifierNotFound;
  client.send(encodeAcknowledgement('pubcomp', packetIdentifier, client.protocolVersion, reasonCode));
  return undefined;
}
