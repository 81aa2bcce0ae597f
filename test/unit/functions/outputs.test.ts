/** What functions may say in the name of nobody but themselves: no commands, no states of gateways. */
import t, { type Test } from 'tap';
import type { FunctionConfig, FunctionTrigger } from '../../../src/core/config.js';
import { type FakeHooks, onMessage, output } from '../../support/fake-function.js';
import { Bench, upstream } from './support.js';

const reserved = [
  'hpmq/gw/boiler/setpoint/set',
  'hpmq/gw/boiler/set',
  'hpmq/other/boiler/setpoint/set',
  'hpmq/gw/$state',
  'hpmq/gw/$link/cloud',
  'hpmq/gw/boiler/$state',
];
const free = [
  'hpmq/gw/boiler/setpoint',
  'hpmq/gw/set',
  'hpmq/gw/a/b/c/set',
  'plant/boiler/set',
  'plant/$x',
  'x/hpmq/gw/a/set',
];

const toTopicOfPayload = onMessage(({ payload }) => [
  { topic: 'before', payload: '' },
  { topic: payload, payload: '1' },
]);
const grants = { kv: undefined, publish: undefined, points: undefined, http: undefined };

async function benchOf(
  t: Test,
  on: FunctionTrigger,
  hooks: FakeHooks,
  config: Partial<FunctionConfig> = {},
): Promise<Bench> {
  const breaker = { traps: 1_000, time: 1_000, within: 60_000, rest: 30_000 };
  const bench = await new Bench({ f: { on, hooks, config: { breaker, ...config } } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  return bench;
}

t.test('in the path: not in the place of something else, unless it is granted', async (t) => {
  const bench = await benchOf(t, upstream('raw'), toTopicOfPayload);
  for (const topic of reserved) t.strictSame(await bench.pass(`raw ${topic}`), [], topic);
  const view = bench.functions.function('f');
  t.match(view.failures, { output: reserved.length });
  t.match(view.lastFailure, {
    cause: 'output',
    message: 'it gave a message to hpmq/gw/boiler/$state, which grants.publish does not name',
  });
  for (const topic of free) t.strictSame(await bench.pass(`raw ${topic}`), ['before ', `${topic} 1`]);
});

t.test('in the path: what a client wrote to a topic of commands may be changed on its way', async (t) => {
  const hooks = onMessage(({ topic, payload }) => [
    { topic: payload.startsWith('/') ? `hpmq/gw${payload}` : topic, payload: 'checked' },
  ]);
  const bench = await benchOf(t, upstream('hpmq/#'), hooks);
  t.strictSame(await bench.pass('hpmq/gw/boiler/setpoint/set 4'), ['hpmq/gw/boiler/setpoint/set checked']);
  t.strictSame(await bench.pass('hpmq/gw/boiler/setpoint/set /boiler/other/set'), []);
  t.strictSame(await bench.pass('hpmq/gw/boiler/setpoint/set /pump/set'), []);
});

t.test('what is granted may be said; nothing else', async (t) => {
  const config = { grants: { ...grants, publish: ['hpmq/gw/boiler/+/set'] } };
  const bench = await benchOf(t, upstream('raw'), toTopicOfPayload, config);
  t.strictSame(await bench.pass('raw hpmq/gw/boiler/setpoint/set'), ['before ', 'hpmq/gw/boiler/setpoint/set 1']);
  t.strictSame(await bench.pass('raw hpmq/gw/pump/speed/set'), []);
});

t.test('what it fails at so goes where onError says', async (t) => {
  const bench = await benchOf(t, upstream('raw'), toTopicOfPayload, { onError: 'pass' });
  t.strictSame(await bench.pass('raw hpmq/gw/boiler/set'), ['raw hpmq/gw/boiler/set']);
});

t.test('beside the path, at a timer and at start', async (t) => {
  const beside = await benchOf(
    t,
    { type: 'subscribe', filter: '#' },
    onMessage(({ payload }) => [{ topic: payload, payload: '1' }]),
  );
  for (const topic of reserved) await beside.publish(`raw ${topic}`);
  await beside.publish('hpmq/gw/boiler/setpoint/set hpmq/gw/boiler/setpoint/set');
  t.notOk(beside.published().some((line) => line.endsWith(' 1')));
  await beside.publish('raw plant/x');
  t.ok(beside.published().includes('plant/x 1'));
  const topic = 'hpmq/gw/boiler/setpoint/set';
  const give = () => output({ topic, payload: '1' });
  for (const publish of [undefined, [topic]]) {
    const config = { grants: { ...grants, publish } };
    const expected = publish === undefined ? [] : [`${topic} 1`];
    const atStart = await benchOf(t, { type: 'start' }, { on_start: give }, config);
    t.strictSame(atStart.published(), expected);
    const timer = await benchOf(t, { type: 'timer', every: 10_000 }, { on_timer: give }, config);
    await timer.clock.advance(10_000);
    t.strictSame(timer.published(), expected);
  }
});
