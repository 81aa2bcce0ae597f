import t from 'tap';
import { fuzzSerial } from '../../../fuzz/serial-streams.js';

t.test('random streams: none throws, none keeps more than its limit', async (t) => {
  const sum = fuzzSerial({ streams: 5_000, seed: 1 });
  t.ok(sum.frames > 1_000 && sum.parsed > 100 && sum.discards > 1_000, 'and something was found in them');
});
