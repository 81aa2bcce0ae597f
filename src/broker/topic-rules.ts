/** What clients may publish and subscribe to, beyond what MQTT says of its form. */
import { isUtf8 } from 'node:buffer';
import type { ListenerLimits } from '../core/config.js';
import type { Message } from '../core/message.js';
import type { Properties } from '../core/mqtt/properties.js';
import { propertiesFault } from '../core/mqtt/publish.js';
import { MAX_TOPIC_BYTES, topicFilterFault, topicNameFault } from '../core/topic.js';
import { ReasonCode, Refusal } from './reason-codes.js';
import { isShared, parseShared, plainFilter } from './shared-filter.js';

type TopicLimits = Pick<ListenerLimits, 'topicBytes' | 'topicLevels'>;

/** The limit of Mosquitto, 200 separators. Each level costs a node in the trees, so 64 KiB of slashes must not be one topic. */
export const MAX_TOPIC_LEVELS = 201;

const OF_THE_BROKER = new Refusal(ReasonCode.notAuthorized, '$SYS belongs to the broker');
const TOO_DEEP = new Refusal(ReasonCode.topicNameInvalid, `the topic has more than ${MAX_TOPIC_LEVELS} levels`);

/** @returns why a client may not publish there, or undefined */
export function topicRefusal(topic: string): Refusal | undefined {
  if (topic.startsWith('$SYS/') || topic === '$SYS') return OF_THE_BROKER;
  return hasTooManyLevels(topic) ? TOO_DEEP : undefined;
}

const MALFORMED_FILTER = new Refusal(ReasonCode.topicFilterInvalid, 'a Topic Filter is malformed');
const MALFORMED_SHARE = new Refusal(
  ReasonCode.topicFilterInvalid,
  'a Shared Subscription is not $share/{ShareName}/{filter}',
);
const FILTER_TOO_DEEP = new Refusal(
  ReasonCode.topicFilterInvalid,
  `a Topic Filter has more than ${MAX_TOPIC_LEVELS} levels`,
);

/** @returns why a client may not subscribe to it, or undefined */
export function filterRefusal(filter: string): Refusal | undefined {
  const plain = isShared(filter) ? parseShared(filter)?.filter : filter;
  if (plain === undefined) return MALFORMED_SHARE;
  if (topicFilterFault(filter) !== undefined) return MALFORMED_FILTER;
  return hasTooManyLevels(plain) ? FILTER_TOO_DEEP : undefined;
}

const OVER_LIMIT = new Refusal(
  ReasonCode.topicNameInvalid,
  'the topic is longer or has more levels than are allowed here',
);
const FILTER_OVER_LIMIT = new Refusal(
  ReasonCode.topicFilterInvalid,
  'a Topic Filter is longer or has more levels than are allowed here',
);

/** @returns why a listener does not take the topic: longer or deeper than it allows; or undefined */
export function topicLimitFault(topic: string, limits: TopicLimits): Refusal | undefined {
  return exceeds(topic, limits) ? OVER_LIMIT : undefined;
}

/** @returns as {@link topicLimitFault}; of a Shared Subscription the filter counts alone */
export function filterLimitFault(filter: string, limits: TopicLimits): Refusal | undefined {
  return exceeds(plainFilter(filter), limits) ? FILTER_OVER_LIMIT : undefined;
}

function exceeds(topic: string, { topicBytes, topicLevels }: TopicLimits): boolean {
  // A UTF-16 unit is 3 bytes of UTF-8 at most.
  if (topic.length * 3 > topicBytes && Buffer.byteLength(topic) > topicBytes) return true;
  return topicLevels < MAX_TOPIC_LEVELS && hasTooManyLevels(topic, topicLevels);
}

/** It cannot be sent, or has too many levels. */
function isTooLong(topic: string): boolean {
  if (topic.length * 3 > MAX_TOPIC_BYTES && Buffer.byteLength(topic) > MAX_TOPIC_BYTES) return true;
  return hasTooManyLevels(topic);
}

/** No packet can hold its topic or its properties, or the topic has too many levels, or there are too many properties. */
export function isUnsendable({ topic, properties }: Pick<Message, 'topic' | 'properties'>): boolean {
  return isTooLong(topic) || (properties !== undefined && propertiesFault(properties) !== undefined);
}

export function hasTooManyLevels(topic: string, limit = MAX_TOPIC_LEVELS): boolean {
  if (topic.length < limit) return false;
  let levels = 1;
  for (let at = topic.indexOf('/'); at >= 0; at = topic.indexOf('/', at + 1)) levels++;
  return levels > limit;
}

/** §3.3.2.3.2: the payload is said to be UTF-8, and is not. */
export function hasPayloadFault(properties: Properties | undefined, payload: Buffer): boolean {
  return properties?.payloadFormatIndicator === true && !isUtf8(payload);
}

/** Whether nobody may publish there. What functions make has no publisher who could be told. */
export function isBarred(topic: string): boolean {
  return topicNameFault(topic) !== undefined || isTooLong(topic) || topicRefusal(topic) !== undefined;
}
