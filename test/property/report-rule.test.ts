/** Whatever a device says: what is reported, and what is not, follows from the rule alone. */
import fc from 'fast-check';
import t from 'tap';
import type { ReportConfig } from '../../src/core/config.js';
import { GatewayError } from '../../src/core/errors.js';
import { ReportRule } from '../../src/devices/report-rule.js';
import type { Sample } from '../../src/devices/shadow.js';

const EVERY = 100;
const config: fc.Arbitrary<ReportConfig> = fc.record({
  mode: fc.constantFrom('always' as const, 'change' as const),
  deadband: fc.constantFrom(0, 0.5, 3),
  deadbandPercent: fc.constantFrom(undefined, 5, 50),
  minInterval: fc.constantFrom(0, 250, 1_000),
  maxSilence: fc.constantFrom(1_000, 5_000),
});
const bad = (code: string): Sample => {
  const error = new GatewayError(code, { fault: 'device', hint: 'h' }, 'm');
  return { value: undefined, quality: 'bad', at: 0, error };
};
const sample: fc.Arbitrary<Sample> = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -20, max: 20 }).map((n) => good(n / 4)) },
  { weight: 1, arbitrary: fc.constantFrom(good(true), good('on'), good(2n ** 60n), good(2n ** 60n + 2n)) },
  { weight: 1, arbitrary: fc.constantFrom(bad('A'), bad('B'), { ...good(1), quality: 'stale' as const }) },
);

function good(value: number | bigint | boolean | string): Sample {
  return { value, quality: 'good', at: 0, error: undefined };
}

/** The rule in words: what it says of a sample, given the one reported last. */
function expected(c: ReportConfig, last: Sample, sample: Sample, ms: number): boolean {
  const state = (one: Sample) => `${one.quality} ${one.error?.code}`;
  if (state(last) !== state(sample)) return true;
  if (ms < (c.minInterval ?? 0)) return false;
  if (c.mode === 'always' || ms + 0.9 * EVERY >= c.maxSilence) return true;
  const [a, b] = [last.value, sample.value];
  if (a === b) return false;
  if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'bigint')) return true;
  const change = Math.abs(Number(typeof a === 'bigint' ? a - (b as bigint) : a - (b as number)));
  const band = Math.max(c.deadband, (Math.abs(Number(a)) * (c.deadbandPercent ?? 0)) / 100);
  return change >= band * (1 - 1e-9);
}

t.test('against the rule in words', async (t) => {
  const readings = fc.array(fc.record({ sample, gap: fc.integer({ min: 1, max: 400 }), force: fc.boolean() }), {
    maxLength: 80,
  });
  fc.assert(
    fc.property(config, readings, (c, list) => {
      const rule = new ReportRule(c, EVERY);
      let last: { readonly sample: Sample; readonly at: number } | undefined;
      let now = 0;
      for (const { sample, gap, force } of list) {
        now += gap;
        // Someone waits for it now and then, not every other time.
        const isForced = force && gap % 7 === 0;
        const wanted = isForced || last === undefined || expected(c, last.sample, sample, now - last.at);
        if (rule.accepts(sample, now, isForced) !== wanted) throw new Error(`at ${now}: not ${wanted}`);
        if (wanted) last = { sample, at: now };
      }
    }),
    { numRuns: 500 },
  );
  t.pass();
});

t.test('what people rely on: never too often, never silent for too long, never far from the truth', async (t) => {
  const values = fc.array(
    fc.integer({ min: -400, max: 400 }).map((n) => n / 4),
    { minLength: 20, maxLength: 200 },
  );
  fc.assert(
    fc.property(config, values, (c, list) => {
      const rule = new ReportRule(c, EVERY);
      const reports: { readonly value: number; readonly at: number }[] = [];
      for (const [i, value] of list.entries()) {
        const at = i * EVERY;
        if (rule.accepts(good(value), at)) reports.push({ value, at });
        const { value: known, at: knownAt } = reports.at(-1)!;
        const since = at - knownAt;
        if (since >= c.maxSilence) throw new Error(`silent for ${since} ms`);
        const band = Math.max(c.deadband, (Math.abs(known) * (c.deadbandPercent ?? 0)) / 100);
        if (since >= (c.minInterval ?? 0) && known !== value && Math.abs(known - value) >= band) {
          throw new Error(`${known} is known, ${value} is true, for ${since} ms`);
        }
      }
      for (const [i, report] of reports.entries()) {
        if (i > 0 && report.at - reports[i - 1]!.at < (c.minInterval ?? 0)) throw new Error('too often');
      }
    }),
    { numRuns: 300 },
  );
  t.pass();
});
