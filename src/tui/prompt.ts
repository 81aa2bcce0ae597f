/** The `:` command line: what it understands, and how it is completed. Pure. */
import { nearest } from '../core/nearest.js';
import { type Route, type ScreenId, screens } from './state.js';

export type Command =
  | { readonly kind: 'go'; readonly route: Route; readonly filter: string | undefined }
  | { readonly kind: 'help' | 'quit' }
  | { readonly kind: 'problem'; readonly problem: string };

/** Names that complete an argument. */
export interface Names {
  readonly devices: readonly string[];
  readonly topics: readonly string[];
}

export const commandNames: readonly string[] = [...screens, 'help', 'quit'].sort();

/** Screens that take an argument, and of what kind. */
const argumentNames: Readonly<Partial<Record<ScreenId, keyof Names>>> = { points: 'devices', topics: 'topics' };

function isScreen(word: string): word is ScreenId {
  return (screens as readonly string[]).includes(word);
}

function suggestion(word: string, candidates: readonly string[]): string {
  const best = nearest(word, candidates);
  return best === undefined ? '' : `, did you mean ${best}?`;
}

/** `points boiler /temp`, `topics plant/#`, `logs`, `help`, `quit`. */
export function parseCommand(source: string, names: Names): Command {
  const text = source.trim();
  const word = text.split(/\s+/, 1)[0] ?? '';
  const rest = text.slice(word.length).trim();
  if (word === 'quit' || word === 'q') return { kind: 'quit' };
  if (word === 'help') return { kind: 'help' };
  if (!isScreen(word)) {
    return { kind: 'problem', problem: `there is no command ${JSON.stringify(word)}${suggestion(word, commandNames)}` };
  }
  // The filter begins with a slash after a space, so that a topic may contain slashes.
  const slash = ` ${rest}`.indexOf(' /');
  const argument = (slash < 0 ? rest : rest.slice(0, slash)).trim();
  const filter = slash < 0 ? undefined : rest.slice(slash + 1);
  if (argument === '') return { kind: 'go', route: { screen: word }, filter };
  const kind = argumentNames[word];
  if (kind === undefined) return { kind: 'problem', problem: `${word} takes only a /filter` };
  if (kind === 'devices' && !names.devices.includes(argument)) {
    return { kind: 'problem', problem: `there is no device ${argument}${suggestion(argument, names.devices)}` };
  }
  return { kind: 'go', route: { screen: word, argument }, filter };
}

/** What the word under the cursor can become, sorted. */
export function candidates(source: string, names: Names): readonly string[] {
  const words = source.trimStart().split(/\s+/);
  const last = words.at(-1) ?? '';
  if (words.length <= 1) return commandNames.filter((name) => name.startsWith(last));
  const kind = words.length === 2 && isScreen(words[0]!) ? argumentNames[words[0]] : undefined;
  if (kind === undefined || last.startsWith('/')) return [];
  return names[kind].filter((name) => name.startsWith(last)).sort();
}

function commonPrefix(words: readonly string[]): string {
  let prefix = words[0] ?? '';
  for (const word of words) while (!word.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return prefix;
}

/** Tab: as far as all candidates agree, with a space behind the only one. */
export function complete(source: string, names: Names): string {
  const found = candidates(source, names);
  if (found.length === 0) return source;
  const last = /\S*$/.exec(source)?.[0] ?? '';
  return source.slice(0, source.length - last.length) + commonPrefix(found) + (found.length === 1 ? ' ' : '');
}
