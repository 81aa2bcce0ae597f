/** Which topics clients may use, beyond what MQTT says of their form. */

import type { ListenerLimits } from '../core/config.js';
import { topicFilterFault } from '../core/topic.js';
import { ReasonCode } from './reason-codes.js';

type TopicLimits = Pick<ListenerLimits, 'topicBytes' | 'topicLevels'>;

/** The limit of Mosquitto. Each level costs a node in the trees, so 64 KiB of slashes must not be one topic. */
export const MAX_TOPIC_LEVELS = 200;

/** @returns why a client may not publish there, or undefined */
export function topicRefusal(topic: string): ReasonCode | undefined {
  if (topic.startsWith('$SYS/') || topic === '$SYS') return ReasonCode.notAuthorized;
  return hasTooManyLevels(topic) ? ReasonCode.topicNameInvalid : undefined;
}

/** @returns why a client may not subscribe to it, or undefined */
export function filterRefusal(filter: string): ReasonCode | undefined {
  if (topicFilterFault(filter) !== undefined || hasTooManyLevels(filter)) return ReasonCode.topicFilterInvalid;
  // §4.8.2: `$share/{ShareName}/{filter}`; announced as not available.
  return filter.startsWith('$share/') ? ReasonCode.sharedSubscriptionsNotSupported : undefined;
}

/** Whether a Topic Name or Topic Filter is longer or deeper than the listener allows. */
export function exceedsTopicLimits(topic: string, { topicBytes, topicLevels }: TopicLimits): boolean {
  // A UTF-16 unit is 3 bytes of UTF-8 at most.
  if (topic.length * 3 > topicBytes && Buffer.byteLength(topic) > topicBytes) return true;
  return topicLevels < MAX_TOPIC_LEVELS && hasTooManyLevels(topic, topicLevels);
}

export function hasTooManyLevels(topic: string, limit = MAX_TOPIC_LEVELS): boolean {
  if (topic.length < limit) return false;
  let levels = 1;
  for (let at = topic.indexOf('/'); at >= 0; at = topic.indexOf('/', at + 1)) levels++;
  return levels > limit;
}
