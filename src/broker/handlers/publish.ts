/** PUBLISH from a client (MQTT 5.0 §3.3): to the router, then the acknowledgement its QoS asks for. */
import type { PublishPacket } from '../../core/mqtt/packets.js';
import { messageOf } from '../application-message.js';
import type { Client, Handled } from '../client.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import type { Session } from '../session.js';
import { hasPayloadFault, topicLimitFault, topicRefusal } from '../topic-rules.js';
import { acknowledge } from './acknowledge.js';
import { acknowledgeLater } from './late-acknowledgements.js';

/** Messages that functions have at a time: who publishes another one for them waits until it has been answered. */
const MAX_TRANSFORMING = 256;

const NOT_AUTHORIZED = new Refusal(ReasonCode.notAuthorized, 'the client may not publish to this topic');
const NOT_UTF8 = new Refusal(ReasonCode.payloadFormatInvalid, 'the payload is not the UTF-8 it is said to be');

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
    repeat(client, session, packet.packetIdentifier);
    return undefined;
  }
  const refused = publishRefusal(client, session, packet, topic);
  if (refused !== undefined) return refusePublish(client, session, packet, refused);
  if (packet.qos === 2) session.incoming.hold(packet.packetIdentifier);
  ledger.accepted++;
  const { router } = broker;
  const { qos, packetIdentifier } = packet;
  // With the message or not at all, so in the same turn.
  const onGiven =
    qos === 2
      ? () => {
          if (router.wasStored) session.incoming.keep(packetIdentifier);
        }
      : undefined;
  const message = messageOf(packet, topic, session.origin, broker.clock.now(), session.stamped);
  const before = router.transforming;
  const committed = router.publish(message, onGiven) ?? undefined;
  if (qos === 0) committed?.catch(() => {});
  else settle(client, session, qos, packetIdentifier, committed);
  const isForFunctions = router.transforming > before;
  if (committed === undefined || !isForFunctions || router.transforming <= MAX_TRANSFORMING) return undefined;
  return settled(committed);
}

function settle(
  client: Client,
  session: Session,
  qos: 1 | 2,
  packetIdentifier: number,
  committed: Promise<void> | undefined,
): void {
  // §3.4.2.1: the publisher may be told that nobody was there.
  const isMatched = client.broker.router.hasMatched;
  const reasonCode = isMatched ? ReasonCode.success : ReasonCode.noMatchingSubscribers;
  if (committed === undefined && client.late === undefined) {
    acknowledge(client, qos, packetIdentifier, reasonCode);
    return;
  }
  acknowledgeLater(client, session, committed).add(qos, packetIdentifier, reasonCode);
  if (qos === 2 && committed !== undefined) session.incoming.wait(packetIdentifier, committed);
}

/** Said to be received once it is: PUBREL would end what is known of it. */
function repeat(client: Client, session: Session, packetIdentifier: number): void {
  const committed = session.incoming.waitsFor(packetIdentifier);
  if (committed === undefined) acknowledge(client, 2, packetIdentifier, ReasonCode.success);
  else acknowledgeLater(client, session, committed).add(2, packetIdentifier, ReasonCode.success);
}

/** Nothing more of the client is read until then. */
function settled(committed: Promise<void>): Promise<undefined> {
  return committed.then(
    () => undefined,
    () => undefined,
  );
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
  acknowledge(client, packet.qos, packet.packetIdentifier, refusal.reasonCode, refusal.reason);
  return undefined;
}
