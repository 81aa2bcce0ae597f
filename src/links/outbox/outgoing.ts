/** What is kept → what goes over the wire. */
import type { Message, PublishProperties, QoS } from '../../core/message.js';
import type { FarSide, Outgoing } from '../far-side.js';
import type { Encoded } from '../route-types.js';

/** User properties of a message that has waited for the far side (MQTT 5.0 §3.3.2.3.7). */
export const BACKFILL = 'backfill';
/** When it was accepted here, ISO 8601. */
export const SAMPLED_AT = 'sampled-at';

/** @param source - the message, or the first of a batch */
export function markBackfill(properties: PublishProperties | undefined, source: Message): PublishProperties {
  const { userProperties = [] } = properties ?? {};
  // A gateway before us has said so already, and knows better when it was.
  if (userProperties.some(([name]) => name === BACKFILL)) return properties!;
  const marks = [
    [BACKFILL, '1'],
    [SAMPLED_AT, new Date(source.receivedAt).toISOString()],
  ] as const;
  return { ...properties, userProperties: [...userProperties, ...marks] };
}

/** @param now - Unix ms */
export function outgoing(
  { topic, qos, retain, payload, properties, expiresAt }: Encoded,
  far: Pick<FarSide, 'maximumQoS' | 'retainAvailable'>,
  packetId: number,
  dup: boolean,
  now: number,
): Outgoing {
  const allowed = Math.min(qos, far.maximumQoS) as QoS;
  return {
    topic,
    qos: allowed,
    retain: retain && far.retainAvailable,
    payload,
    properties,
    // Of what goes again nothing may be left; it is sent all the same, for its identifier is known there.
    expirySeconds: Number.isFinite(expiresAt) ? Math.max(1, Math.ceil((expiresAt - now) / 1_000)) : undefined,
    packetId: allowed === 0 ? 0 : packetId,
    dup: dup && allowed > 0,
  };
}
