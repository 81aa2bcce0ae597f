/** What Ink says was typed, as names of keys. Characters that came in one piece are taken apart. */

export interface Press {
  /** `a`, `A`, `enter`, `ctrl-d`, `pgup`, … */
  readonly name: string;
  /** What it types into a line of text. */
  readonly text?: string;
}

/** The part of Ink's key description that is used. */
export interface InkKey {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageDown: boolean;
  readonly pageUp: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly ctrl: boolean;
  readonly tab: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly meta: boolean;
}

const special: readonly (readonly [keyof InkKey, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageDown', 'pgdn'],
  ['pageUp', 'pgup'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['tab', 'tab'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
];

const controls: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x1b': 'esc',
  '\b': 'backspace',
  '\x7f': 'backspace',
};

function pressOf(character: string): Press | undefined {
  const control = controls[character];
  if (control !== undefined) return { name: control };
  const code = character.codePointAt(0)!;
  if (code < 0x20) return { name: `ctrl-${String.fromCharCode(code + 0x60)}` };
  if (character === ' ') return { name: 'space', text: ' ' };
  return code >= 0x80 && code < 0xa0 ? undefined : { name: character, text: character };
}

export function pressesOf(input: string, key: InkKey): readonly Press[] {
  for (const [flag, name] of special) if (key[flag]) return [{ name }];
  if (key.ctrl) return input === '' ? [] : [{ name: `ctrl-${input === ' ' ? 'space' : input}` }];
  // alt and a letter: no key of ours
  if (key.meta) return [];
  return [...input].map(pressOf).filter((press) => press !== undefined);
}
