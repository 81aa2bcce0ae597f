import t from 'tap';
import { GatewayError } from '../../../src/core/errors.js';
import { ReportRule } from '../../../src/devices/report-rule.js';
import type { Sample } from '../../../src/devices/shadow.js';

const good = (value: number | bigint | boolean | string): Sample => ({
  value,
  quality: 'good',
  at: 0,
  error: undefined,
});
const bad = (code: string): Sample => ({
  value: undefined,
  quality: 'bad',
  at: 0,
  error: new GatewayError(code, { fault: 'device', hint: 'h' }, 'm'),
});
const rule = (mode: 'always' | 'change', deadband = 0, maxSilence = 60_000, every = 1) =>
  new ReportRule({ mode, deadband, maxSilence }, every);

t.test('always reports every reading', async (t) => {
  const always = rule('always');
  t.ok(always.accepts(good(1), 0));
  t.ok(always.accepts(good(1), 1));
});

t.test('change reports the first reading and then only another value', async (t) => {
  const change = rule('change');
  t.ok(change.accepts(good(1), 0));
  t.notOk(change.accepts(good(1), 1));
  t.ok(change.accepts(good(2), 2));
  t.ok(change.accepts(good('x'), 3));
  t.ok(change.accepts(good(true), 4));
  t.notOk(change.accepts(good(true), 5));
  t.ok(change.accepts(good(1n), 6));
  t.ok(change.accepts(good(2n), 7));
});

t.test('dead band: against what was reported, so that a creeping value is reported in time', async (t) => {
  const change = rule('change', 0.2);
  t.ok(change.accepts(good(71.4), 0));
  t.notOk(change.accepts(good(71.5), 1));
  t.ok(change.accepts(good(71.6), 2), 'a change of exactly the dead band counts');
  t.notOk(change.accepts(good(71.5), 3));
  const wide = rule('change', 10);
  t.ok(wide.accepts(good(2n ** 60n), 0));
  t.notOk(wide.accepts(good(2n ** 60n + 9n), 1));
  t.ok(wide.accepts(good(2n ** 60n - 10n), 2));
});

t.test('maxSilence: reported again although unchanged', async (t) => {
  const change = rule('change', 5, 1_000);
  t.ok(change.accepts(good(1), 0));
  t.notOk(change.accepts(good(1), 999));
  t.ok(change.accepts(good(1), 1_000));
  t.notOk(change.accepts(good(1), 1_999));
});

t.test(
  'maxSilence: at least this often, also when a reading comes a hair early or the next would be too late',
  async (t) => {
    const tenth = rule('change', 0, 10_000, 1_000);
    t.ok(tenth.accepts(good(1), 5));
    t.notOk(tenth.accepts(good(1), 9_040), 'there is time for another one');
    t.ok(tenth.accepts(good(1), 10_002), '9.997 s later, and the next comes after 10.997 s');
    const odd = rule('change', 0, 10_000, 4_000);
    t.ok(odd.accepts(good(1), 0));
    t.notOk(odd.accepts(good(1), 4_000));
    t.ok(odd.accepts(good(1), 8_000), 'the next would come after 12 s');
  },
);

t.test('a change of quality or of the error is always reported, and repeated failures only once', async (t) => {
  const change = rule('change', 100);
  t.ok(change.accepts(good(1), 0));
  t.ok(change.accepts(bad('A'), 1));
  t.notOk(change.accepts(bad('A'), 2));
  t.ok(change.accepts(bad('B'), 3));
  t.ok(change.accepts(good(1), 4));
});

t.test('forced: someone waits for it', async (t) => {
  const change = rule('change');
  t.ok(change.accepts(good(1), 0));
  t.ok(change.accepts(good(1), 1, true));
});
