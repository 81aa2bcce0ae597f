/** Topic Filters taken apart (MQTT 5.0 §4.7): which topics, inside which other filter, any topic in common. */

/** `+`: any level. A literal level is its text. */
export const ANY = null;
export type Level = string | typeof ANY;

export interface Filter {
  /** Without a final `#`; a filter that is only `#` has one level, any. */
  readonly levels: readonly Level[];
  /** Ends with `#`: the parent and all below it (§4.7.1.2). */
  readonly isMultiLevel: boolean;
}

/** @param text - a valid Topic Filter */
export function parseFilter(text: string): Filter {
  return toFilter(text.split('/').map((level) => (level === '+' ? ANY : level)));
}

/** @param levels - a final `#` as its text */
export function toFilter(levels: Level[]): Filter {
  const isMultiLevel = levels.at(-1) === '#';
  if (isMultiLevel) levels.pop();
  // Every topic has a first level: `#` is `+/#`; and none is empty: `/#` is `/+/#`.
  if (isMultiLevel && levels.length === 1 && levels[0] === '') levels.push(ANY);
  return { levels: levels.length === 0 ? [ANY] : levels, isMultiLevel };
}

/** A leading wildcard does not match a topic that begins with `$` [MQTT-4.7.2-1]. */
function isHidden(filter: Filter, first: Level | undefined): boolean {
  return filter.levels[0] === ANY && typeof first === 'string' && first.startsWith('$');
}

/** @param topic - its levels */
export function matches(filter: Filter, topic: readonly string[]): boolean {
  const { levels, isMultiLevel } = filter;
  if (topic.length < levels.length || (topic.length > levels.length && !isMultiLevel)) return false;
  if (isHidden(filter, topic[0])) return false;
  for (let i = 0; i < levels.length; i++) if (levels[i] !== ANY && levels[i] !== topic[i]) return false;
  return true;
}

/** Does every topic that matches `inner` match `outer`? */
export function covers(outer: Filter, inner: Filter): boolean {
  const { levels, isMultiLevel } = outer;
  if (inner.levels.length < levels.length) return false;
  if (!isMultiLevel && (inner.isMultiLevel || inner.levels.length > levels.length)) return false;
  if (isHidden(outer, inner.levels[0])) return false;
  for (let i = 0; i < levels.length; i++) if (levels[i] !== ANY && levels[i] !== inner.levels[i]) return false;
  return true;
}

/** Is there a topic that matches both? */
export function overlaps(a: Filter, b: Filter): boolean {
  if (a.levels.length > b.levels.length ? !b.isMultiLevel : a.levels.length < b.levels.length && !a.isMultiLevel) {
    return false;
  }
  if (isHidden(a, b.levels[0]) || isHidden(b, a.levels[0])) return false;
  for (let i = 0; i < Math.min(a.levels.length, b.levels.length); i++) {
    const [one, other] = [a.levels[i], b.levels[i]];
    if (one !== ANY && other !== ANY && one !== other) return false;
  }
  return true;
}
