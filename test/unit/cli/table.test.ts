import fc from 'fast-check';
import stringWidth from 'string-width';
import t from 'tap';
import type { DeviceView } from '../../../src/api/contract.js';
import { deviceColumns } from '../../../src/cli/columns.js';
import { exchangeLines } from '../../../src/cli/commands/port.js';
import { usesColor } from '../../../src/cli/output.js';
import { type Column, cut, tableLines } from '../../../src/cli/table.js';
import { bytesText, rateText, visible } from '../../../src/cli/text.js';

type Row = readonly [name: string, value: string];
const columns: readonly Column<Row>[] = [
  { title: 'NAME', value: ([name]) => name, tone: ([name]) => (name === 'bad' ? 'bad' : undefined) },
  { title: 'VALUE', value: ([, value]) => value, align: 'right' },
  { title: 'TOPIC', value: ([name]) => `plant/line/${name}` },
];
const plain = { width: undefined, paint: (_tone: string, text: string) => text };

t.test('columns are aligned by terminal cells, numbers to the right', async (t) => {
  t.strictSame(
    tableLines(
      columns,
      [
        ['温度', '1'],
        ['p', '12.5'],
      ],
      plain,
    ),
    ['NAME  VALUE  TOPIC', '温度      1  plant/line/温度', 'p      12.5  plant/line/p'],
  );
});

t.test('a terminal cuts the widest column, a pipe cuts nothing', async (t) => {
  const rows: readonly Row[] = [
    ['a'.repeat(40), '1'],
    ['b', '2'],
  ];
  const narrow = tableLines(columns, rows, { ...plain, width: 40 });
  for (const line of narrow) t.ok(stringWidth(line) <= 40, line);
  t.match(narrow[1], /…/);
  t.match(tableLines(columns, rows, plain)[1], /a{40} .*plant\/line\/a{40}$/);
});

t.test('tones become paint', async (t) => {
  const painted = tableLines(columns, [['bad', '1']], {
    width: undefined,
    paint: (tone, text) => `<${tone}>${text}</>`,
  });
  t.match(painted[0], '<muted>NAME</>');
  t.match(painted[1], '<bad>bad </>');
});

t.test('whatever the rows are, a line is never wider than the terminal', async (t) => {
  const row = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.string({ maxLength: 60 }));
  fc.assert(
    fc.property(fc.array(row, { maxLength: 4 }), fc.integer({ min: 24, max: 120 }), (rows, width) => {
      return tableLines(columns, rows, { ...plain, width }).every((line) => stringWidth(line) <= width);
    }),
  );
  t.pass('within the width');
});

t.test('cut() keeps whole characters', async (t) => {
  t.equal(cut('温度計', 4), '温…');
  t.equal(cut('abc', 3), 'abc');
});

t.test('text from the field cannot move the cursor or forge a line', async (t) => {
  t.equal(visible('a\u001b[2Jb\nc\u0007\u202ed\u009b'), 'a\\u001b[2Jb\\nc\\u0007\\u202ed\\u009b');
  t.equal(visible('71.4 °C, 温度'), '71.4 °C, 温度');
});

t.test('sizes and rates are short', async (t) => {
  t.strictSame(
    [
      bytesText(999),
      bytesText(61_400_000),
      bytesText(1_000_000_000),
      bytesText(1_540_000_000),
      bytesText(82e9),
      rateText(12.53),
      rateText(0.25),
      rateText(0),
    ],
    ['999 B', '61 MB', '1 GB', '1.5 GB', '82 GB', '13/s', '0.3/s', '0/s'],
  );
});

t.test('exchanges of less than a millisecond are not shown as none', async (t) => {
  const [p50, p95] = ['P50 MS', 'P95 MS'].map((title) => deviceColumns(0).find((column) => column.title === title)!);
  const device = { exchangeMs: { p50: 0.44, p95: 27.6, p99: 30 } } as DeviceView;
  t.strictSame([p50!.value(device), p95!.value(device)], ['0.4', '28']);
  t.strictSame(
    exchangeLines(device.exchangeMs, (title, text) => `${title} ${text}`),
    ['exchange 0.4 ms (p50), 28 ms (p95), 30 ms (p99)'],
  );
});

t.test('colours: a terminal unless it is told otherwise; FORCE_COLOR before all', async (t) => {
  const tty = { isTTY: true, write: () => true };
  const pipe = { isTTY: false, write: () => true };
  t.equal(usesColor(tty, { TERM: 'xterm' }, true), true);
  t.equal(usesColor(tty, { TERM: 'xterm' }, false), false, '--no-color');
  t.equal(usesColor(tty, { NO_COLOR: '1' }, true), false);
  t.equal(usesColor(tty, { TERM: 'dumb' }, true), false);
  t.equal(usesColor(pipe, {}, true), false);
  t.equal(usesColor(pipe, { FORCE_COLOR: '1', NO_COLOR: '1' }, false), true);
  t.equal(usesColor(tty, { FORCE_COLOR: '0' }, true), false);
});
