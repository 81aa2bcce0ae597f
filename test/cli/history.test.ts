/** `hpmq history`. */
import t from 'tap';
import { startFakeGateway } from '../support/cli.js';
import { FAKE_NOW } from '../support/fake-view.js';

const iso = (minutes: number) => new Date(FAKE_NOW + minutes * 60_000).toISOString();
const SPAN = ['--from', iso(-10), '--to', iso(0)];

t.test('history list: what is recorded, since when, and what it takes', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const { code, stdout, stderr } = await run(['history', 'list']);
  t.equal(code, 0);
  t.match(stdout, /^POINT +UNIT +SAMPLES +FROM +TO\nboiler\.temperature +°C +5 +20\d\d-.*\nscale\.text +1 +/);
  t.equal(stderr, '66 kB of 1 GB, kept for 30d 0h\n');
  t.strictSame(JSON.parse((await run(['history', 'list', '--json'])).stdout), view.history_.list());
  view.history_.isOff = true;
  t.match(await run(['history', 'list']), {
    code: 0,
    stdout: '',
    stderr: /there is no `history` in the configuration/,
  });
  t.match(await run(['history', 'show', 'boiler.temperature']), { code: 64, stderr: /history: \{ points/ });
});

t.test('history show: samples and periods, for people', async (t) => {
  const { run } = await startFakeGateway(t);
  const samples = (await run(['history', 'show', 'boiler.temperature', ...SPAN])).stdout.trim().split('\n');
  t.equal(samples.length, 5);
  t.match(samples[0], /^20\d\d-\d\d-\d\d \d\d:\d\d:00\.000 {2}71 °C$/);
  t.match(samples[2], / {2}– {2}\(bad\)$/);
  const periods = await run(['history', 'show', 'boiler', 'temperature', ...SPAN, '--every', '1m']);
  const lines = periods.stdout.trim().split('\n');
  t.match(lines[1], / {2}71\.25 … 71\.25 °C, mean 71\.25, of 1$/);
  t.match(lines[2], / {2}no good number, 1 not good$/);
});

t.test('history show: for programs', async (t) => {
  const { run } = await startFakeGateway(t);
  const csv = await run(['history', 'show', 'boiler.temperature', ...SPAN, '--csv']);
  t.strictSame(csv.stdout.split('\n').slice(0, 4), [
    'time,value,quality',
    `${iso(-5)},71,good`,
    `${iso(-4)},71.25,good`,
    `${iso(-3)},,bad`,
  ]);
  const quoted = await run(['history', 'show', 'scale.text', ...SPAN, '--csv']);
  t.equal(quoted.stdout.split('\n')[1], `${iso(-1)},"net, ""1.5""",good`);
  const periods = await run(['history', 'show', 'boiler.temperature', ...SPAN, '--csv', '--every', '1m']);
  t.equal(periods.stdout.split('\n')[1], `${iso(-5)},1,71,71,71,71,0`);
  const json = await run(['history', 'show', 'boiler.temperature', ...SPAN, '--json']);
  t.strictSame(JSON.parse(json.stdout.split('\n')[0]!), { at: FAKE_NOW - 300_000, value: 71, quality: 'good' });
});

t.test('history show: more than the limit is said, with the way on', async (t) => {
  const { run } = await startFakeGateway(t);
  const { stdout, stderr } = await run(['history', 'show', 'boiler.temperature', ...SPAN, '--limit', '2']);
  t.equal(stdout.trim().split('\n').length, 2);
  t.equal(stderr, `there is more, from ${iso(-3)}: --limit 20\n`);
});

t.test('history show: names, times and spans that are none', async (t) => {
  const { run } = await startFakeGateway(t);
  const refused: readonly (readonly [args: readonly string[], code: number, text: RegExp])[] = [
    [['boiler.temprature'], 64, /did you mean boiler\.temperature/],
    [['boiler.temperature', '--last', '-1h'], 64, /no duration/],
    [['boiler.temperature', '--last', '1ms'], 64, /from 100ms/],
    [['boiler.temperature', '--from', '2026-13-01'], 64, /no time/],
    [['boiler.temperature', '--from', iso(-1), '--to', iso(-1)], 64, /after the begin/],
    [['boiler.temperature', '--from', iso(-1), '--last', '1h'], 64, /exclude each other/],
    [['boiler.temperature', '--limit', '0'], 64, /from 1 to/],
  ];
  for (const [args, code, text] of refused) {
    t.match(await run(['history', 'show', ...args]), { code, stdout: '', stderr: text }, args.join(' '));
  }
});

t.test('history show: without an end it is now by the clock of the gateway, and the last hour', async (t) => {
  const { run, view } = await startFakeGateway(t);
  await run(['history', 'show', 'boiler.temperature']);
  await run(['history', 'show', 'boiler.temperature', '--last', '30000d']);
  await run(['history', 'show', 'boiler.temperature', '--last', '2d', '--to', iso(-5)]);
  t.strictSame(
    view.history_.asked.map(({ from, to }) => [from, to]),
    [
      [view.now + 1 - 3_600_000, view.now + 1],
      [0, view.now + 1],
      [FAKE_NOW - 5 * 60_000 - 2 * 86_400_000, FAKE_NOW - 5 * 60_000],
    ],
  );
});
