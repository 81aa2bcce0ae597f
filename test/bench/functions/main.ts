/**
 * `npm run bench:functions`: what one message of 200 bytes costs in a function, complete (message → frame → call → frame →
 * messages), what is in memory with many of them, and how long one takes to start. `-- throughput`: throughput.ts.
 */
import type { FunctionModule, Hook } from '../../../src/core/function.js';
import { decodeMessages, encodeMessageInput } from '../../../src/functions/engine/abi/message-frames.js';
import { compile } from '../../../src/functions/engine/module.js';
import {
  assemblyScriptGuest,
  cGuest,
  guestLimits,
  guestMessage,
  quietHost,
  wapcAssemblyScriptGuest,
} from '../../support/guests.js';
import { quickjsGuest } from '../../support/quickjs-guest.js';

const BATCHES = 4;
/** A thread's time is told in steps of 10 ms on some kernels. */
const CALLS = 40_000;
const FUNCTIONS = 50;

const message = guestMessage({ payload: 'x'.repeat(10) + '{"t":21.5,"id":"line-3"}'.repeat(8).slice(0, 190), qos: 1 });
const other = Buffer.from('y'.repeat(200));

function line(name: string, value: string): void {
  console.log(`${name.padEnd(52)} ${value}`);
}

/** Thread time of the best batch, so that other work on the machine does not count. */
function perCall(call: () => void, calls = CALLS): number {
  let best = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < BATCHES; batch++) {
    const before = process.threadCpuUsage();
    for (let i = 0; i < calls; i++) call();
    const used = process.threadCpuUsage(before);
    best = Math.min(best, (used.user + used.system) / calls);
  }
  return best;
}

async function load(
  bytes: Buffer,
  isolate: 'inline' | 'worker' = 'inline',
  memory = guestLimits.memory,
): Promise<FunctionModule> {
  return compile(bytes, { limits: { ...guestLimits, memory }, grants: new Set(), isolate });
}

async function cost(name: string, bytes: Buffer, previous?: Buffer, budget?: number): Promise<void> {
  const startedAt = performance.now();
  const module = await load(bytes);
  const compiled = performance.now();
  using instance = module.instantiate(quietHost());
  const call = () => {
    const answer = instance.call('on_message', encodeMessageInput(message, previous, 'upstream', 0));
    decodeMessages(answer, guestLimits);
  };
  call();
  const cold = performance.now();
  const us = perCall(call);
  const verdict =
    budget === undefined ? '' : us <= budget ? `  (budget ${budget}: kept)` : `  (budget ${budget}: MISSED)`;
  const start = `ready after ${(compiled - startedAt).toFixed(1)} ms, first answer ${(cold - compiled).toFixed(1)} ms later`;
  line(name, `${us.toFixed(2)} µs  fuel ${instance.fuelUsed}  ${start}${verdict}`);
  if (budget !== undefined && us > budget) process.exitCode = 1;
}

if (process.argv.includes('throughput')) {
  const { throughput } = await import('./throughput.js');
  await throughput();
  process.exit();
}

const wapc = wapcAssemblyScriptGuest();
await cost('native, C, message back', cGuest('echo.c'), undefined, 5);
await cost('native, C, previous payload handed in', cGuest('echo.c'), other, 5);
await cost('native, C, checksums and floating point', cGuest('checksum.c'));
await cost('native, AssemblyScript, text', assemblyScriptGuest('text.assemblyscript'));
await cost('waPC, C, message on', cGuest('wapc-bare.c'), undefined, 20);
await cost('waPC, C, previous payload handed in', cGuest('wapc-bare.c'), other, 20);
await cost('waPC, AssemblyScript (@wapc/as-guest)', wapc, undefined);

async function trapCost(): Promise<void> {
  const module = await load(cGuest('hostile.c'));
  using instance = module.instantiate(quietHost());
  const attempt = (payload: string) => () => {
    try {
      instance.call('on_message', encodeMessageInput(guestMessage({ payload }), undefined, 'upstream', 0));
    } catch {
      // What it costs is asked.
    }
  };
  line('a trap and the start after it', `${perCall(attempt('u'), 4_000).toFixed(1)} µs`);
  line('an endless loop, until its 2M of fuel are used up', `${(perCall(attempt('l'), 15) / 1000).toFixed(1)} ms`);
  line('endless fills of 2 MiB', `${(perCall(attempt('f'), 15) / 1000).toFixed(1)} ms`);
  line('endless calls of the host (random)', `${(perCall(attempt('r'), 5) / 1000).toFixed(1)} ms`);
}
await trapCost();

async function isolated(): Promise<void> {
  const module = await load(cGuest('echo.c'), 'worker');
  using instance = module.instantiate(quietHost());
  const hook: Hook = 'on_message';
  const frame = Buffer.from(encodeMessageInput(message, undefined, 'upstream', 0));
  const startedAt = performance.now();
  await instance.callAsync(hook, frame);
  const first = performance.now() - startedAt;
  for (const batch of [1, 64]) {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 200; round++) {
      const before = performance.now();
      const answers = await Promise.all(Array.from({ length: batch }, () => instance.callAsync(hook, frame)));
      for (const answer of answers) decodeMessages(answer, guestLimits);
      best = Math.min(best, ((performance.now() - before) * 1000) / batch);
    }
    line(`in another thread, ${batch} at a time (wall)`, `${best.toFixed(1)} µs`);
  }
  line('in another thread, the first answer (wall)', `${first.toFixed(0)} ms`);
}
await isolated();

async function memory(name: string, bytes: Buffer, limit?: number): Promise<void> {
  const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});
  collect();
  const before = process.memoryUsage().rss;
  const instances = [];
  const startedAt = performance.now();
  for (let i = 0; i < FUNCTIONS; i++) {
    // Fifty different modules, as far as the compiler can tell.
    const mark = Buffer.from([0, 5, 2, 0x66, 0x6e, i >> 8, i & 255]);
    const instance = (await load(Buffer.concat([bytes, mark]), 'inline', limit)).instantiate(quietHost());
    instance.call('on_message', encodeMessageInput(message, undefined, 'upstream', 0));
    instances.push(instance);
  }
  const ms = performance.now() - startedAt;
  collect();
  const rss = process.memoryUsage().rss - before;
  const linear = instances.reduce((sum, instance) => sum + instance.memory, 0);
  line(
    `${FUNCTIONS} functions, ${name}`,
    `rss +${(rss / 1e6).toFixed(1)} MB, ${(linear / 1e6).toFixed(1)} MB of it linear memory at most; all ready in ${ms.toFixed(0)} ms`,
  );
  for (const instance of instances) instance[Symbol.dispose]();
}
await memory('C', cGuest('echo.c'));
await memory('AssemblyScript with waPC', wapc);
if (process.argv.includes('--quickjs')) {
  const bytes = quickjsGuest();
  const startedAt = performance.now();
  const module = await load(bytes, 'inline', 16 * 1024 * 1024);
  line(
    'QuickJS',
    `${(bytes.length / 1024).toFixed(0)} KiB, ready after ${(performance.now() - startedAt).toFixed(0)} ms`,
  );
  using instance = module.instantiate(quietHost());
  const script = guestMessage({ payload: 'JSON.stringify({ t: 1 + 1 })' });
  const frame = Buffer.from(encodeMessageInput(script, undefined, 'upstream', 0));
  const us = perCall(() => void instance.call('on_message', frame), 4_000);
  line('QuickJS, a line compiled and run for each message', `${us.toFixed(1)} µs  fuel ${instance.fuelUsed}`);
}
