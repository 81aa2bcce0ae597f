/** SUBSCRIBE and UNSUBSCRIBE (MQTT 5.0 §3.8, §3.10). */
import type { QoS } from '../message.js';
import type { Subscription } from '../router.js';
import type { ProtocolVersion, SubscribePacket, UnsubscribePacket } from './packets.js';
import { readProperties } from './read-properties.js';
import type { Reader } from './reader.js';
import { ReasonCode, type Refusal } from './reason-codes.js';

const NO_IDENTIFIERS: readonly number[] = [];

export function readSubscribe(
  reader: Reader,
  packetIdentifier: number,
  version: ProtocolVersion | undefined,
): SubscribePacket | Refusal {
  const properties = version === 5 ? readProperties(reader, 'subscribe', 'client') : undefined;
  const identifier = properties?.subscriptionIdentifier;
  const identifiers = identifier === undefined ? NO_IDENTIFIERS : [identifier];
  if (reader.remaining === 0) reader.refuse(ReasonCode.protocolError, 'SUBSCRIBE without a Topic Filter');
  const subscriptions: Subscription[] = [];
  while (reader.remaining > 0) {
    const filter = reader.string();
    const options = reader.byte();
    checkOptions(reader, filter, options, version);
    subscriptions.push({
      filter,
      qos: (options & 0x03) as QoS,
      noLocal: (options & 0x04) !== 0,
      retainAsPublished: (options & 0x08) !== 0,
      retainHandling: ((options >> 4) & 0x03) as Subscription['retainHandling'],
      identifiers,
    });
  }
  const { userProperties } = properties ?? {};
  return (
    reader.fault ?? { type: 'subscribe', packetIdentifier, subscriptions, ...(userProperties && { userProperties }) }
  );
}

/** Subscription Options (§3.8.3.1); before 5.0 a Requested QoS and six reserved bits. */
function checkOptions(reader: Reader, filter: string, options: number, version: ProtocolVersion | undefined): void {
  if ((options & (version === 5 ? 0xc0 : 0xfc)) !== 0) {
    reader.refuse(ReasonCode.malformedPacket, 'reserved bits of the Subscription Options are set');
  } else if ((options & 0x03) === 3) {
    reader.refuse(ReasonCode.protocolError, 'a subscription with QoS 3');
  } else if ((options & 0x30) === 0x30) {
    reader.refuse(ReasonCode.protocolError, 'Retain Handling 3');
  } else if ((options & 0x04) !== 0 && filter.startsWith('$share/')) {
    // [MQTT-3.8.3-4]
    reader.refuse(ReasonCode.protocolError, 'No Local on a Shared Subscription');
  }
}

export function readUnsubscribe(
  reader: Reader,
  packetIdentifier: number,
  version: ProtocolVersion | undefined,
): UnsubscribePacket | Refusal {
  if (version === 5) readProperties(reader, 'unsubscribe', 'client');
  if (reader.remaining === 0) reader.refuse(ReasonCode.protocolError, 'UNSUBSCRIBE without a Topic Filter');
  const filters: string[] = [];
  while (reader.remaining > 0) filters.push(reader.string());
  return reader.fault ?? { type: 'unsubscribe', packetIdentifier, filters };
}
