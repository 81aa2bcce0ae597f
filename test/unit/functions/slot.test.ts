import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { GatewayError } from '../../../src/core/errors.js';
import { FunctionTrap } from '../../../src/core/function.js';
import { functionError } from '../../../src/functions/errors.js';
import { registryError } from '../../../src/functions/registry/errors.js';
import { digestOf } from '../../../src/functions/version-folder.js';
import { FakeCompiler, fakeLimits, onMessage } from '../../support/fake-function.js';
import { Bench, settle, upstream } from './support.js';

const suffix = (end: string) => onMessage(({ topic, payload }) => [{ topic, payload: payload + end }]);
const trap = (): never => {
  throw new FunctionTrap('fuel', 'it took more than 5000000 steps');
};

t.test('a function that cannot be loaded is down; the others are not', async (t) => {
  const folder = t.testdir();
  const bench = new Bench(
    {
      hookless: { on: upstream('a/#'), hooks: { on_timer: () => undefined }, config: { onError: 'pass' } },
      broken: { on: upstream('b/#'), hooks: suffix(''), config: { onError: 'dead-letter' } },
      gone: { on: upstream('c/#'), hooks: suffix('') },
      good: { on: upstream('a/#'), hooks: suffix('!') },
    },
    { folder },
  );
  writeFileSync(join(folder, 'broken.wasm'), 'something else');
  rmSync(join(folder, 'gone.wasm'));
  await bench.start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  t.match(bench.functions.function('hookless'), {
    state: 'down',
    error: { code: 'FUNCTION_HOOK_MISSING', message: 'the module has no on_message; it has on_timer' },
  });
  t.match(bench.functions.function('gone'), { state: 'down', error: { code: 'FUNCTION_FILE' } });
  t.match(bench.functions.function('good'), { state: 'up' });
  t.match(bench.functions.status(), { state: 'degraded', reason: 'hookless, broken, gone: not asked' });
  t.strictSame(
    bench.functions.alarms().map(({ subject, severity }) => [subject, severity]),
    [
      ['function:hookless', 'error'],
      ['function:broken', 'error'],
      ['function:gone', 'error'],
    ],
  );
  t.strictSame(await bench.pass('a/1 x'), ['a/1 x!'], 'onError: pass');
  t.strictSame(await bench.pass('b/1 x'), []);
  t.strictSame(bench.published(), ['hpmq/gw/$dead/broken x']);
  t.strictSame(await bench.pass('c/1 x'), []);
  t.throws(() => bench.functions.function('nobody'), { code: 'FUNCTION_UNKNOWN' });
});

t.test('what waits when a function is paused goes as if it were not there', async (t) => {
  const wish = { on: upstream('#'), hooks: suffix('!'), options: { turns: 2 } };
  const bench = await new Bench({ f: wish }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  const out = Promise.all([1, 2, 3].map((i) => bench.pass(`a ${i}`)));
  await new Promise((resolve) => setImmediate(resolve));
  await bench.functions.pause('f');
  t.strictSame((await out).flat(), ['a 1!', 'a 2', 'a 3']);
});

t.test('a function that does not answer does not hold up the end', async (t) => {
  const wish = { on: upstream('#'), hooks: suffix('!'), options: { hangs: true } };
  const bench = await new Bench({ f: wish }, { folder: t.testdir() }).start();
  void bench.pass('a 1');
  const second = bench.pass('a 2');
  await settle();
  const closed = bench.functions[Symbol.asyncDispose]();
  await settle();
  await bench.clock.advance(2_000);
  await closed;
  t.equal(bench.functions.function('f').state, 'down');
  void second;
});

t.test('deploy swaps between two messages; versions are kept, three of them; rollback goes back', async (t) => {
  const folder = t.testdir();
  const bench = await new Bench({ f: { on: upstream('#'), hooks: suffix('1') } }, { folder }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  for (const version of ['2', '3', '4']) {
    await bench.functions.deploy('f', bench.compiler.add(`v${version}`, suffix(version)), `v${version}`);
    t.strictSame(await bench.pass('a x'), [`a x${version}`]);
  }
  t.strictSame(
    bench.functions.function('f').versions.map(({ source, current }) => [source, current]),
    [
      ['v4', true],
      ['v3', false],
      ['v2', false],
    ],
  );
  t.equal(readdirSync(join(folder, 'data/functions/f')).length, 4, 'three modules and the state');
  await bench.functions.rollback('f');
  t.strictSame(await bench.pass('a x'), ['a x3']);
  await bench.functions.rollback('f');
  t.strictSame(await bench.pass('a x'), ['a x2']);
  await t.rejects(bench.functions.rollback('f'), { code: 'FUNCTION_NO_PREVIOUS' });
  t.strictSame(await bench.pass('a x'), ['a x2']);
});

t.test('an image that cannot be had is asked for again, later and later, until it is there', async (t) => {
  const compiler = new FakeCompiler();
  let asked = 0;
  let module: Buffer | undefined;
  const images = {
    resolve: async () => {
      asked++;
      if (module === undefined) throw functionError('FUNCTION_IMAGE', 'nobody answers');
      return module;
    },
    judge: async () => undefined,
  };
  const config = { source: { type: 'image', image: 'r.example.com/fn:1', digest: undefined } } as const;
  const wish = { on: upstream('#'), hooks: suffix('!'), config };
  const bench = await new Bench({ f: wish }, { folder: t.testdir(), compiler, images }).start();
  const shown = () => bench.functions.function('f');
  t.match(shown(), { state: 'down', error: { code: 'FUNCTION_IMAGE' } });
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 8; attempt++) {
    t.equal(asked, attempt);
    const wait = shown().retryAt! - bench.clock.now();
    waits.push(wait);
    const before = shown().retryAt;
    await bench.clock.advance(wait);
    while (asked === attempt || shown().retryAt === undefined || shown().retryAt === before) await settle();
  }
  t.ok(waits[0]! >= 15_000 && waits[0]! <= 30_000, `${waits[0]}`);
  t.ok(waits[7]! >= 300_000 && waits[7]! <= 600_000, `${waits[7]}`);
  module = compiler.add('of the image', suffix('?'));
  await bench.clock.advance(shown().retryAt! - bench.clock.now());
  // Until it is on disk.
  while (shown().state !== 'up' || shown().retryAt !== undefined) await settle();
  t.equal(shown().retryAt, undefined);
  t.strictSame(await bench.pass('a x'), ['a x?']);
  await bench.clock.advance(1_200_000);
  t.equal(asked, 10);
  // Before its folder is removed.
  await bench.functions[Symbol.asyncDispose]();
});

t.test('the version that ran last does not run where its signature does not count any more', async (t) => {
  const folder = t.testdir();
  const compiler = new FakeCompiler();
  const module = compiler.add('of the image', suffix('?'));
  let isReachable = true;
  let fault: GatewayError | undefined;
  const judged: string[] = [];
  const images = {
    resolve: async () => {
      if (!isReachable) throw functionError('FUNCTION_IMAGE', 'nobody answers');
      return module;
    },
    judge: async (image: string, digest: string) => {
      judged.push(`${image} ${digest}`);
      return fault;
    },
  };
  const config = { source: { type: 'image', image: 'r.example.com/fn:1', digest: undefined } } as const;
  const started = async () => {
    const bench = await new Bench(
      { f: { on: upstream('#'), hooks: suffix('!'), config } },
      { folder, compiler, images },
    ).start();
    const { state, error } = bench.functions.function('f');
    await bench.functions[Symbol.asyncDispose]();
    return { state, code: error?.code };
  };
  t.strictSame(await started(), { state: 'up', code: undefined });
  isReachable = false;
  t.strictSame(await started(), { state: 'up', code: undefined });
  t.strictSame(judged, [`r.example.com/fn:1 ${digestOf(module)}`]);
  fault = registryError('FUNCTION_IMAGE_SIGNATURE', 'signed by somebody else');
  t.strictSame(await started(), { state: 'down', code: 'FUNCTION_IMAGE_SIGNATURE' });
});

t.test('a version that is not fit is refused, and what ran goes on', async (t) => {
  const bench = await new Bench({ f: { on: upstream('#'), hooks: suffix('1') } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  const hookless = bench.compiler.add('hookless', { on_timer: () => undefined });
  await t.rejects(bench.functions.deploy('f', hookless, 'x'), { code: 'FUNCTION_HOOK_MISSING' });
  await t.rejects(bench.functions.deploy('f', Buffer.alloc(17 * 1_048_576), 'x'), { code: 'FUNCTION_TOO_LARGE' });
  t.strictSame(await bench.pass('a x'), ['a x1']);
  t.equal(bench.functions.function('f').versions.length, 1);
});

t.test(
  'the version that ran runs after a restart, without its source, until the configuration says something else',
  async (t) => {
    const folder = t.testdir();
    const compiler = new FakeCompiler();
    const wishes = { f: { on: upstream('#'), hooks: suffix('1') } };
    const first = await new Bench(wishes, { folder, compiler }).start();
    await first.functions.deploy('f', compiler.add('v2', suffix('2')), 'v2');
    await first.functions.deploy('f', compiler.add('v3', suffix('3')), 'v3');
    await first.functions.rollback('f');
    // No orderly end: what counts is on disk.
    const second = await new Bench(wishes, { folder, compiler }).start();
    t.strictSame(await second.pass('a x'), ['a x2']);
    t.strictSame(
      second.functions.function('f').versions.map(({ source }) => source),
      ['v3', 'v2', join(folder, 'f.wasm')],
    );
    await second.functions.rollback('f');
    t.strictSame(await second.pass('a x'), ['a x1']);
    await second.functions.deploy('f', compiler.add('v2', suffix('2')), 'v2');

    const third = new Bench(wishes, { folder, compiler });
    writeFileSync(join(folder, 'f.wasm'), compiler.add('edited', suffix('E')));
    await third.start();
    t.strictSame(await third.pass('a x'), ['a xE'], 'the file is another one');
    await third.functions.deploy('f', compiler.add('v4', suffix('4')), 'v4');

    const state = join(folder, 'data/functions/f/state.json');
    const { current } = JSON.parse(readFileSync(state, 'utf8'));
    writeFileSync(join(folder, 'data/functions/f', `${current.slice(7)}.wasm`), 'tampered');
    const fourth = new Bench(wishes, { folder, compiler });
    await fourth.start();
    t.strictSame(await fourth.pass('a x'), ['a x1'], 'a module that is not what its name says is not run');
    writeFileSync(state, '{"half');
    const fifth = await new Bench(wishes, { folder, compiler }).start();
    t.strictSame(await fifth.pass('a x'), ['a x1']);
    for (const { functions } of [first, second, third, fourth, fifth]) await functions[Symbol.asyncDispose]();
  },
);

t.test('a version that fails soon after it was deployed is rolled back by itself', async (t) => {
  const bench = await new Bench({ f: { on: upstream('#'), hooks: suffix('1') } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  await bench.functions.deploy('f', bench.compiler.add('bad', onMessage(trap)), 'bad');
  for (let i = 0; i < 5; i++) t.strictSame(await bench.pass('a x'), []);
  await settle();
  await bench.functions.function('f');
  t.strictSame(await bench.pass('a x'), ['a x1']);
  t.match(bench.functions.function('f'), {
    state: 'up',
    versions: [{ source: 'bad', failed: true, current: false }, { current: true }],
  });
  t.match(bench.functions.alarms(), [{ severity: 'warn', error: { code: 'FUNCTION_ROLLED_BACK' } }]);
  await bench.functions.deploy('f', bench.compiler.add('good', suffix('2')), 'good');
  t.strictSame(bench.functions.alarms(), []);
  await bench.functions.rollback('f');
  t.strictSame(await bench.pass('a x'), ['a x1'], 'not to what failed');
});

t.test('a version that has run for long is not rolled back', async (t) => {
  let isBroken = false;
  const hooks = onMessage(({ topic, payload }) => (isBroken ? trap() : [{ topic, payload }]));
  const bench = await new Bench({ f: { on: upstream('#'), hooks: suffix('1') } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  await bench.functions.deploy('f', bench.compiler.add('v2', hooks), 'v2');
  await bench.clock.advance(601_000);
  isBroken = true;
  for (let i = 0; i < 6; i++) await bench.pass('a x');
  await settle();
  t.match(bench.functions.function('f'), {
    state: 'open',
    versions: [{ source: 'v2', current: true, failed: false }, {}],
  });
});

t.test('calls under way end on the old version; nothing is lost, doubled or out of order', async (t) => {
  const events: string[] = [];
  const onInstance = (name: string) => (event: string) => events.push(`${name} ${event}`);
  for (const [from, to] of [
    [3, 0],
    [0, 3],
    [3, 1],
    [1, 3],
  ] as const) {
    events.length = 0;
    const limits = { ...fakeLimits, queue: 1_000 };
    const bench = await new Bench(
      {
        f: {
          on: upstream('#'),
          hooks: suffix('-old'),
          options: { turns: from, onInstance: onInstance('old') },
          config: { limits },
        },
      },
      { folder: t.testdir() },
    ).start();
    const out: string[] = [];
    const pending: Promise<unknown>[] = [];
    const send = (i: number) => pending.push(bench.pass(`a ${i}`).then((lines) => out.push(...lines)));
    for (let i = 0; i < 10; i++) send(i);
    const bytes = bench.compiler.add('new', suffix('-new'), { turns: to, onInstance: onInstance('new') });
    const deployed = bench.functions.deploy('f', bytes, 'new');
    for (let i = 10; i < 200; i++) {
      send(i);
      if (i % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await deployed;
    for (let i = 200; i < 210; i++) send(i);
    await Promise.all(pending);
    t.strictSame(
      out.map((line) => Number(/ (\d+)-/.exec(line)?.[1])),
      Array.from({ length: 210 }, (_, i) => i),
      `${from} → ${to}`,
    );
    const firstNew = out.findIndex((line) => line.endsWith('-new'));
    t.ok(firstNew > 0, 'both ran');
    t.ok(
      out.slice(firstNew).every((line) => line.endsWith('-new')),
      'and never the old one after the new one',
    );
    t.strictSame(events, ['old made', 'new made', 'old closed']);
    await bench.functions[Symbol.asyncDispose]();
    t.strictSame(events.at(-1), 'new closed');
  }
});

t.test('where a version hangs while it closes, what it has not begun goes to the new one, in order', async (t) => {
  for (const needs of [[], ['publish']]) {
    const events: string[] = [];
    const expiry = Promise.withResolvers<void>();
    const options = { expires: expiry.promise, needs, onInstance: (event: string) => events.push(event) };
    const wish = { on: upstream('#'), hooks: suffix('-old'), options, config: { onError: 'pass' } } as const;
    const bench = await new Bench({ f: wish }, { folder: t.testdir() }).start();
    const out: string[] = [];
    const pending: Promise<unknown>[] = [];
    const send = (i: number) => pending.push(bench.pass(`a ${i}`).then((lines) => out.push(...lines)));
    for (let i = 0; i < 5; i++) send(i);
    await settle();
    await bench.functions.deploy('f', bench.compiler.add('new', suffix('-new'), { turns: 1, needs }), 'new');
    for (let i = 5; i < 8; i++) send(i);
    await settle();
    t.strictSame(out, [], 'nobody overtakes');
    expiry.resolve();
    await Promise.all(pending);
    t.strictSame(out, ['a 0', ...[1, 2, 3, 4, 5, 6, 7].map((i) => `a ${i}-new`)], `needs ${needs}`);
    t.strictSame(events, ['made', 'closed'], 'the old one is closed');
    t.match(bench.functions.function('f'), { state: 'up', failures: { deadline: 1 }, waiting: 0 });
    await bench.functions[Symbol.asyncDispose]();
  }
});

t.test('who decides about connections cannot be paused', async (t) => {
  const bench = await new Bench(
    { auth: { on: { type: 'connect', listeners: undefined }, hooks: { on_connect: () => undefined } } },
    { folder: t.testdir() },
  ).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  await t.rejects(bench.functions.pause('auth'), { code: 'FUNCTION_NOT_PAUSABLE' });
  t.equal(bench.functions.function('auth').state, 'up');
});

t.test(
  'a disk that fails under the versions: the new version runs, an alarm says what a restart would lose',
  async (t) => {
    const folder = t.testdir();
    const bench = await new Bench({ f: { on: upstream('#'), hooks: suffix('1') } }, { folder }).start();
    t.teardown(() => bench.functions[Symbol.asyncDispose]());
    // Root may write where others may not, but nobody makes files below a file.
    const place = join(folder, 'data/functions/f');
    rmSync(place, { recursive: true });
    writeFileSync(place, 'in the way');
    const view = await bench.functions.deploy('f', bench.compiler.add('v2', suffix('2')), 'v2');
    t.equal(view.state, 'up');
    t.strictSame(await bench.pass('a x'), ['a x2']);
    t.match(bench.functions.alarms(), [
      { subject: 'function:f', severity: 'warn', error: { code: 'FUNCTION_STATE', message: /cannot be kept/ } },
    ]);
    await bench.functions.rollback('f');
    t.strictSame(await bench.pass('a x'), ['a x1'], 'the version before is in memory');
    rmSync(place);
    mkdirSync(place);
    await bench.functions.deploy('f', bench.compiler.add('v3', suffix('3')), 'v3');
    t.strictSame(bench.functions.alarms(), [], 'the disk is well again');
    t.ok(readdirSync(place).includes('state.json'));
  },
);
