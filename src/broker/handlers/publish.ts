/** PUBLISH from a client (MQTT 5.0 §3.3): to the router, then the acknowledgement its QoS asks for. */
import { messageOf } from '../application-message.js';
import type { Client, Handled } from '../client.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import { explained } from '../reason-string.js';
import type { Session } from '../session.js';
import { hasPayloadFault, topicLimitFault, topicRefusal } from '../topic-rules.js';
import { encodeAcknowledgement } from '../wire/encode.js';
import type { PublishPacket } from '../wire/packets.js';

const NOT_AUTHORIZED = new Refusal(ReasonCode.notAuthorized, 'the client may not publish to this topic');
const NOT_UTF8 = new Refusal(ReasonCode.payloadFormatInvalid, 'the payload is not the UTF-8 it is said to be');
const NOT_STORED = new Refusal(ReasonCode.quotaExceeded, 'the message cannot be kept: there is no room for it');

export function handlePublish(client: Client, session: Session, packet: PublishPacket): Handled {
  const { broker } = client;
  broker.statistics.publishReceived++;
  broker.statistics.publishBytesReceived += packet.payload.length;
  const { ledger } = broker.statistics;
  ledger.publishes++;
  session.received.count(packet.qos, packet.payload.length);
  const alias = packet.properties?.topicAlias;
  const topic = alias === undefined ? packet.topic : client.topicAliases.resolve(alias, packet.topic);
  if (typeof topic !== 'string') {
    ledger.refuse(topic.reasonCode);
    return topic;
  }

  const isRepeated = packet.qos === 2 && session.incoming.has(packet.packetIdentifier);
  if (packet.qos > 0 && client.protocolVersion === 5 && !isRepeated) {
    if (session.incoming.outstanding + client.unacknowledged >= broker.limits.receiveMaximum) {
      ledger.refuse(ReasonCode.receiveMaximumExceeded);
      return new Refusal(ReasonCode.receiveMaximumExceeded, 'more QoS 1 and 2 messages than Receive Maximum');
    }
  }
  if (isRepeated) {
    ledger.repeated++;
    acknowledge(client, packet, ReasonCode.success);
    return undefined;
  }
  const refused = publishRefusal(client, session, packet, topic);
  if (refused !== undefined) return refusePublish(client, session, packet, refused);
  if (packet.qos === 2) session.incoming.hold(packet.packetIdentifier);
  ledger.accepted++;
  const committed = broker.router.publish(messageOf(packet, topic, session.origin, broker.clock.now()));
  // With the message or not at all, so in the same turn.
  if (committed !== undefined && packet.qos === 2) session.incoming.keep(packet.packetIdentifier);
  // §3.4.2.1: the publisher may be told that nobody was there.
  const reasonCode = broker.router.hasMatched ? ReasonCode.success : ReasonCode.noMatchingSubscribers;
  if (committed === undefined) acknowledge(client, packet, reasonCode);
  else acknowledgeLater(client, session, packet, committed, reasonCode);
  return undefined;
}

/** Anyone may be refused a topic; what the payload is said to be is looked at only if so configured (§3.3.2.3.2). */
function publishRefusal(client: Client, session: Session, packet: PublishPacket, topic: string): Refusal | undefined {
  const topicFault = topicRefusal(topic) ?? topicLimitFault(topic, client.ticket.limits);
  if (topicFault !== undefined) return topicFault;
  if (!session.verdicts.mayPublish(topic)) return NOT_AUTHORIZED;
  const isChecked = client.broker.config.payloadFormatCheck;
  return isChecked && hasPayloadFault(packet.properties, packet.payload) ? NOT_UTF8 : undefined;
}

/** A message nobody gets. At QoS 0 its publisher cannot be told; a payload that is not as said then ends the connection. */
function refusePublish(client: Client, session: Session, packet: PublishPacket, refusal: Refusal): Handled {
  client.broker.statistics.publishRefused++;
  client.broker.statistics.ledger.refuse(refusal.reasonCode);
  session.refused++;
  if (packet.qos === 0) return refusal === NOT_UTF8 ? refusal : undefined;
  acknowledge(client, packet, refusal.reasonCode, refusal.reason);
  return undefined;
}

function acknowledgeLater(
  client: Client,
  session: Session,
  packet: PublishPacket,
  committed: Promise<void>,
  reasonCode: ReasonCode,
): void {
  if (packet.qos === 1) client.unacknowledged++;
  committed.then(
    () => {
      if (packet.qos === 1) client.unacknowledged--;
      if (!client.isOver) acknowledge(client, packet, reasonCode);
    },
    () => {
      if (packet.qos === 1) client.unacknowledged--;
      if (packet.qos === 2) session.incoming.release(packet.packetIdentifier);
      if (client.isOver) return;
      // 3.1.1 has no negative acknowledgement: the client keeps the message and sends it again after a reconnect.
      if (client.protocolVersion === 5) acknowledge(client, packet, NOT_STORED.reasonCode, NOT_STORED.reason);
      else client.refuse(NOT_STORED);
    },
  );
}

/** Before 5.0 there is no way to refuse one message: it is acknowledged and goes nowhere (3.1.1 §3.3.5). */
function acknowledge(client: Client, packet: PublishPacket, reasonCode: ReasonCode, reason?: string): void {
  if (packet.qos === 0) return;
  const type = packet.qos === 1 ? 'puback' : 'pubrec';
  const { packetIdentifier } = packet;
  const version = client.protocolVersion;
  if (reason === undefined) client.send(encodeAcknowledgement(type, packetIdentifier, version, reasonCode));
  else {
    const encode = (text?: string) => encodeAcknowledgement(type, packetIdentifier, version, reasonCode, text);
    client.send(explained(client, reason, encode));
  }
}
