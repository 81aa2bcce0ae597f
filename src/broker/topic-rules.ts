/** Which topics clients may use, beyond what MQTT says of their form. */
import { topicFilterFault } from '../core/topic.js';
import { ReasonCode } from './reason-codes.js';

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

export function hasTooManyLevels(topic: string): boolean {
  if (topic.length < MAX_TOPIC_LEVELS) return false;
  let levels = 1;
  for (let at = topic.indexOf('/'); at >= 0; at = topic.indexOf('/', at + 1)) levels++;
  return levels > MAX_TOPIC_LEVELS;
}
