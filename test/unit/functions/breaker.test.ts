import { join } from 'node:path';
import t, { type Test } from 'tap';
import { FunctionTrap } from '../../../src/core/function.js';
import { type FakeHooks, onMessage } from '../../support/fake-function.js';
import { Bench, someone, upstream } from './support.js';

const trap = (): never => {
  throw new FunctionTrap('fuel', 'it took more than 5000000 steps');
};

/** A gateway with one function, whose breaker opens with its first failure. */
async function opensAtOnce(t: Test, hooks: FakeHooks): Promise<Bench> {
  const breaker = { traps: 1, time: 1_000, within: 1_000, rest: 5_000 };
  const bench = new Bench({ f: { on: upstream('#'), hooks, config: { breaker } } }, { folder: t.testdir() });
  await bench.start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  return bench;
}

t.test('the breaker: traps within a time, then rest, then one try', async (t) => {
  let isMended = false;
  let calls = 0;
  const hooks = onMessage(({ topic, payload }) => {
    calls++;
    return isMended ? [{ topic, payload }] : trap();
  });
  const breaker = { traps: 3, time: 1_000, within: 1_000, rest: 5_000 };
  const bench = await new Bench(
    { f: { on: upstream('#'), hooks, config: { breaker, onError: 'pass' } } },
    { folder: t.testdir() },
  ).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  await bench.pass('a');
  await bench.pass('a');
  await bench.clock.advance(1_001);
  await bench.pass('a');
  t.equal(bench.functions.function('f').state, 'up', 'the first two are too long ago');
  await bench.pass('a');
  await bench.pass('a');
  t.equal(calls, 5);
  t.match(bench.functions.function('f'), { state: 'open', error: { code: 'FUNCTION_BREAKER_OPEN' } });
  t.match(bench.functions.alarms(), [
    { subject: 'function:f', severity: 'error', error: { code: 'FUNCTION_BREAKER_OPEN' } },
  ]);
  t.strictSame(await bench.pass('a x'), ['a x'], 'the policy applies');
  t.equal(calls, 5, 'it was not asked');
  await bench.clock.advance(5_000);
  await bench.pass('a');
  t.equal(calls, 6, 'one try');
  t.equal(bench.functions.function('f').state, 'open');
  await bench.pass('a');
  t.equal(calls, 6);
  isMended = true;
  await bench.clock.advance(5_000);
  await bench.pass('a');
  t.equal(bench.functions.function('f').state, 'up');
  t.strictSame(bench.functions.alarms(), []);
  t.strictSame(bench.functions.function('f').failures, { fuel: 6, open: 2 });
});

for (const { where, more, opensAt } of [
  { where: 'in the path', more: {}, opensAt: 2 },
  { where: 'in a worker', more: { options: { turns: 1 } }, opensAt: 5 },
]) {
  t.test(`the breaker: what fails ${where} and takes its time`, async (t) => {
    const hooks = onMessage(() => {
      bench.clock.pass(6);
      return trap();
    });
    const breaker = { traps: 5, time: 10, within: 60_000, rest: 5_000 };
    const bench = await new Bench(
      { f: { on: upstream('#'), hooks, config: { breaker, onError: 'pass' }, ...more } },
      { folder: t.testdir() },
    ).start();
    t.teardown(() => bench.functions[Symbol.asyncDispose]());
    for (let call = 1; call <= opensAt; call++) {
      t.equal(bench.functions.function('f').state, 'up', `before call ${call}`);
      await bench.pass('a');
    }
    t.equal(bench.functions.function('f').state, 'open');
  });
}

t.test(
  'the breaker: at the door it is the number that counts, until a version has decided about somebody',
  async (t) => {
    const on = { type: 'connect' as const, listeners: undefined };
    const hooks = {
      on_connect: () => {
        bench.clock.pass(500);
        return trap();
      },
    };
    const breaker = { traps: 5, time: 10, within: 60_000, rest: 5_000 };
    const bench = await new Bench({ f: { on, hooks, config: { breaker } } }, { folder: t.testdir() }).start();
    t.teardown(() => bench.functions[Symbol.asyncDispose]());
    for (let call = 1; call <= 5; call++) {
      t.equal(bench.functions.function('f').state, 'up', `before call ${call}`);
      t.match(await bench.functions.connect!.decide(someone), { decision: 'deny', isFailure: true });
    }
    t.equal(bench.functions.function('f').state, 'open');
  },
);

t.test('the breaker: who makes a function at the door fail does not keep out the others', async (t) => {
  const on = { type: 'connect' as const, listeners: undefined };
  const allow = Buffer.from([1, 0, 0]);
  const unreadable = Buffer.from([7]);
  const answers: Readonly<Record<string, () => Buffer>> = { trap, unreadable: () => unreadable };
  const hooks = {
    on_connect: (frame: Buffer) => Object.entries(answers).find(([name]) => frame.includes(name))?.[1]() ?? allow,
  };
  const breaker = { traps: 2, time: 10, within: 60_000, rest: 5_000 };
  const bench = await new Bench({ f: { on, hooks, config: { breaker } } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  const login = (userName: string) => bench.functions.connect!.decide({ ...someone, userName });
  t.match(await login('anna'), { decision: 'allow' });
  for (let i = 0; i < 5; i++) {
    for (const name of Object.keys(answers)) t.match(await login(name), { decision: 'deny', isFailure: true }, name);
  }
  t.match(await login('anna'), { decision: 'allow' });
  t.match(bench.functions.function('f'), { state: 'up', failures: { fuel: 5, output: 5 } });
});

t.test(
  'the breaker: one failure proves nothing, however long it took; two that are far apart do not add up',
  async (t) => {
    const hooks = onMessage(() => {
      bench.clock.pass(500);
      return trap();
    });
    const breaker = { traps: 5, time: 10, within: 2_000, rest: 5_000 };
    const bench = await new Bench(
      { f: { on: upstream('#'), hooks, config: { breaker } } },
      { folder: t.testdir() },
    ).start();
    t.teardown(() => bench.functions[Symbol.asyncDispose]());
    for (let i = 0; i < 3; i++) {
      await bench.pass('a');
      t.equal(bench.functions.function('f').state, 'up');
      await bench.clock.advance(2_001);
    }
    await bench.pass('a');
    await bench.pass('a');
    t.equal(bench.functions.function('f').state, 'open');
  },
);

t.test('what a function refuses is counted, and opens no breaker', async (t) => {
  const hooks = onMessage(() => {
    throw new FunctionTrap('refused', 'no JSON');
  });
  const bench = await new Bench({ f: { on: upstream('#'), hooks } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  for (let i = 0; i < 50; i++) await bench.pass('a');
  t.match(bench.functions.function('f'), { state: 'up', failures: { refused: 50 } });
});

t.test('an answer that only refuses its input closes the breaker as any other', async (t) => {
  let answer = trap as () => never;
  const hooks = onMessage(() => answer());
  const bench = await opensAtOnce(t, hooks);
  await bench.pass('a');
  t.equal(bench.functions.function('f').state, 'open');
  await bench.clock.advance(5_000);
  answer = () => {
    throw new FunctionTrap('refused', 'no JSON');
  };
  await bench.pass('a');
  t.equal(bench.functions.function('f').state, 'up');
  await bench.pass('a');
  t.match(bench.functions.function('f').failures, { fuel: 1, refused: 2 });
});

t.test('what waits when the breaker opens is not asked either', async (t) => {
  let calls = 0;
  const hooks = onMessage(() => {
    calls++;
    return trap();
  });
  for (const needs of [[], ['publish']]) {
    calls = 0;
    const breaker = { traps: 2, time: 1_000, within: 60_000, rest: 5_000 };
    const wish = {
      on: upstream('#'),
      hooks,
      options: { turns: 1, needs },
      config: { breaker, onError: 'pass' },
    } as const;
    const bench = await new Bench({ f: wish }, { folder: join(t.testdirName, String(needs.length)) }).start();
    t.teardown(() => bench.functions[Symbol.asyncDispose]());
    const out = await Promise.all(Array.from({ length: 50 }, (_, i) => bench.pass(`a ${i}`)));
    t.strictSame(
      out.flat(),
      Array.from({ length: 50 }, (_, i) => `a ${i}`),
    );
    t.ok(calls <= 3, `${calls} calls`);
    t.match(bench.functions.function('f'), { state: 'open', waiting: 0 });
  }
});

t.test('a call that ended with the thread of another opens no breaker, and is no try', async (t) => {
  let answer = trap as () => never;
  const hooks = onMessage(() => answer());
  const bench = await opensAtOnce(t, hooks);
  const ended = () => {
    throw new FunctionTrap('ended', 'its thread was ended because of another call');
  };
  answer = ended;
  for (let i = 0; i < 5; i++) await bench.pass('a');
  t.match(bench.functions.function('f'), { state: 'up', failures: { ended: 5 } });
  answer = trap;
  await bench.pass('a');
  await bench.clock.advance(5_000);
  answer = ended;
  for (let i = 0; i < 2; i++) await bench.pass('a');
  t.match(bench.functions.function('f'), { state: 'half-open', failures: { ended: 7, fuel: 1 } }, 'each was asked');
});
