import fc from 'fast-check';
import stringWidth from 'string-width';
import t from 'tap';
import { placeColumns } from '../../src/tui/columns.js';
import { parseFilter } from '../../src/tui/filter.js';
import { age, bytes, compact, milliseconds, sparkline } from '../../src/tui/format.js';
import { pressesOf } from '../../src/tui/press.js';
import { candidates, complete, parseCommand } from '../../src/tui/prompt.js';
import { compose, span } from '../../src/tui/spans.js';
import { filterOfNode, topicNodes } from '../../src/tui/tables/topics.js';
import { clean, cut, cutStart, fit, headOf, widthOf, wrap } from '../../src/tui/text.js';
import { needsAscii } from '../../src/tui/theme.js';

/** Text with more control characters, escapes and odd code points than usual. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 0, max: 0x9f }).map((code) => String.fromCharCode(code)),
      fc.constantFrom(
        '\x1b[31m',
        '\x1b]0;title\x07',
        '\x9b2J',
        '\u202e',
        '\u200b',
        '\ufeff',
        '\ud800',
        '👨‍👩‍👧',
        '漢字',
        '\u{e0041}',
      ),
    ),
  )
  .map((parts) => parts.join(''));

t.test('no control character, escape, bidirectional or invisible character is ever drawn', async (t) => {
  fc.assert(
    fc.property(hostile, fc.boolean(), (text, ascii) => {
      const safe = clean(text, ascii);
      if (ascii) return /^[\x20-\x7e]*$/.test(safe);
      return !/[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/.test(safe) && safe.isWellFormed();
    }),
  );
  t.equal(clean('a\x1b[2Jb'), 'a·[2Jb');
  t.equal(clean('two\nlines\tand tab'), 'two lines and tab');
  t.equal(clean('71.4 °C → ●', true), '71.4 C -> *');
});

t.test('clean is idempotent', async (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(hostile, (text) => clean(clean(text)) === clean(text))));
});

t.test('fit makes text exactly as wide as asked', async (t) => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 1, max: 60 }), fc.boolean(), (text, width, ascii) => {
      return stringWidth(fit(clean(text, ascii), width, 'left', ascii)) === width;
    }),
  );
  t.equal(fit('abc', 5, 'right'), '  abc');
  t.equal(cut('abcdef', 4), 'abc…');
  t.equal(cut('漢字漢字', 4), '漢…');
  t.equal(headOf('a漢', 2), 'a');
  t.equal(cutStart('plant/a/b', 5), '…/a/b');
  t.equal(cutStart('漢字漢', 4), '…漢');
});

t.test('a composed line is exactly as wide as asked', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 6 }), fc.integer({ min: 1, max: 80 }), (texts, width) => {
        const line = compose(
          texts.map((text) => ({ text })),
          width,
        );
        return stringWidth(line.map(({ text }) => text).join('')) === width;
      }),
    ),
  );
});

t.test('wrapped lines are never too wide and lose nothing but blanks', async (t) => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 2, max: 40 }), (text, width) => {
      const safe = clean(text);
      const lines = wrap(safe, width);
      const squeezed = (line: string) => line.replaceAll(' ', '');
      return lines.every((line) => stringWidth(line) <= width) && squeezed(lines.join('')) === squeezed(safe);
    }),
  );
  t.strictSame(wrap('check wiring, unit id', 10), ['check', 'wiring,', 'unit id']);
});

t.test('numbers are short and honest', async (t) => {
  t.strictSame([0, 0.4, 7, 12.6, 999, 1_000, 1_234, 12_345, 999_600, 1_500_000].map(compact), [
    '0',
    '0.4',
    '7',
    '13',
    '999',
    '1.0k',
    '1.2k',
    '12k',
    '1.0M',
    '1.5M',
  ]);
  t.strictSame([0, 999, 61_400_000, 1_200_000_000].map(bytes), ['0 B', '999 B', '61 MB', '1.2 GB']);
  t.equal(age(null, 5), '—', 'unknown is never 0');
  t.equal(milliseconds(null), '—');
  t.equal(milliseconds(4.13), '4.1');
});

t.test('a trend spans its smallest to its largest sample, with gaps', async (t) => {
  t.equal(sparkline([1, null, 4, 7], 10), '▁ ▄▇');
  t.equal(sparkline([5, 5], 10), '▄▄');
  t.equal(sparkline([1, 2, 3], 2), '▁▇', 'the newest are shown');
  t.equal(sparkline([], 5), '');
  t.equal(sparkline([1, 1, 0, null], 10), '▇▇▁ ', 'a switch that is on is high');
  t.equal(sparkline([0, 0], 10), '▁▁', 'also when it never moved');
});

t.test('columns are dropped by priority, then grow from the left', async (t) => {
  const column = (id: string, min: number, priority: number, max?: number) => ({
    id,
    title: id,
    min,
    priority,
    cell: () => ({ text: '' }),
    ...(max === undefined ? {} : { max }),
  });
  const columns = [column('a', 10, 0, 20), column('b', 10, 1), column('c', 10, 2)];
  const placed = (width: number) => placeColumns(columns, width).map(({ column: { id }, width: w }) => `${id}${w}`);
  t.strictSame(placed(34), ['a10', 'b10', 'c10']);
  t.strictSame(placed(33), ['a20', 'b10']);
  t.strictSame(placed(15), ['a15']);
  t.strictSame(placed(100), ['a20', 'b10', 'c10']);
});

t.test('a filter knows words, their absence, and regular expressions', async (t) => {
  t.ok(parseFilter('BOILER temp').matches('boiler/temperature'));
  t.notOk(parseFilter('boiler level').matches('boiler/temperature'));
  t.notOk(parseFilter('!boiler').matches('boiler/temperature'));
  t.ok(parseFilter('re:^b.*e$').matches('boiler/temperature'));
  t.match(parseFilter('re:(').problem, /./);
  t.ok(parseFilter('re:(').matches('anything'), 'a broken expression hides nothing');
  t.ok(parseFilter(' ').matches('anything'));
});

const names = { devices: ['boiler', 'boost', 'meter'], topics: ['plant/a'] };

t.test('commands name a screen, what it shows, and a filter', async (t) => {
  t.strictSame(parseCommand('points boiler /temp', names), {
    kind: 'go',
    route: { screen: 'points', argument: 'boiler' },
    filter: 'temp',
  });
  t.strictSame(parseCommand('topics plant/+/a', names), {
    kind: 'go',
    route: { screen: 'topics', argument: 'plant/+/a' },
    filter: undefined,
  });
  t.strictSame(parseCommand('logs /re:a b', names), { kind: 'go', route: { screen: 'logs' }, filter: 're:a b' });
  t.strictSame(parseCommand('q', names), { kind: 'quit' });
  t.strictSame(parseCommand('pionts', names), {
    kind: 'problem',
    problem: 'there is no command "pionts", did you mean points?',
  });
  t.match(parseCommand('points boilr', names), { problem: /no device boilr, did you mean boiler/ });
  t.match(parseCommand('links x', names), { kind: 'problem' });
});

t.test('commands are completed as far as they agree', async (t) => {
  t.strictSame(candidates('l', names), ['links', 'logs']);
  t.equal(complete('lo', names), 'logs ');
  t.equal(complete('points b', names), 'points bo');
  t.equal(complete('points boi', names), 'points boiler ');
  t.equal(complete('points x', names), 'points x');
  t.strictSame(candidates('points boiler ', names), []);
  t.notOk(candidates('', names).includes('config'), 'only what exists');
});

const noKey = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
};

t.test('what came in one piece is taken apart into keys', async (t) => {
  const pressed = (input: string, key = {}) => pressesOf(input, { ...noKey, ...key }).map(({ name }) => name);
  t.strictSame(pressed('a B\r'), ['a', 'space', 'B', 'enter']);
  t.strictSame(pressed('', { upArrow: true }), ['up']);
  t.strictSame(pressed('c', { ctrl: true }), ['ctrl-c']);
  t.strictSame(pressed('x', { meta: true }), []);
  t.strictSame(pressed('4\x7f\x15'), ['4', 'backspace', 'ctrl-u']);
});

t.test('topics are a tree with the counts of all below', async (t) => {
  const topic = (name: string, messages: number) =>
    [name, { topic: name, retained: messages > 1, messages, at: messages }] as const;
  const topics = new Map([topic('a/b', 2), topic('a/c/d', 3), topic('/x', 1), topic('a', 1)]);
  const nodes = topicNodes(topics, new Set(), undefined);
  t.strictSame(
    nodes.map(({ path, depth, messages, children }) => [path, depth, messages, children]),
    [
      ['', 0, 1, 1],
      ['/x', 1, 1, 0],
      ['a', 0, 6, 2],
      ['a/b', 1, 2, 0],
      ['a/c', 1, 3, 1],
      ['a/c/d', 2, 3, 0],
    ],
  );
  t.strictSame(
    topicNodes(topics, new Set(['a']), undefined).map(({ path }) => path),
    ['', '/x', 'a'],
  );
  t.equal(filterOfNode(nodes[2]!, '#'), 'a/#');
  t.equal(filterOfNode(nodes[3]!, '#'), 'a/b');
  t.equal(filterOfNode(nodes[2]!, 'a/b'), 'a/b', 'never more than what is watched');
  t.equal(filterOfNode(nodes[2]!, 'a/+/d'), 'a/+/d');
  t.equal(filterOfNode(nodes[4]!, '+/+/d/#'), 'a/c/d/#');
  t.equal(filterOfNode(nodes[4]!, 'a/#'), 'a/c/#');
  t.strictSame(
    topicNodes(topics, new Set(), parseFilter('c')).map(({ path }) => path),
    ['a', 'a/c', 'a/c/d'],
  );
});

t.test('a console or a locale without UTF-8 gets the ASCII set', async (t) => {
  t.ok(needsAscii({ TERM: 'linux', LANG: 'C.UTF-8' }));
  t.ok(needsAscii({ LANG: 'de_DE.ISO-8859-1' }));
  t.ok(needsAscii({ LC_ALL: 'C', LANG: 'C.UTF-8' }), 'LC_ALL wins');
  t.notOk(needsAscii({ LANG: 'de_DE.utf8' }));
  t.notOk(needsAscii({}), 'an empty environment says nothing');
});

t.test('the width of every character is that of the library, also where it is not asked', async (t) => {
  const wrong: number[] = [];
  for (let code = 0x20; code < 0x10000; code++) {
    const text = String.fromCharCode(code);
    if (widthOf(text) !== stringWidth(text)) wrong.push(code);
  }
  t.strictSame(wrong, []);
});

t.test('pieces of a line that look the same are one', async (t) => {
  const line = compose([span('a'), span('  '), span('b'), span('  '), span('c', 'ok'), span('d', 'ok', true)], 10);
  t.strictSame(
    line.map(({ text }) => text),
    ['a  b  ', 'c', 'd  '],
  );
});
