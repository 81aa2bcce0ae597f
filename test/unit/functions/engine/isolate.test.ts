import t, { type Test } from 'tap';
import type { Capability, FunctionInstance, FunctionLimits, HostCalls } from '../../../../src/core/function.js';
import { decodeMessages, encodeMessageInput } from '../../../../src/functions/engine/abi/message-frames.js';
import { limitedLog } from '../../../../src/functions/engine/isolate/limited-log.js';
import { compile } from '../../../../src/functions/engine/module.js';
import { cGuest, guestLimits, guestMessage, quietHost } from '../../../support/guests.js';
import { needs } from '../../../support/peers.js';

async function started(
  t: Test,
  bytes: Buffer,
  options: { limits?: Partial<FunctionLimits>; grants?: readonly Capability[]; host?: HostCalls } = {},
): Promise<FunctionInstance> {
  const limits = { ...guestLimits, ...options.limits };
  const module = await compile(bytes, { limits, grants: new Set(options.grants), isolate: 'worker' });
  t.equal(module.isAsync, true);
  const instance = module.instantiate(options.host ?? quietHost());
  t.teardown(() => instance[Symbol.dispose]());
  return instance;
}

async function ask(instance: FunctionInstance, payload: string, signal?: AbortSignal): Promise<string | undefined> {
  const frame = encodeMessageInput(guestMessage({ payload }), undefined, 'upstream', 0);
  const answer = await instance.callAsync('on_message', frame, signal);
  return decodeMessages(answer, guestLimits)[0]?.payload.toString();
}

const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'answered',
    (error: { trap?: string }) => error.trap,
  );

t.test('many calls come back in order, each with its own answer', needs('clang', 'wasm-ld'), async (t) => {
  const instance = await started(t, cGuest('echo.c'));
  const order: number[] = [];
  const calls = Array.from({ length: 700 }, async (_, index) => {
    t.equal(await ask(instance, `message ${index}`), `message ${index}`);
    order.push(index);
  });
  await Promise.all(calls);
  t.strictSame(
    order,
    [...order].sort((a, b) => a - b),
  );
  t.ok(instance.fuelUsed > 0);
  t.ok(instance.memory > 0);
  t.throws(() => instance.call('on_message', Buffer.alloc(0)), { name: 'TypeError', message: /callAsync/ });
});

t.test('traps of the other thread come back by name', needs('clang', 'wasm-ld'), async (t) => {
  const lines: string[] = [];
  const instance = await started(t, cGuest('hostile.c'), { host: quietHost(lines) });
  for (const [payload, trap] of [
    ['l', 'fuel'],
    ['m', 'memory'],
    ['s', 'stack'],
    ['o', 'output'],
    ['u', 'unreachable'],
    ['-', 'refused'],
  ] as const) {
    await t.rejects(ask(instance, payload), { name: 'FunctionTrap', trap });
    t.equal(await ask(instance, 'hello'), 'hello');
  }
  t.equal(await ask(instance, '0'), undefined);
});

t.test(
  'a call past its deadline ends the thread, and costs nobody else a call',
  needs('clang', 'wasm-ld'),
  async (t) => {
    const limits = { fuel: 0x7fff_ffff, deadline: 150 };
    const bad = await started(t, cGuest('hostile.c'), { limits });
    const good = await started(t, cGuest('echo.c'));
    t.equal(await ask(good, 'before'), 'before');
    const first = outcome(ask(bad, 'l'));
    const waiting = Array.from({ length: 50 }, (_, index) => ask(good, `w${index}`));
    const behind = ask(bad, 'hello');
    t.equal(await first, 'deadline');
    t.strictSame(
      await Promise.all(waiting),
      Array.from({ length: 50 }, (_, index) => `w${index}`),
    );
    t.equal(await behind, 'hello', 'its own calls that had not begun are made as well');
    const second = outcome(ask(bad, 'l'));
    t.equal(await ask(good, 'after'), 'after', 'it is alone now: the other does not wait for it');
    t.equal(await second, 'deadline');
  },
);

t.test('answers from before the call that ends the thread are not lost', needs('clang', 'wasm-ld'), async (t) => {
  const bad = await started(t, cGuest('hostile.c'), { limits: { fuel: 0x7fff_ffff, deadline: 150 } });
  const good = await started(t, cGuest('echo.c'));
  const kept = new Map<string, Buffer>();
  let changes = 0;
  const host: HostCalls = {
    ...quietHost(),
    kvGet: (key) => kept.get(key),
    kvSet: (key, value) => ++changes > 0 && kept.set(key, Buffer.from(value)).size > 0,
    kvDelete: (key) => void kept.delete(key),
  };
  const counter = await started(t, cGuest('counter.c'), { grants: ['kv'], host });
  await Promise.all([ask(good, 'warm'), ask(counter, 'warm'), ask(bad, 'warm')]);
  const echoed: Promise<unknown>[] = [];
  const counted: Promise<unknown>[] = [];
  for (let i = 0; i < 20; i++) {
    echoed.push(ask(good, `e${i}`));
    counted.push(ask(counter, 'x'));
  }
  t.equal(await outcome(ask(bad, 'l')), 'deadline');
  t.strictSame(
    await Promise.all(echoed),
    Array.from({ length: 20 }, (_, index) => `e${index}`),
  );
  t.strictSame(
    await Promise.all(counted),
    Array.from({ length: 20 }, (_, index) => `a${index + 2}`),
  );
  t.equal(changes, 21, 'what changes something is done once');
});

t.test(
  'a function that waits is watched as well: at its start, and before and after it waits',
  needs('clang', 'wasm-ld'),
  async (t) => {
    const limits = { fuel: 0x7fff_ffff, deadline: 150 };
    const host = { ...quietHost(), http: (request: string) => Promise.resolve(request) };
    const good = await started(t, cGuest('echo.c'));
    const bad = await started(t, cGuest('fetch.c'), { limits, host, grants: ['http'] });
    t.equal(await outcome(ask(bad, 'x')), 'answered');
    t.equal(await ask(good, 'warm'), 'warm');
    const [before, ...others] = [outcome(ask(bad, 'l')), ask(good, '1'), ask(good, '2')];
    t.equal(await before, 'deadline');
    t.strictSame(await Promise.all(others), ['1', '2']);
    host.http = () => Promise.resolve('long');
    const calls = [outcome(ask(bad, 'x')), outcome(ask(bad, 'y'))];
    t.strictSame(await Promise.all(calls), ['deadline', 'ended'], 'only the one that runs is to blame');
    host.http = (request) => Promise.resolve(request);
    t.equal(await outcome(ask(bad, 'z')), 'answered');
    const never = await started(t, cGuest('fetch.c', ['-O2', '-DSTART']), { limits, host, grants: ['http'] });
    t.equal(await outcome(ask(never, 'x')), 'deadline');
  },
);

t.test('who waits in a thread that another one ends has not failed', needs('clang', 'wasm-ld'), async (t) => {
  const waits = Promise.withResolvers<string>();
  const asked = Promise.withResolvers<void>();
  const http = () => {
    asked.resolve();
    return waits.promise;
  };
  const host: HostCalls = { ...quietHost(), http };
  const waiting = await started(t, cGuest('fetch.c'), { host, grants: ['http'], limits: { deadline: 60_000 } });
  const bad = await started(t, cGuest('hostile.c'), { limits: { fuel: 0x7fff_ffff, deadline: 150 } });
  const call = outcome(ask(waiting, 'x'));
  await asked.promise;
  t.equal(await outcome(ask(bad, 'l')), 'deadline');
  t.equal(await call, 'ended');
  waits.resolve('given');
  t.equal(await outcome(ask(waiting, 'x')), 'answered');
});

t.test('a call that has been ended has no effect any more', needs('clang', 'wasm-ld'), async (t) => {
  const limits = { fuel: 0x7fff_ffff, deadline: 20 };
  for (let round = 0; round < 20; round++) {
    let isOver = false;
    let late = 0;
    const host: HostCalls = { ...quietHost(), publish: () => (isOver ? ++late : 0) };
    const storm = await started(t, cGuest('storm.c'), { limits, host, grants: ['publish'] });
    t.equal(await outcome(ask(storm, 'x')), 'deadline');
    isOver = true;
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    t.equal(late, 0);
    storm[Symbol.dispose]();
  }
});

t.test('lines are limited in the other thread already', needs('clang', 'wasm-ld'), async (t) => {
  const lines: string[] = [];
  const instance = await started(t, cGuest('hostile.c'), { host: quietHost(lines) });
  t.equal(await outcome(ask(instance, 'L')), 'fuel');
  t.ok(lines.length > 0 && lines.length < 300, `${lines.length} lines`);
});

t.test('what was left out is said with the next line; long lines are cut', async (t) => {
  const posted: [number, string][] = [];
  let now = 0;
  const log = limitedLog((level, text) => posted.push([level, text]), { monotonic: () => now });
  for (let i = 0; i < 150; i++) log(1, `line ${i}`);
  t.equal(posted.length, 100);
  now = 1_000;
  log(3, 'x'.repeat(100_000));
  t.strictSame(posted.slice(100), [
    [2, '50 lines were left out: more than 50 per second'],
    [3, 'x'.repeat(1_001)],
  ]);
});

t.test('calls of the host are answered across the threads', needs('clang', 'wasm-ld'), async (t) => {
  const kept = new Map<string, string>();
  const published: number[] = [];
  const lines: string[] = [];
  const host: HostCalls = {
    ...quietHost(lines),
    config: (key) => `{"${key}":2}`,
    kvGet: (key) => (kept.has(key) ? Buffer.from(kept.get(key)!) : undefined),
    kvSet: (key, value) => kept.set(key, value.toString()).size < 2,
    kvDelete: (key) => void kept.delete(key),
    publish: (record) => published.push(record.length) - 1,
    pointRead: () => undefined,
    pointCommand: () => -1,
  };
  const instance = await started(t, cGuest('capable.c'), { grants: ['kv', 'publish', 'points'], host });
  t.equal(await ask(instance, 'one'), ';{"factor":2};;AA@N');
  t.equal(await ask(instance, 'two'), 'one;{"factor":2};;AB@N');
  t.strictSame([...kept], [['a/b', 'two']]);
  t.equal(published.length, 2);
  t.strictSame(lines, ['done', 'done']);
  host.kvGet = () => {
    throw new Error('the disk is full');
  };
  await t.rejects(ask(instance, 'x'), { name: 'FunctionTrap', trap: 'host', message: /the disk is full/ });
});

t.test('what is given up, and what is unloaded, does not hang', needs('clang', 'wasm-ld'), async (t) => {
  const instance = await started(t, cGuest('echo.c'));
  t.equal(await outcome(ask(instance, 'x', AbortSignal.abort())), 'deadline');
  const aborter = new AbortController();
  const call = outcome(ask(instance, 'y', aborter.signal));
  aborter.abort();
  t.equal(await call, 'deadline');
  const last = outcome(ask(instance, 'z'));
  instance[Symbol.dispose]();
  t.equal(await last, 'crashed');
  await t.rejects(ask(instance, 'z'), { message: /disposed/ });
});

t.test(
  'calls that have not begun can be abandoned; the one that runs ends by itself',
  needs('clang', 'wasm-ld'),
  async (t) => {
    const limits = { fuel: 0x7fff_ffff, deadline: 150 };
    const instance = await started(t, cGuest('hostile.c'), { limits });
    const first = outcome(ask(instance, 'l'));
    const others = Array.from({ length: 20 }, () => ask(instance, 'l').catch((error: unknown) => error));
    const reason = new Error('enough');
    const last = ask(instance, 'l').catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    instance.abandon(reason);
    t.equal(await last, reason);
    t.ok((await Promise.all(others)).every((one) => one === reason));
    t.equal(await first, 'deadline');
    t.equal(await ask(instance, 'hello'), 'hello');
    // None has begun while all are here.
    const here = [1, 2].map(() => ask(instance, 'l').catch((error: unknown) => error));
    instance.abandon(reason);
    t.strictSame(await Promise.all(here), [reason, reason]);
    // What is in the other thread already is watched there.
    const late = [outcome(ask(instance, 'hello')), ask(instance, 'l').catch((error: unknown) => error)];
    await new Promise((resolve) => setImmediate(resolve));
    instance.abandon(reason);
    t.strictSame(await Promise.all(late), ['answered', reason]);
    t.equal(await ask(instance, 'hello'), 'hello');
    const module = await compile(cGuest('echo.c'), { limits: guestLimits, grants: new Set(), isolate: 'inline' });
    using inline = module.instantiate(quietHost());
    const calls = [1, 2].map((i) => ask(inline, `${i}`).catch((error: unknown) => error));
    inline.abandon(reason);
    t.strictSame(await Promise.all(calls), [reason, reason]);
    t.equal(await ask(inline, 'hello'), 'hello');
  },
);

t.test('more calls than may wait are turned away', needs('clang', 'wasm-ld'), async (t) => {
  const instance = await started(t, cGuest('echo.c'), { limits: { queue: 3 } });
  const calls = Array.from({ length: 5 }, (_, index) => outcome(ask(instance, String(index))));
  t.strictSame(await Promise.all(calls), ['answered', 'answered', 'answered', 'host', 'host']);
  t.equal(await ask(instance, 'again'), 'again');
});

t.test('a large module is checked in another thread, with the same outcome', needs('clang', 'wasm-ld'), async (t) => {
  const bytes = cGuest('echo.c', ['-O2', '-DPAD=400000']);
  t.ok(bytes.length > 400_000);
  const options = { limits: guestLimits, grants: new Set<Capability>(), isolate: 'inline' } as const;
  using instance = (await compile(bytes, options)).instantiate(quietHost());
  const frame = encodeMessageInput(guestMessage(), undefined, 'upstream', 0);
  t.equal(decodeMessages(instance.call('on_message', frame), guestLimits)[0]?.topic, 'a/b');
  const small = { ...options, limits: { ...guestLimits, memory: 65_536 } };
  await t.rejects(compile(bytes, small), { name: 'GatewayError', code: 'FUNCTION_MODULE_LIMIT', fault: 'config' });
  const damaged = Buffer.concat([bytes.subarray(0, 100), Buffer.alloc(300_000)]);
  await t.rejects(compile(damaged, options), { name: 'GatewayError', code: 'FUNCTION_MODULE_INVALID' });
});
