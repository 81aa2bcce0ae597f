/** SUBSCRIBE (MQTT 5.0 §3.8): each filter gets its own answer; retained messages follow after SUBACK. */
import type { ListenerLimits } from '../../core/config.js';
import { encodeSuback } from '../../core/mqtt/encode-server-packets.js';
import type { SubscribePacket } from '../../core/mqtt/packets.js';
import type { Subscription } from '../../core/router.js';
import type { Client, Handled } from '../client.js';
import { minQosOf } from '../peers.js';
import { isFailure, ReasonCode, Refusal } from '../reason-codes.js';
import { explained } from '../reason-string.js';
import type { Session } from '../session.js';
import { isShared, plainFilter } from '../shared-filter.js';
import { filterLimitFault, filterRefusal } from '../topic-rules.js';

const NOT_AUTHORIZED = new Refusal(ReasonCode.notAuthorized, 'the client may not subscribe to a Topic Filter');
const TOO_MANY = new Refusal(ReasonCode.quotaExceeded, 'there are as many subscriptions as are allowed');

/** A megabyte names a quarter of a million filters: of one packet, no more are looked at than this, or than one may have. */
const MIN_LOOKED = 1_000;

export function handleSubscribe(client: Client, session: Session, packet: SubscribePacket): Handled {
  const { protocolVersion, broker } = client;
  let reason: string | undefined;
  const { limits } = client.ticket;
  const mostLooked = Math.max(limits.subscriptions, MIN_LOOKED);
  const codes = packet.subscriptions.map((subscription, index): number => {
    const refused = index < mostLooked ? subscriptionRefusal(session, subscription.filter, limits) : TOO_MANY;
    if (refused === undefined) {
      session.subscribe(asked(client, session, packet, subscription));
      return subscription.qos;
    }
    broker.statistics.subscriptionsRefused++;
    reason ??= refused.reason;
    return refused.reasonCode;
  });
  // 3.1.1 §3.9.3 knows one failure only.
  const said = protocolVersion === 5 ? codes : codes.map((code) => (isFailure(code) ? 0x80 : code));
  const answer = () => {
    if (client.isOver) return undefined;
    const encode = (text?: string) => encodeSuback(protocolVersion, packet.packetIdentifier, said, text);
    client.send(explained(client, reason, encode));
    session.resume();
    if (packet.subscriptions.some(({ filter }) => isShared(filter))) session.arrived();
    return undefined;
  };
  // Also when it cannot be written now: it is tried until it is.
  return session.kept()?.then(answer, answer) ?? answer();
}

/** The subscription as the client means it: some have words for it that others have not. */
function asked(client: Client, session: Session, packet: SubscribePacket, subscription: Subscription): Subscription {
  if (client.isBridge) return asBridge(subscription);
  const minQos = session.stamped ? minQosOf(packet.userProperties) : 0;
  return minQos > 0 && !isShared(subscription.filter) ? { ...subscription, minQos } : subscription;
}

/** As 5.0 bridges ask for themselves: 3.1.1 has no words for it. */
function asBridge(subscription: Subscription): Subscription {
  return { ...subscription, noLocal: !isShared(subscription.filter), retainAsPublished: true };
}

function subscriptionRefusal(session: Session, filter: string, limits: ListenerLimits): Refusal | undefined {
  const malformed = filterRefusal(filter) ?? filterLimitFault(filter, limits);
  if (malformed !== undefined) return malformed;
  if (!session.verdicts.maySubscribe(plainFilter(filter))) return NOT_AUTHORIZED;
  return session.mayTake(filter, limits.subscriptions) ? undefined : TOO_MANY;
}
