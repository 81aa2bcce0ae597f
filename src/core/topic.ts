/** Topic Names and Topic Filters (MQTT 5.0 §4.7; the same rules as 3.1.1 §4.7). */

/** §4.7.3: Topic Names and Filters must not be longer than 65,535 bytes of UTF-8. */
export const MAX_TOPIC_BYTES = 65_535;

/** What is wrong with a topic; `undefined` means it is well-formed. */
export type TopicFault =
  | 'empty'
  | 'too long'
  | 'contains U+0000'
  | 'contains a wildcard'
  | 'wildcard is misplaced'
  | 'is not valid Unicode';

/** §1.5.4: no unpaired surrogates in an MQTT string; §4.7.3: at least one character, no U+0000, at most 65,535 bytes. */
function stringFault(text: string): TopicFault | undefined {
  if (text.length === 0) return 'empty';
  if (text.includes('\0')) return 'contains U+0000';
  if (!text.isWellFormed()) return 'is not valid Unicode';
  // One UTF-16 unit is at most 3 bytes of UTF-8: count exactly only where it can matter.
  if (text.length * 3 > MAX_TOPIC_BYTES && Buffer.byteLength(text) > MAX_TOPIC_BYTES) return 'too long';
  return undefined;
}

/** Checks a Topic Name: a PUBLISH to a wildcard is refused [MQTT-3.3.2-2]. */
export function topicNameFault(topic: string): TopicFault | undefined {
  const fault = stringFault(topic);
  if (fault !== undefined) return fault;
  return topic.includes('+') || topic.includes('#') ? 'contains a wildcard' : undefined;
}

/** Checks a Topic Filter: `#` only as the last level, `+` only as a whole level [MQTT-4.7.1-1] [MQTT-4.7.1-2]. */
export function topicFilterFault(filter: string): TopicFault | undefined {
  const fault = stringFault(filter);
  if (fault !== undefined) return fault;
  for (let i = 0; i < filter.length; i++) {
    const char = filter[i];
    if (char !== '#' && char !== '+') continue;
    const isBegin = i === 0 || filter[i - 1] === '/';
    const isEnd = i + 1 === filter.length || (char === '+' && filter[i + 1] === '/');
    if (!isBegin || !isEnd) return 'wildcard is misplaced';
  }
  return undefined;
}

/**
 * Does a filter match a topic? The plain, readable form: the subscription tree must agree with it (property test).
 * A filter that begins with a wildcard does not match a topic that begins with `$` [MQTT-4.7.2-1].
 */
export function topicMatches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false;
  const pattern = filter.split('/');
  const levels = topic.split('/');
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '#') return true;
    if (i >= levels.length) return false;
    if (pattern[i] !== '+' && pattern[i] !== levels[i]) return false;
  }
  return pattern.length === levels.length;
}
