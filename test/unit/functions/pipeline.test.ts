import t from 'tap';
import { FunctionTrap } from '../../../src/core/function.js';
import { fakeLimits, onMessage, output, readInput } from '../../support/fake-function.js';
import { Bench, message, settle, text, upstream } from './support.js';

const suffix = (end: string) => onMessage(({ topic, payload }) => [{ topic, payload: payload + end }]);

t.test(
  'what a function gives takes the place of the message, and goes on to the next function that wants it',
  async (t) => {
    const bench = await new Bench(
      {
        b: { on: upstream('raw/#'), hooks: onMessage(({ topic, payload }) => [{ topic: `norm/${topic}`, payload }]) },
        c: { on: upstream('norm/#'), hooks: suffix('+c') },
        a: { on: upstream('raw/#'), hooks: suffix('+a') },
      },
      { folder: t.testdir() },
    ).start();
    t.teardown(() => bench.functions[Symbol.asyncDispose]());
    t.equal(bench.functions.transform?.wants('raw/1'), true);
    t.equal(bench.functions.transform?.wants('other'), false);
    t.strictSame(await bench.pass('raw/1 x'), ['norm/raw/1 x+c']);
    t.strictSame(await bench.pass('norm/1 x'), ['norm/1 x+c']);
    t.strictSame(await bench.pass('other x'), ['other x']);
    // a comes behind b in the configuration: what b sends to norm/ it never sees.
    t.equal(bench.functions.function('a').calls, 0);
  },
);

t.test('QoS, retain, properties, expiry and origin of the input can be kept, and none is invented', async (t) => {
  const bench = await new Bench(
    {
      f: {
        on: upstream('#'),
        hooks: {
          on_message: (frame) => {
            const input = readInput(frame);
            return output({ ...input, topic: 'out' }, { topic: 'bare', payload: input.previous ?? 'none' });
          },
        },
      },
    },
    { folder: t.testdir() },
  ).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  const given = message({
    topic: 'in',
    payload: '1',
    qos: 2,
    retain: true,
    origin: 'device:boiler',
    expiresAt: Date.UTC(2026, 0, 1) + 1_500,
    properties: {
      payloadFormatIndicator: true,
      contentType: 'text/plain',
      responseTopic: 'r',
      correlationData: Buffer.from([1, 2]),
      userProperties: [
        ['a', '1'],
        ['a', '2'],
      ],
    },
  });
  const [full, bare] = await bench.functions.transform!.apply(given);
  t.strictSame({ ...full, topic: 'in' }, { ...given }, 'all of it came through');
  t.match(bare, { topic: 'bare', qos: 0, retain: false, properties: undefined, expiresAt: Number.POSITIVE_INFINITY });
  t.equal(bare?.origin, 'device:boiler');
  t.equal(bare?.payload.toString(), 'none');
  t.equal((await bench.pass('in 2'))[1], 'bare 1', 'the payload before on this topic');
  t.equal((await bench.pass('in2 3'))[1], 'bare none');
});

t.test('directions: links are downstream, clients and devices upstream, the gateway itself passes by', async (t) => {
  const mark = (name: string) =>
    onMessage(({ topic, payload, direction }) => [{ topic, payload: `${payload}${name}${direction}` }]);
  const bench = await new Bench(
    {
      up: { on: upstream('#'), hooks: mark('u') },
      down: { on: { type: 'path', direction: 'downstream', filter: '#' }, hooks: mark('d') },
      both: { on: { type: 'path', direction: 'both', filter: '#' }, hooks: mark('b') },
      door: { on: { type: 'link', link: 'cloud', direction: 'out', filter: 'a/#' }, hooks: mark('l') },
    },
    { folder: t.testdir() },
  ).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  t.strictSame(await bench.pass({ topic: 'a', origin: 'device:d' }), ['a u0b0']);
  t.strictSame(await bench.pass({ topic: 'a', origin: 'link:cloud' }), ['a d1b1']);
  t.strictSame(await bench.pass({ topic: 'a', origin: 'gateway:gw' }), ['a ']);
  t.equal(bench.functions.linkTransform('cloud', 'in'), undefined);
  t.equal(bench.functions.linkTransform('other', 'out'), undefined);
  const door = bench.functions.linkTransform('cloud', 'out')!;
  t.equal(door.wants('b'), false);
  t.strictSame((await door.apply(message('a x'))).map(text), ['a xl0']);
});

t.test('a failure costs the message its turn, as onError says', async (t) => {
  const trap = {
    on_message: () => {
      throw new FunctionTrap('unreachable', 'wasm trap');
    },
  };
  for (const [onError, expected] of [
    ['pass', ['a 1+']],
    ['drop', []],
    ['dead-letter', []],
  ] as const) {
    const bench = await new Bench(
      { bad: { on: upstream('#'), hooks: trap, config: { onError } }, next: { on: upstream('#'), hooks: suffix('+') } },
      { folder: t.testdir() },
    ).start();
    t.strictSame(await bench.pass('a 1'), expected, onError);
    const view = bench.functions.function('bad');
    t.strictSame(view.failures, { unreachable: 1 });
    t.match(view.lastFailure, { cause: 'unreachable', message: 'wasm trap' });
    t.match(bench.functions.logs('bad').at(-1), { level: 'error', text: 'unreachable: wasm trap' });
    t.strictSame(
      [view.passed, view.dropped, view.deadLetters],
      [onError === 'pass' ? 1 : 0, onError === 'drop' ? 1 : 0, onError === 'dead-letter' ? 1 : 0],
    );
    if (onError === 'dead-letter') {
      t.strictSame(bench.published(), ['hpmq/gw/$dead/bad 1']);
      t.match(bench.router.messages[0]?.properties?.userProperties, [
        ['function', 'bad'],
        ['cause', 'unreachable'],
        ['reason', 'wasm trap'],
        ['topic', 'a'],
        ['origin', 'client:c'],
      ]);
    } else t.strictSame(bench.published(), []);
    await bench.functions[Symbol.asyncDispose]();
  }
});

t.test(
  'a dead letter is waited for where it must be kept, and there are not more than a person could read',
  async (t) => {
    const bench = await new Bench(
      {
        bad: {
          on: upstream('#'),
          hooks: {
            on_message: () => {
              throw new FunctionTrap('refused', 'not mine');
            },
          },
          config: { onError: 'dead-letter' },
        },
      },
      { folder: t.testdir() },
    ).start();
    t.teardown(() => bench.functions[Symbol.asyncDispose]());
    const { promise, resolve } = Promise.withResolvers<void>();
    bench.router.stored = promise;
    let isDone = false;
    const made = Promise.resolve(bench.functions.transform!.apply(message({ topic: 'a', qos: 1 }))).then((messages) => {
      isDone = true;
      return messages;
    });
    await settle();
    t.equal(isDone, false);
    resolve();
    t.strictSame(await made, []);
    bench.router.stored = undefined;
    for (let i = 0; i < 500; i++) await bench.pass('a');
    const view = bench.functions.function('bad');
    t.equal(view.deadLetters, 200, 'two seconds of them at once');
    t.equal(view.rateLimited, 301);
    t.equal(view.failures.refused, 501);
  },
);

t.test('messages of one topic come out as they went in, where functions wait', async (t) => {
  const bench = await new Bench(
    {
      slow: { on: upstream('a/#'), hooks: suffix('-'), options: { turns: 3 } },
      quick: { on: upstream('b/#'), hooks: suffix('+') },
    },
    { folder: t.testdir() },
  ).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  const { transform } = bench.functions;
  const out: string[] = [];
  const given = Array.from({ length: 20 }, (_, i) => message(`${i % 2 === 0 ? 'a/1' : 'a/2'} ${i}`));
  await Promise.all(given.map(async (one) => out.push(...(await transform!.apply(one)).map(text))));
  for (const topic of ['a/1', 'a/2']) {
    const numbers = out.filter((line) => line.startsWith(topic)).map((line) => Number(/(\d+)-$/.exec(line)?.[1]));
    t.strictSame(
      numbers,
      numbers.toSorted((a, b) => a - b),
      topic,
    );
    t.equal(numbers.length, 10);
  }
  t.notOk(transform!.apply(message('b/1 x')) instanceof Promise, 'others do not wait');
});

t.test('a full queue is a failure like others', async (t) => {
  const bench = await new Bench(
    {
      slow: {
        on: upstream('#'),
        hooks: suffix('-'),
        options: { turns: 3 },
        config: { limits: { ...fakeLimits, queue: 2 }, onError: 'pass' },
      },
    },
    { folder: t.testdir() },
  ).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  const out = await Promise.all([1, 2, 3, 4].map((i) => bench.pass(`a ${i}`)));
  t.strictSame(out.flat(), ['a 1-', 'a 2-', 'a 3', 'a 4']);
  t.strictSame(bench.functions.function('slow').failures, { queue: 2 });
  t.equal(bench.functions.function('slow').waiting, 0);
});

t.test('outputs that are none are failures; more of them than the rate allows are dropped', async (t) => {
  const bench = await new Bench(
    {
      wild: { on: upstream('wild'), hooks: onMessage(() => [{ topic: 'a/+', payload: '' }]) },
      sys: { on: upstream('sys'), hooks: onMessage(() => [{ topic: '$SYS/broker', payload: '' }]) },
      short: { on: upstream('short'), hooks: { on_message: () => Buffer.from([1, 0, 0, 5]) } },
      many: {
        on: upstream('many'),
        hooks: onMessage(() => Array.from({ length: 101 }, () => ({ topic: 'x', payload: '' }))),
      },
      storm: {
        on: upstream('storm'),
        hooks: onMessage(() => Array.from({ length: 50 }, () => ({ topic: 'x', payload: '' }))),
        config: { limits: { ...fakeLimits, rate: 10 } },
      },
    },
    { folder: t.testdir() },
  ).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  for (const name of ['wild', 'sys', 'short', 'many']) {
    t.strictSame(await bench.pass(name), [], name);
    t.match(bench.functions.function(name).failures, { output: 1 });
  }
  t.equal((await bench.pass('storm')).length, 21, 'one, and two seconds of the rate');
  t.equal((await bench.pass('storm')).length, 1);
  t.equal(bench.functions.function('storm').rateLimited, 29 + 49);
});

t.test('a function that is paused is passed by, and the broker is told', async (t) => {
  const bench = await new Bench({ f: { on: upstream('#'), hooks: suffix('+') } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  let changes = 0;
  bench.functions.transform!.onChanged = () => changes++;
  await bench.functions.pause('f');
  t.equal(bench.functions.transform!.wants('a'), false);
  t.strictSame(await bench.pass('a 1'), ['a 1']);
  t.equal(bench.functions.function('f').state, 'paused');
  await bench.functions.resume('f');
  t.equal(bench.functions.transform!.wants('a'), true);
  t.strictSame(await bench.pass('a 1'), ['a 1+']);
  t.equal(changes, 2);
});
