import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import t from 'tap';
import { compileEarly, doNotOptimise, optimise, optimiseOnceConnected } from '../../../src/core/compile-early.js';
import { eventually } from '../../support/peers.js';

setFlagsFromString('--allow-natives-syntax');
/** V8's own answer, in functions that only its flag allows. */
const isOptimised = new Function('f', 'return %ActiveTierIsMaglev(f) || %ActiveTierIsTurbofan(f)') as (
  f: unknown,
) => boolean;

/** A function that nobody has run yet. */
function freshFunction(): (n: number) => number {
  return new Function('n', 'let sum = 0; for (let i = 0; i < n; i++) sum += i % 7; return sum;') as never;
}

/** Runs it often and lets the threads of the compilers hand over what they made. */
async function exercise(work: (n: number) => number): Promise<boolean> {
  for (let i = 0; i < 2_000; i++) work(20);
  await turn();
  return isOptimised(work);
}

t.afterEach(() => optimise());

t.test('what runs while a gateway starts is not optimised, and is as soon as it may be', async (t) => {
  compileEarly();
  doNotOptimise();
  const work = freshFunction();
  for (let i = 0; i < 20; i++) t.equal(await exercise(work), false);
  optimise();
  await eventually(() => exercise(work));
});

t.test('the first connection to any server ends the waiting', async (t) => {
  doNotOptimise();
  optimiseOnceConnected();
  const work = freshFunction();
  t.equal(await exercise(work), false);
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.teardown(() => {
    client.destroy();
    server.close();
  });
  await once(server, 'connection');
  await eventually(() => exercise(work));
});
