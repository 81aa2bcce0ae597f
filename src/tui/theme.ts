/** Semantic tokens. State is always a sign and a word; colour only repeats it. All colours are of the 16 basic ones. */

export type Tone = 'plain' | 'ok' | 'warn' | 'bad' | 'muted' | 'accent' | 'focus';

export interface TextStyle {
  readonly color?: string;
  readonly dimColor?: boolean;
  readonly bold?: boolean;
}

const styles: Readonly<Record<Tone, TextStyle>> = {
  plain: {},
  ok: { color: 'green' },
  warn: { color: 'yellow' },
  bad: { color: 'red' },
  muted: { dimColor: true },
  accent: { color: 'cyan' },
  focus: { color: 'cyan', bold: true },
};

export interface Theme {
  readonly ascii: boolean;
  /** The heartbeat is drawn. */
  readonly motion: boolean;
  /** Linear layout without borders. */
  readonly screenReader: boolean;
  /** The data is old: everything that keeps its tone while live is dimmed. */
  readonly dimmed: boolean;
}

export function styleOf(theme: Theme, tone: Tone): TextStyle {
  return theme.dimmed ? styles.muted : styles[tone];
}

export interface Sign {
  readonly glyph: string;
  readonly tone: Tone;
}

const up: Sign = { glyph: '●', tone: 'ok' };
const partly: Sign = { glyph: '◐', tone: 'warn' };
const down: Sign = { glyph: '○', tone: 'bad' };
const rest: Sign = { glyph: '○', tone: 'muted' };
const failed: Sign = { glyph: '✕', tone: 'bad' };

const signs: Readonly<Record<string, Sign>> = {
  up,
  online: up,
  connected: up,
  good: up,
  verified: up,
  written: up,
  starting: partly,
  stopping: partly,
  connecting: partly,
  degraded: partly,
  stale: partly,
  warn: partly,
  unknown: partly,
  down,
  offline: down,
  paused: rest,
  open: failed,
  'half-open': partly,
  disconnected: rest,
  bad: failed,
  error: failed,
  fatal: failed,
  refused: failed,
  failed,
};

/** The sign of a state word; a word that a newer gateway brings is shown with a neutral one. */
export function signOf(word: string): Sign {
  return signs[word] ?? { glyph: '·', tone: 'muted' };
}

/** A terminal that cannot be trusted with UTF-8: the Linux console, or a locale of another character set. */
export function needsAscii(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.TERM === 'linux') return true;
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return !/utf-?8/i.test(locale) && locale !== '';
}
