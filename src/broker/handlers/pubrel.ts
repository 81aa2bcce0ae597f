/** PUBREL from a client (MQTT 5.0 §3.6): its QoS 2 message is released, the Packet Identifier free again. */
import type { Client, Handled } from '../client.js';
import { ReasonCode } from '../reason-codes.js';
import { explained } from '../reason-string.js';
import type { Session } from '../session.js';
import { encodeAcknowledgement } from '../wire/encode.js';
import type { AcknowledgementPacket } from '../wire/packets.js';

export function handlePubrel(client: Client, session: Session, packet: AcknowledgementPacket): Handled {
  const { packetIdentifier } = packet;
  const { protocolVersion } = client;
  if (session.releaseIncoming(packetIdentifier)) {
    client.send(encodeAcknowledgement('pubcomp', packetIdentifier, protocolVersion, ReasonCode.success));
    return undefined;
  }
  const encode = (text?: string) =>
    encodeAcknowledgement('pubcomp', packetIdentifier, protocolVersion, ReasonCode.packetIdentifierNotFound, text);
  client.send(explained(client, 'no QoS 2 message with this Packet Identifier waits for PUBREL', encode));
  return undefined;
}
