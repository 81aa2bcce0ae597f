import t from 'tap';
import { fuzzBroker } from '../../fuzz/mqtt-streams.js';

t.test('thousands of broken streams: nothing crashes, nothing is left, the broker serves on', async (t) => {
  const { streams, packets, refused } = await fuzzBroker({ streams: 2_000, seed: 1 });
  t.equal(streams, 2_000);
  t.ok(refused > 200, `${refused} were refused`);
  t.ok(packets > 500, `${packets} packets were taken`);
});
