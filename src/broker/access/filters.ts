/**
 * Topic Filters of rules: `%u`, `%c` and `%cn` in them stand for what a client brought: that never becomes a wildcard.
 */
import { ANY, type Filter, type Level, toFilter } from '../../core/topic-filter.js';

/** What stands in for the placeholders of a rule. */
export interface Names {
  /** `%u` */
  readonly user: string | undefined;
  /** `%c` */
  readonly clientId: string;
  /** `%cn` */
  readonly commonName: string | undefined;
}

const PLACEHOLDER = /%(?:cn|c|u)/;
const PLACEHOLDERS = /%(cn|c|u)/g;

export function dependsOnClientId(pattern: string): boolean {
  return [...pattern.matchAll(PLACEHOLDERS)].some(([, name]) => name === 'c');
}

/**
 * Fills in the names.
 *
 * @param effect - `allow`: a name with `/`, `+` or `#` in it, or an empty one, allows nothing, else the user `a/b` would
 *   be at home in the topics of `a`; nor does one that begins a topic with `$`, else `%c/#` would be `$SYS/#` for whoever
 *   calls his client so. `deny`: such a name is taken as text, so that what it names is denied
 * @returns undefined when no topic can match: the rule does not concern this client
 */
export function fillPattern(pattern: string, effect: 'allow' | 'deny', names: Names): Filter | undefined {
  const levels: Level[] = [];
  for (const level of pattern.split('/')) {
    if (level === '+' || !PLACEHOLDER.test(level)) {
      levels.push(level === '+' ? ANY : level);
      continue;
    }
    let isKnown = true;
    const text = level.replace(PLACEHOLDERS, (_, name: 'u' | 'c' | 'cn') => {
      const value = name === 'u' ? names.user : name === 'c' ? names.clientId : names.commonName;
      if (value === undefined || value === '' || (effect === 'allow' && /[/+#]/.test(value))) isKnown = false;
      return value ?? '';
    });
    // No Topic Name has a wildcard character [MQTT-3.3.2-2].
    if (!isKnown || /[+#]/.test(text)) return undefined;
    const isReserved = levels.length === 0 && text.startsWith('$') && !level.startsWith('$');
    if (isReserved && effect === 'allow') return undefined;
    levels.push(...text.split('/'));
  }
  return toFilter(levels);
}
