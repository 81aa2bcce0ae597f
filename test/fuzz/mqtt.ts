/** `npm run fuzz -- --packets 10000000 --seed 7`: prints one line for each part; exits with 1 when something is wrong. */
import { parseArgs } from 'node:util';
import { fuzzFastPath } from './fast-streams.js';
import { fuzzListeners } from './listener-streams.js';
import { fuzzConnections } from './mqtt-connections.js';
import { fuzzBroker } from './mqtt-streams.js';
import { fuzzSerial } from './serial-streams.js';
import { fuzzModules } from './wasm/run.js';

const { values } = parseArgs({
  options: {
    packets: { type: 'string' },
    streams: { type: 'string' },
    seed: { type: 'string' },
    /** Streams for the fast path against the general one, and nothing else. */
    fast: { type: 'string' },
    /** Streams for the framers of serial devices, and nothing else. */
    serial: { type: 'string' },
    /** Mutated WebAssembly modules for the functions, and nothing else. */
    wasm: { type: 'string' },
    /** The first of them, to go on with a run that was left. */
    from: { type: 'string' },
  },
});
const packets = Number(values.packets ?? 200_000);
const streams = Number(values.streams ?? Math.min(100_000, Math.max(2_000, packets / 100)));
const seed = Number(values.seed ?? Date.now() % 1_000_000);

if (values.wasm !== undefined) await wasm(Number(values.wasm));
else if (values.serial !== undefined) await serial(Number(values.serial));
else if (values.fast === undefined) await everything();
else {
  await part('fast path', async () => {
    const sum = await fuzzFastPath({ streams: Number(values.fast), seed });
    return `${sum.streams} streams, ${sum.messages} messages, ${sum.answers} packets sent: the same with it and without`;
  });
}

async function serial(count: number): Promise<void> {
  await part('serial', async () => {
    const sum = fuzzSerial({ streams: count, seed });
    return `${sum.streams} streams, ${sum.bytes} bytes, ${sum.frames} frames, ${sum.discards} discarded, ${sum.parsed} taken apart, at most ${sum.mostPending} bytes kept`;
  });
}

async function wasm(modules: number): Promise<void> {
  await part('wasm', async () => {
    const onProgress = (judged: number) => console.error(`${judged} of ${modules} mutated modules`);
    const sum = await fuzzModules({ modules, seed, from: Number(values.from ?? 0), onProgress });
    const traps = Object.entries(sum.traps).map(([name, count]) => `${count} ${name}`);
    const told = `${sum.modules} modules: ${sum.refused} refused, ${sum.answered} answered only, ${sum.trapped} traps (${traps.join(', ')}), ${sum.hostCalls} calls of the host`;
    if (sum.failures.length > 0) throw new Error(`${told}; escaped:\n${sum.failures.join('\n')}`);
    return told;
  });
}

async function everything(): Promise<void> {
  await part('packets', async () => {
    let toldAt = performance.now();
    const onProgress = (mutated: number) => {
      if (performance.now() - toldAt < 10_000) return;
      toldAt = performance.now();
      console.error(`${mutated} of ${packets} mutated packets`);
    };
    const sum = await fuzzConnections({ packets, seed, onProgress });
    return `${sum.mutated} mutated of ${sum.packets} packets over ${sum.connections} connections, ${sum.refused} refused, ${sum.received} packets received and judged, ${Math.round(sum.heapBytes / 1_000_000)} MB held`;
  });
  await part('streams', async () => {
    const sum = await fuzzBroker({ streams, seed });
    return `${sum.streams} streams, ${sum.bytes} bytes, ${sum.packets} packets taken, ${sum.refused} connections refused`;
  });
  await part('listeners', async () => {
    const sum = await fuzzListeners({ streams, seed });
    return `${sum.streams} streams to PROXY, WebSocket and TLS listeners, ${sum.bytes} bytes, ${sum.packets} packets came through`;
  });
}

/** Runs one part and says how it went. */
async function part(name: string, run: () => Promise<string>): Promise<void> {
  const startedAt = performance.now();
  let outcome: string;
  try {
    outcome = `${await run()}: ok`;
  } catch (error) {
    process.exitCode = 1;
    outcome = `FAILED: ${error instanceof Error ? error.stack : error}`;
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const megabytes = Math.round(process.memoryUsage().rss / 1_000_000);
  console.log(`fuzz ${name}: seed ${seed}, ${seconds} s, rss ${megabytes} MB, ${outcome}`);
}
