import t from 'tap';
import { FunctionTrap } from '../../../src/core/function.js';
import { Allowance } from '../../../src/functions/allowance.js';
import { fakeLimits, onMessage } from '../../support/fake-function.js';
import { Bench, someone, upstream } from './support.js';

t.test('all, until a call runs out of it; then little, until one succeeds', async (t) => {
  const allowance = new Allowance(1_600);
  t.equal(allowance.at(0), 1_600);
  allowance.ranOut(0);
  t.equal(allowance.at(1), 100);
  allowance.ranOut(1);
  t.equal(allowance.at(2), 100);
  allowance.succeeded(80);
  t.equal(allowance.at(3), 1_600);
  allowance.ranOut(3);
  t.equal(allowance.at(4), 160, 'twice what was ever needed');
  allowance.reset();
  t.equal(allowance.at(5), 1_600);
  allowance.succeeded(1_000);
  allowance.ranOut(6);
  t.equal(allowance.at(7), 1_600, 'never more than the limit');
});

t.test('little for a moment: one that is rare, and needs more, gets it', async (t) => {
  const allowance = new Allowance(1_600);
  allowance.ranOut(0);
  allowance.ranOut(900);
  t.equal(allowance.at(999), 100);
  t.equal(allowance.at(1_000), 1_600, 'a second after the call that had all');
});

t.test('the first call after a rest has all of it, and so has the first after a pause', async (t) => {
  const given: number[] = [];
  let isEndless = true;
  const endless = onMessage((message) => {
    if (isEndless) throw new FunctionTrap('fuel', 'the fuel of this call is used up');
    return [message];
  });
  const { fuel } = fakeLimits;
  const little = Math.ceil(fuel / 16);
  const breaker = { traps: 3, time: 3_600_000, within: 60_000, rest: 30_000 };
  const options = { onFuel: (amount: number) => void given.push(amount) };
  const wish = { on: upstream('#'), hooks: endless, options, config: { breaker } };
  const bench = await new Bench({ f: wish }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  const take = () => given.splice(0);
  for (let i = 0; i < 5; i++) await bench.pass('a x');
  t.strictSame(take(), [fuel, little, little], 'then it rests');
  await bench.clock.advance(30_000);
  isEndless = false;
  await bench.pass('a x');
  t.equal(bench.functions.function('f').state, 'up');
  isEndless = true;
  await bench.pass('a x');
  await bench.pass('a x');
  t.strictSame(take(), [fuel, fuel, little]);
  await bench.functions.pause('f');
  await bench.functions.resume('f');
  await bench.pass('a x');
  t.strictSame(take(), [fuel]);
});

t.test('at the door everybody has all of it: what runs out, here or there, keeps out nobody', async (t) => {
  const given: number[] = [];
  const on = [{ type: 'connect' as const, listeners: undefined }, upstream('#')];
  const trap = (): never => {
    throw new FunctionTrap('fuel', 'the fuel of this call is used up');
  };
  const hooks = { on_connect: trap, on_message: trap };
  const options = { onFuel: (amount: number) => void given.push(amount) };
  const bench = await new Bench({ f: { on, hooks, options } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  await bench.pass('a x');
  for (let i = 0; i < 2; i++) await bench.functions.connect!.decide(someone);
  await bench.pass('a x');
  const { fuel } = fakeLimits;
  t.strictSame(given, [fuel, fuel, fuel, Math.ceil(fuel / 16)]);
});
