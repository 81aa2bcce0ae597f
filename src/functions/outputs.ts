/**
 * What hooks give that give messages, read and judged. Commands to devices, and what gateways say of themselves, are given
 * only where `grants.publish` names the topic, or in the place of a message that was on it already.
 */
import type { FunctionConfig } from '../core/config.js';
import { matches, parseFilter } from '../core/topic-filter.js';
import { Failure } from './failure.js';
import { type MessageRecord, readMessages } from './frame-reader.js';

/** @param input - topic of the message in whose place they come; undefined: they come in nobody's */
export function outputsOf(
  { limits, grants }: FunctionConfig,
  frame: Buffer | undefined,
  input?: string,
): readonly MessageRecord[] | Failure {
  const records = readMessages(frame, limits.outputs);
  if (records instanceof Failure) return records;
  for (const { topic } of records) {
    if (topic === input || !isReserved(topic)) continue;
    const levels = topic.split('/');
    if (grants.publish?.some((filter) => matches(parseFilter(filter), levels))) continue;
    return new Failure('output', `it gave a message to ${topic.slice(0, 128)}, which grants.publish does not name`);
  }
  return records;
}

/** `hpmq/<gateway>/<device>/set`, `hpmq/<gateway>/<device>/<point>/set`, and all with a level that begins with $: of any gateway. */
function isReserved(topic: string): boolean {
  if (!topic.startsWith('hpmq/')) return false;
  return topic.includes('/$') || /^hpmq\/[^/]*\/(?:[^/]*\/){1,2}set$/.test(topic);
}
