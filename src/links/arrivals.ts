/** What came from the far side, as it is published here: names, payloads and limits of the routes that take it. */
import { GatewayError } from '../core/errors.js';
import type { Message, Origin, PublishProperties, QoS } from '../core/message.js';
import { createMessage } from '../core/message.js';
import { topicMatches } from '../core/topic.js';
import { unpack } from './content-encoding.js';
import { expiryOf, retainOf } from './encode.js';
import { linkError } from './errors.js';
import type { Incoming } from './far-side.js';
import type { Received } from './loops.js';
import type { RouteFigures } from './route-figures.js';
import type { InRoute } from './route-types.js';
import { hitsOf, type Rule } from './rules.js';

export interface Arrivals {
  /** In order. */
  readonly messages: readonly Message[];
  /** Copies that could not be made: no route, no legal name here, too large, or not of the form that the route expects. */
  readonly dropped: number;
  /** Why, of the last of them that somebody should look at. */
  readonly fault: GatewayError | undefined;
}

/**
 * @param incoming - with a stamp its QoS is that of the stamp: what a route lays down is for the way (core/stamp.ts)
 * @param now - Unix ms
 * @param local - makes the properties that a message has here
 */
export function arrivalsOf(
  rules: readonly Rule<InRoute>[],
  incoming: Incoming & Partial<Pick<Received, 'stampedQoS'>>,
  origin: Origin,
  now: number,
  local: (properties: PublishProperties | undefined) => PublishProperties | undefined,
  figures: RouteFigures,
): Arrivals {
  const messages: Message[] = [];
  let dropped = 0;
  let fault: GatewayError | undefined;
  const hits = hitsOf(rules, incoming.topic, () => dropped++);
  const expiresAt =
    incoming.expirySeconds === undefined ? Number.POSITIVE_INFINITY : now + incoming.expirySeconds * 1_000;
  // The far side sends what nobody asked for.
  if (!rules.some(({ filter }) => topicMatches(filter, incoming.topic))) dropped++;
  const properties = hits.length === 0 ? undefined : local(incoming.properties);
  for (const { topic, qos, route } of hits) {
    const content = contentOf(route, incoming, properties, origin, now);
    if (content instanceof GatewayError) {
      dropped++;
      if (content.code === 'LINK_TOO_LARGE' && route.maxSize?.over === 'drop') figures.in(route.index).drop();
      else {
        figures.in(route.index).refuse();
        fault = content;
      }
      continue;
    }
    for (const payload of content.payloads) {
      figures.in(route.index).take(payload.length);
      messages.push(
        createMessage({
          topic,
          payload,
          qos: incoming.stampedQoS ?? (Math.min(incoming.qos, qos) as QoS),
          retain: retainOf(route, incoming),
          properties: content.properties,
          origin,
          receivedAt: now,
          expiresAt: expiryOf(route, { expiresAt, receivedAt: now }),
        }),
      );
    }
  }
  return { messages, dropped, fault };
}

interface Payloads {
  readonly payloads: readonly Buffer[];
  readonly properties: PublishProperties | undefined;
}

function contentOf(
  { maxSize, compress, decoder }: InRoute,
  { topic, payload, qos, retain }: Incoming,
  properties: PublishProperties | undefined,
  origin: Origin,
  now: number,
): Payloads | GatewayError {
  if (maxSize !== undefined && payload.length > maxSize.bytes) {
    return linkError('LINK_TOO_LARGE', `${payload.length} bytes from ${topic} are more than ${maxSize.bytes}`);
  }
  // It clears a retained message.
  if (payload.length === 0) return { payloads: [payload], properties };
  const content = unpack({ payload, properties }, compress, maxSize?.bytes);
  if (content instanceof GatewayError || decoder === undefined) {
    return content instanceof GatewayError ? content : { payloads: [content.payload], properties: content.properties };
  }
  const message = createMessage({ ...content, topic, qos, retain, origin, receivedAt: now });
  const payloads = decoder.decode(message);
  if (payloads instanceof GatewayError) return payloads;
  // It told of the form at the far side.
  const { contentType: _far, ...rest } = content.properties ?? {};
  return { payloads, properties: rest };
}
