/** Replies to the far side go where it asked for, whatever the routes say: the tag with which they are kept tells. */
import type { Target } from '../route-types.js';
import { PLAIN } from '../rules.js';

/** No tag of a route begins like this: see rules.ts. */
const PREFIX = '!';

/** @param responseTopic - of the far side */
export function replyTag(responseTopic: string): string {
  return PREFIX + responseTopic;
}

export function isReplyTag(tag: string): boolean {
  return tag.startsWith(PREFIX);
}

export function replyTarget(tag: string): Target {
  const topic = tag.slice(PREFIX.length);
  return { topic, qos: 2, minQos: 0, route: { ...PLAIN, key: tag }, tag };
}
