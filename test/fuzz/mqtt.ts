/** `node dist/test/fuzz/mqtt.js --streams 100000 --seed 7`: prints one line; exits with 1 when something is wrong. */
import { parseArgs } from 'node:util';
import { fuzzBroker } from './mqtt-streams.js';

const { values } = parseArgs({ options: { streams: { type: 'string' }, seed: { type: 'string' } } });
const streams = Number(values.streams ?? 20_000);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const startedAt = performance.now();
try {
  const { bytes, packets, refused } = await fuzzBroker({ streams, seed });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const megabytes = Math.round(process.memoryUsage().rss / 1_000_000);
  console.log(
    `mqtt: seed ${seed}, ${streams} streams, ${bytes} bytes, ${packets} packets taken, ${refused} connections refused, ${seconds} s, rss ${megabytes} MB: ok`,
  );
} catch (error) {
  console.log(`mqtt: seed ${seed}, ${streams} streams: FAILED: ${error instanceof Error ? error.stack : error}`);
  process.exitCode = 1;
}
