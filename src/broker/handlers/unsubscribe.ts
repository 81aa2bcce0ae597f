/** UNSUBSCRIBE (MQTT 5.0 §3.10): each filter gets its own answer. */
import { encodeUnsuback } from '../../core/mqtt/encode-server-packets.js';
import type { UnsubscribePacket } from '../../core/mqtt/packets.js';
import type { Client, Handled } from '../client.js';
import { ReasonCode } from '../reason-codes.js';
import { explained } from '../reason-string.js';
import type { Session } from '../session.js';
import { filterRefusal } from '../topic-rules.js';

export function handleUnsubscribe(client: Client, session: Session, packet: UnsubscribePacket): Handled {
  let reason: string | undefined;
  const codes = packet.filters.map((filter): number => {
    if (session.unsubscribe(filter)) return ReasonCode.success;
    const malformed = filterRefusal(filter);
    reason ??= malformed?.reason;
    return malformed?.reasonCode ?? ReasonCode.noSubscriptionExisted;
  });
  const { protocolVersion } = client;
  const encode = (text?: string) => encodeUnsuback(protocolVersion, packet.packetIdentifier, codes, text);
  const answer = () => {
    if (!client.isOver) client.send(explained(client, reason, encode));
    return undefined;
  };
  return session.kept()?.then(answer, answer) ?? answer();
}
