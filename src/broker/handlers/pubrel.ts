/** PUBREL from a client (MQTT 5.0 §3.6): its QoS 2 message is released, the Packet Identifier free again. */
import { encodeAcknowledgement } from '../../core/mqtt/encode-acknowledgement.js';
import type { AcknowledgementPacket } from '../../core/mqtt/packets.js';
import type { Client, Handled } from '../client.js';
import { ReasonCode } from '../reason-codes.js';
import { explained } from '../reason-string.js';
import type { Session } from '../session.js';

export function handlePubrel(client: Client, session: Session, packet: AcknowledgementPacket): Handled {
  const { packetIdentifier } = packet;
  const { protocolVersion } = client;
  const isKept = session.incoming.isKept(packetIdentifier);
  if (session.incoming.release(packetIdentifier)) {
    const complete = () => {
      if (client.isOver) return;
      client.send(encodeAcknowledgement('pubcomp', packetIdentifier, protocolVersion, ReasonCode.success));
    };
    // The client may use the identifier for another message then: after a crash that must not be taken for this one.
    const committed = isKept ? session.kept() : undefined;
    if (committed === undefined) complete();
    // What could not be written now is written later: the release is not lost, and the client goes on.
    else committed.then(complete, complete);
    return undefined;
  }
  const encode = (text?: string) =>
    encodeAcknowledgement('pubcomp', packetIdentifier, protocolVersion, ReasonCode.packetIdentifierNotFound, text);
  client.send(explained(client, 'no QoS 2 message with this Packet Identifier waits for PUBREL', encode));
  return undefined;
}
