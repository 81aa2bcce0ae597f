/** What clients may publish and subscribe to, beyond what MQTT says of its form. */
import { isUtf8 } from 'node:buffer';
import { topicFilterFault } from '../core/topic.js';
import { ReasonCode, Refusal } from './reason-codes.js';
import { isShared, parseShared } from './shared-filter.js';
import type { Properties } from './wire/properties.js';

/** The limit of Mosquitto. Each level costs a node in the trees, so 64 KiB of slashes must not be one topic. */
export const MAX_TOPIC_LEVELS = 200;

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

export function hasTooManyLevels(topic: string): boolean {
  if (topic.length < MAX_TOPIC_LEVELS) return false;
  let levels = 1;
  for (let at = topic.indexOf('/'); at >= 0; at = topic.indexOf('/', at + 1)) levels++;
  return levels > MAX_TOPIC_LEVELS;
}

/** §3.3.2.3.2: the payload is said to be UTF-8, and is not. */
export function hasPayloadFault(properties: Properties | undefined, payload: Buffer): boolean {
  return properties?.payloadFormatIndicator === true && !isUtf8(payload);
}
