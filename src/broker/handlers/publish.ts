/** PUBLISH from a client (MQTT 5.0 §3.3): to the router, then the acknowledgement its QoS asks for. */
import { messageOf } from '../application-message.js';
import type { Client, Handled } from '../client.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import type { Session } from '../session.js';
import { topicRefusal } from '../topic-rules.js';
import { encodeAcknowledgement } from '../wire/encode.js';
import type { PublishPacket } from '../wire/packets.js';

export function handlePublish(client: Client, session: Session, packet: PublishPacket): Handled {
  const { broker } = client;
  broker.statistics.publishReceived++;
  broker.statistics.publishBytesReceived += packet.payload.length;
  session.received.count(packet.qos, packet.payload.length);
  const alias = packet.properties?.topicAlias;
  const topic = alias === undefined ? packet.topic : client.topicAliases.resolve(alias, packet.topic);
  if (topic === undefined)
    return new Refusal(ReasonCode.topicAliasInvalid, 'the Topic Alias is out of range or not set');

  const isRepeated = packet.qos === 2 && session.isIncoming(packet.packetIdentifier);
  if (packet.qos > 0 && client.protocolVersion === 5 && !isRepeated) {
    if (session.incoming + client.unacknowledged >= broker.limits.receiveMaximum) {
      return new Refusal(ReasonCode.receiveMaximumExceeded, 'more QoS 1 and 2 messages than Receive Maximum');
    }
  }
  const refused = topicRefusal(topic);
  if (refused !== undefined) {
    broker.statistics.publishRefused++;
    session.refused++;
    acknowledge(client, packet, refused);
    return undefined;
  }
  if (packet.qos === 2) session.holdIncoming(packet.packetIdentifier);
  if (isRepeated) {
    acknowledge(client, packet, ReasonCode.success);
    return undefined;
  }
  const committed = broker.router.publish(messageOf(packet, topic, session.origin, broker.clock.now()));
  if (committed === undefined) acknowledge(client, packet, ReasonCode.success);
  else acknowledgeLater(client, session, packet, committed);
  return undefined;
}

function acknowledgeLater(client: Client, session: Session, packet: PublishPacket, committed: Promise<void>): void {
  if (packet.qos === 1) client.unacknowledged++;
  committed.then(
    () => {
      if (packet.qos === 1) client.unacknowledged--;
      acknowledge(client, packet, ReasonCode.success);
    },
    () => {
      if (packet.qos === 1) client.unacknowledged--;
      if (packet.qos === 2) session.releaseIncoming(packet.packetIdentifier);
      // 3.1.1 has no negative acknowledgement: the client keeps the message and sends it again after a reconnect.
      if (client.protocolVersion === 5) acknowledge(client, packet, ReasonCode.implementationSpecificError);
      else client.refuse(new Refusal(ReasonCode.implementationSpecificError, 'the message could not be stored'));
    },
  );
}

/** Before 5.0 there is no way to refuse one message: it is acknowledged and goes nowhere (3.1.1 §3.3.5). */
function acknowledge(client: Client, packet: PublishPacket, reasonCode: ReasonCode): void {
  if (packet.qos === 0) return;
  const type = packet.qos === 1 ? 'puback' : 'pubrec';
  client.send(encodeAcknowledgement(type, packet.packetIdentifier, client.protocolVersion, reasonCode));
}
