/** What systemd hears, and when it hears nothing. */
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { silentLog } from '../../../src/core/log.js';
import { type Notification, Notifier, takeSupervision } from '../../../src/systemd/notify.js';
import { supervised } from '../../../src/systemd/supervised.js';
import { ManualClock } from '../../support/manual-clock.js';

interface Setup {
  readonly watchdogMs?: number;
  answers?(): Promise<void>;
  statusLine?(): string;
}

async function setup({ watchdogMs, answers = async () => {}, statusLine = () => 'up' }: Setup) {
  const clock = new ManualClock(0);
  const said: Notification[] = [];
  const errors: string[] = [];
  const log = { ...silentLog, error: (_fields: unknown, message?: string) => void errors.push(message ?? '') };
  const carry = async (notification: Notification) => void said.push(notification);
  const one = await supervised({ carry, watchdogMs, environment: {} }, { answers, statusLine, log, clock });
  const pass = async (ms: number) => {
    await clock.advance(ms);
    for (let i = 0; i < 10; i++) await turn();
  };
  return { clock, said, errors, one, pass };
}

t.test('ready with a state; the watchdog is fed three times within its time; stopping ends it', async (t) => {
  const { said, one, pass, clock } = await setup({ watchdogMs: 30_000 });
  t.strictSame(said, [{ READY: '1', STATUS: 'up', WATCHDOG_USEC: '30000000', WATCHDOG: '1' }]);
  await pass(10_000);
  await pass(10_000);
  t.strictSame(said.slice(1), [{ WATCHDOG: '1' }, { WATCHDOG: '1' }]);
  await one.stopping('SIGTERM');
  t.strictSame(said.at(-1), { STOPPING: '1', STATUS: 'stopping: SIGTERM' });
  const { length } = said;
  await pass(60_000);
  t.equal(said.length, length);
  t.equal(clock.pending, 0, 'no timer is left');
});

t.test('a program that follows has the time of a start, and then the time of the unit again', async (t) => {
  const before = await setup({ watchdogMs: 60_000 });
  await before.one.restarting('version 2');
  t.strictSame(before.said.at(-1), { STATUS: 'restarting: version 2', WATCHDOG_USEC: '600000000', WATCHDOG: '1' });
  const { length } = before.said;
  await before.pass(200_000);
  t.equal(before.said.length, length, 'it is not fed any more');
  const after = await setup({ watchdogMs: 60_000 });
  t.match(after.said, [{ READY: '1', WATCHDOG_USEC: '60000000' }]);
  const unwatched = await setup({});
  await unwatched.one.restarting('version 2');
  t.strictSame(unwatched.said.at(-1), { STATUS: 'restarting: version 2' });
  await Promise.all([after, unwatched].map(({ one }) => one[Symbol.asyncDispose]()));
});

t.test('a store that does not answer starves the watchdog, and feeds it again when it answers', async (t) => {
  const stuck = Promise.withResolvers<void>();
  const { said, pass, one } = await setup({ watchdogMs: 30_000, answers: () => stuck.promise });
  for (let i = 0; i < 20; i++) await pass(10_000);
  t.equal(said.length, 1, 'nothing after ready');
  stuck.resolve();
  await pass(0);
  t.strictSame(said.slice(1), [{ WATCHDOG: '1' }]);
  await one[Symbol.asyncDispose]();
});

t.test('a store that has ended starves it for good, and that is logged', async (t) => {
  const { said, pass, errors } = await setup({
    watchdogMs: 30_000,
    answers: () => Promise.reject(new Error('the worker of the store ended')),
  });
  for (let i = 0; i < 5; i++) await pass(10_000);
  t.equal(said.length, 1);
  t.strictSame(errors, ['the watchdog is not fed any more']);
});

t.test('without a watchdog only a new state is said', async (t) => {
  let line = 'up';
  const { said, pass, one } = await setup({ statusLine: () => line });
  await pass(20_000);
  t.strictSame(said, [{ READY: '1', STATUS: 'up' }]);
  line = 'degraded';
  await pass(20_000);
  t.strictSame(said.slice(1), [{ STATUS: 'degraded' }]);
  await one[Symbol.asyncDispose]();
});

t.test('what is said while systemd-notify runs goes together, the newest of each field', async (t) => {
  const carried: Notification[] = [];
  const first = Promise.withResolvers<void>();
  const notifier = new Notifier((notification) => {
    carried.push(notification);
    return carried.length === 1 ? first.promise : Promise.resolve();
  }, silentLog);
  const done = [
    notifier.say({ READY: '1' }),
    notifier.say({ STATUS: 'a' }),
    notifier.say({ STATUS: 'b', WATCHDOG: '1' }),
  ];
  first.resolve();
  await Promise.all(done);
  t.strictSame(carried, [{ READY: '1' }, { STATUS: 'b', WATCHDOG: '1' }]);
});

t.test('what cannot be said is logged once, and does not stop the gateway', async (t) => {
  const lines: string[] = [];
  const add = (first: unknown, message?: string) => void lines.push(message ?? String(first));
  const log = { ...silentLog, warn: add, info: add };
  let works = false;
  const notifier = new Notifier(async () => {
    if (!works) throw new Error('no such program');
  }, log);
  await notifier.say({ READY: '1' });
  await notifier.say({ WATCHDOG: '1' });
  works = true;
  await notifier.say({ WATCHDOG: '1' });
  t.strictSame(lines, ['cannot tell systemd', 'systemd is told again']);
});

t.test('the variables are for this process alone', async (t) => {
  const env = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7', HOME: '/' };
  const given = { ...env };
  const taken = takeSupervision(env, 7, new ManualClock(0));
  t.match(taken, { watchdogMs: 60_000 });
  t.strictSame({ ...env, ...taken?.environment }, given, 'a program that follows gets them again');
  t.strictSame(env, { HOME: '/' } as typeof env);
  t.equal(takeSupervision({ WATCHDOG_USEC: '1' }, 7, new ManualClock(0)), undefined, 'nobody listens');
  for (const more of [
    { WATCHDOG_USEC: '60000000', WATCHDOG_PID: '8' },
    { WATCHDOG_USEC: 'soon' },
    { WATCHDOG_USEC: '0' },
    {},
  ]) {
    t.equal(takeSupervision({ NOTIFY_SOCKET: '@x', ...more }, 7, new ManualClock(0))?.watchdogMs, undefined);
  }
});
