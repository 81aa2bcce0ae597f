/** SUBSCRIBE (MQTT 5.0 §3.8): each filter gets its own answer; retained messages follow after SUBACK. */
import type { Client, Handled } from '../client.js';
import { isFailure, ReasonCode } from '../reason-codes.js';
import type { Session } from '../session.js';
import { exceedsTopicLimits, filterRefusal } from '../topic-rules.js';
import { encodeSuback } from '../wire/encode.js';
import type { SubscribePacket } from '../wire/packets.js';

export function handleSubscribe(client: Client, session: Session, packet: SubscribePacket): Handled {
  const granted = packet.subscriptions.map((subscription): number => {
    const { limits } = client.ticket;
    const refused = filterRefusal(subscription.filter);
    if (refused !== undefined) return refused;
    if (exceedsTopicLimits(subscription.filter, limits)) return ReasonCode.topicFilterInvalid;
    if (!session.mayTake(subscription.filter, limits.subscriptions)) return ReasonCode.quotaExceeded;
    // As 5.0 bridges ask for themselves: 3.1.1 has no words for it.
    session.subscribe(client.isBridge ? { ...subscription, noLocal: true, retainAsPublished: true } : subscription);
    return subscription.qos;
  });
  const { protocolVersion } = client;
  // 3.1.1 §3.9.3 knows one failure only.
  const codes = protocolVersion === 5 ? granted : granted.map((code) => (isFailure(code) ? 0x80 : code));
  client.send(encodeSuback(protocolVersion, packet.packetIdentifier, codes));
  session.resume();
  return undefined;
}
