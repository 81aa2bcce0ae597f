import t from 'tap';
import { formatDuration, parseDuration, parseSize } from '../../../src/core/duration.js';

t.test('durations and sizes carry their unit', async (t) => {
  t.equal(parseDuration('500ms'), 500);
  t.equal(parseDuration('1.5s'), 1_500);
  t.equal(parseDuration('2m'), 120_000);
  t.equal(parseDuration('30d'), 2_592_000_000);
  for (const bad of ['', '5', '5 s', 's', '-1s', '1e3s', '5sec', '1h30m']) t.equal(parseDuration(bad), undefined, bad);
  t.equal(parseSize('64KB'), 64_000);
  t.equal(parseSize('64KiB'), 65_536);
  t.equal(parseSize('2GB'), 2_000_000_000);
  for (const bad of ['', '5', '5 MB', '5mb', 'GB']) t.equal(parseSize(bad), undefined, bad);
});

t.test('ages are shown in at most two units', async (t) => {
  const shown: readonly (readonly [ms: number, text: string])[] = [
    [-5, '0.0s'],
    [400, '0.4s'],
    [12_345, '12s'],
    [185_000, '3m 05s'],
    [15_000_000, '4h 10m'],
    [273_600_000, '3d 4h'],
  ];
  for (const [ms, text] of shown) t.equal(formatDuration(ms), text);
});
