/** UNSUBSCRIBE (MQTT 5.0 §3.10). */
import type { Client, Handled } from '../client.js';
import { ReasonCode } from '../reason-codes.js';
import type { Session } from '../session.js';
import { encodeUnsuback } from '../wire/encode.js';
import type { UnsubscribePacket } from '../wire/packets.js';

export function handleUnsubscribe(client: Client, session: Session, packet: UnsubscribePacket): Handled {
  const codes = packet.filters.map((filter) =>
    session.unsubscribe(filter) ? ReasonCode.success : ReasonCode.noSubscriptionExisted,
  );
  client.send(encodeUnsuback(client.protocolVersion, packet.packetIdentifier, codes));
  return undefined;
}
