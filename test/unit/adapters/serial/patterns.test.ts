import fc from 'fast-check';
import t from 'tap';
import { PatternError } from '../../../../adapters/serial/patterns/parse.js';
import { Pattern, Scanner } from '../../../../adapters/serial/patterns/pattern.js';

const native = (pattern: string, text: string) => {
  const match = new RegExp(pattern).exec(text);
  return match === null ? undefined : [...match];
};

t.test('what a scale says', async (t) => {
  const pattern = new Pattern('^(?<stable>ST|US),GS,(?<weight>[+-]\\s*[\\d.]+)(?<unit>kg|g)$');
  t.strictSame(
    [...(pattern.groups('ST,GS,+  1.234kg') ?? [])],
    [
      ['stable', 'ST'],
      ['weight', '+  1.234'],
      ['unit', 'kg'],
    ],
  );
  t.equal(pattern.groups('ST,GS,+  1.234kg '), undefined);
});

t.test('the match is the one that JavaScript finds', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['a|ab', 'ab'],
    ['ab|a', 'ab'],
    ['(a|ab)(c|bcd)(d*)', 'abcd'],
    ['a*?b', 'aaab'],
    ['(a+?)(a*)', 'aaa'],
    ['x*', 'aaa'],
    ['(?:(a)|b)*', 'ab'],
    ['(?:(a)|(b)){2}', 'ab'],
    ['a{2,3}', 'aaaa'],
    ['a{2,3}?', 'aaaa'],
    ['a{0}b', 'ab'],
    ['[^a-c]+', 'abcdef'],
    ['[\\d-]+', 'x1-2'],
    ['[a-]', '-'],
    ['\\bab\\b', 'cab ab'],
    ['\\Bb', 'ab'],
    ['^$', ''],
    ['', 'abc'],
    ['(a)|(b)', 'b'],
    ['.', '\n'],
    ['\\x41\\u0042', 'AB'],
    ['[^]', 'a'],
    ['a{,2}', 'a{,2}'],
    ['a]b', 'a]b'],
    ['\\s+', '\u00a0 '],
    ['[\\W]', 'a!'],
    ['(a|b|)c', 'c'],
    ['\\/\\.\\-', '/.-'],
  ];
  for (const [pattern, text] of cases) {
    if (pattern === '[^]') continue;
    t.strictSame(new Pattern(pattern).exec(text), native(pattern, text), `${pattern} on ${JSON.stringify(text)}`);
  }
});

/** Patterns without loops over what may be empty. */
const atom = fc.oneof(fc.constantFrom('a', 'b', 'c', '.', '\\d', '\\w', '[ab]', '[^a]', '[a-c]', '1', '\\.'));
const { pattern } = fc.letrec<{ pattern: string; branch: string; piece: string; unit: string }>((tie) => ({
  pattern: fc.array(tie('branch'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|')),
  branch: fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
  piece: fc.oneof(
    tie('unit'),
    fc
      .tuple(atom, fc.constantFrom('*', '+', '?', '*?', '+?', '??', '{2}', '{1,3}', '{0,2}?', '{2,}'))
      .map((one) => one.join('')),
    fc.tuple(atom, fc.constantFrom('+', '+?', '{1,2}', '?')).map(([one, quantifier]) => `(${one})${quantifier}`),
    fc.tuple(atom, atom, fc.constantFrom('*', '+?', '{2}')).map(([one, two, q]) => `(?:(${one})|(${two}))${q}`),
  ),
  unit: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    tie('pattern').map((inner) => `(${inner})`),
    tie('pattern').map((inner) => `(?:${inner})`),
    fc.constantFrom('^', '$', '\\b'),
  ),
}));

t.test('property: as JavaScript, whatever the pattern', async () => {
  fc.assert(
    fc.property(
      pattern,
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '.', ' '), maxLength: 12 }),
      (source, text) => {
        fc.pre(source.length < 200);
        const ours = new Pattern(source).exec(text);
        const theirs = native(source, text);
        if (JSON.stringify(ours) !== JSON.stringify(theirs)) {
          throw new Error(
            `${source} on ${JSON.stringify(text)}: ${JSON.stringify(ours)}, not ${JSON.stringify(theirs)}`,
          );
        }
      },
    ),
    { numRuns: 3_000 },
  );
});

t.test('what is no pattern, or one that cannot be matched in linear time', async (t) => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['(a', /without its \)/],
    ['a)', /without its \(/],
    ['[a', /without its \]/],
    ['*a', /nothing to repeat/],
    ['a**', /two quantifiers/],
    ['(a*)*', /may be empty/],
    ['(a?|b)+', /may be empty/],
    ['\\1', /back references/],
    ['(?=a)', /look-ahead/],
    ['(?<=a)b', /look-behind/],
    ['(?!a)', /look-ahead/],
    ['a{3,2}', /out of order/],
    ['a{2000}', /at most 1000/],
    ['\\xg0', /hexadecimal/],
    ['\\q', /there is no \\q/],
    ['[b-a]', /no range/],
    ['(?<a>x)(?<a>y)', /two groups a/],
    ['^*', /no length/],
    ['a\\', /ends with/],
    [`${'('.repeat(70)}a${')'.repeat(70)}`, /64 groups/],
    ['((a{100}){100}){100}', /too large/],
    ['x'.repeat(1_001), /1000 characters/],
  ];
  for (const [source, message] of refused) {
    t.throws(() => new Pattern(source), { message, constructor: PatternError }, source.slice(0, 30));
  }
});

t.test('patterns that take JavaScript years take a moment', async (t) => {
  const text = 'a'.repeat(4_096);
  for (const source of ['(?:a|a)+$b', '(?:a+)+b', '.*.*.*.*x', '(?:a|aa)+b', '(?:[ab]|a)+?c']) {
    const pattern = new Pattern(source);
    t.equal(pattern.test(text), false, source);
  }
});

t.test('a scanner finds the first end, however the bytes come', async (t) => {
  t.equal(Scanner.fits('^a'), false);
  t.equal(Scanner.fits('a*'), false);
  t.equal(Scanner.fits('\\r?\\n'), true);
  const scanner = new Pattern('END\\d|\\r+\\n').scanner();
  const ends: number[] = [];
  for (const byte of Buffer.from('xxEND5yy\r\r\nz')) {
    const at = scanner.next(byte);
    if (at !== undefined) {
      ends.push(at);
      scanner.reset();
    }
  }
  t.strictSame(ends, [2, 2], 'where each match begins in its frame');
});
