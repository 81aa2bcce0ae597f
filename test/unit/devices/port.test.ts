import type { Duplex } from 'node:stream';
import t from 'tap';
import { type AnyAdapter, type Bus, defineAdapter } from '../../../src/core/adapter.js';
import type { GatewayError } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';
import type { OpenTransport } from '../../../src/core/transport.js';
import type { Exchange, Outcome } from '../../../src/devices/exchange.js';
import { Port } from '../../../src/devices/port.js';
import { openMemory } from '../../../src/devices/transport/memory.js';
import { ManualClock, settle } from '../../support/manual-clock.js';
import { FakeWorld, fakeError, lineConfig } from './support.js';

interface Rig {
  readonly port: Port;
  readonly clock: ManualClock;
  readonly events: string[];
  readonly wires: Duplex[];
  ask<T>(exchange: Partial<Exchange<T>> & Pick<Exchange<T>, 'run'>): Promise<Outcome<T>>;
}

/** A port whose exchanges are functions of the test. */
async function rig(
  options: {
    open?: OpenTransport;
    adapter?: AnyAdapter;
    config?: Partial<typeof lineConfig>;
    clock?: ManualClock;
  } = {},
): Promise<Rig> {
  const clock = options.clock ?? new ManualClock();
  const world = new FakeWorld();
  for (const name of ['a', 'b', 'c']) world.add(name);
  const events: string[] = [];
  const wires: Duplex[] = [];
  const port = new Port({
    config: { ...lineConfig, ...options.config },
    adapter: options.adapter ?? world.adapter,
    devices: new Map(['a', 'b', 'c'].map((id) => [id, { id }])),
    openTransport: async (endpoint, signal) => {
      const wire = await (options.open ?? (async () => openMemory()))(endpoint, signal);
      wires.push(wire);
      return wire;
    },
    clock,
    log: silentLog,
    random: () => 0.999_999,
    onUp: () => events.push('up'),
    onDown: (error) => events.push(`down ${error.code}`),
  });
  port.start();
  await settle();
  return {
    port,
    clock,
    events,
    wires,
    ask: (exchange) => port.exchange({ device: 'a', priority: 'poll', ...exchange }),
  };
}

const tcp = { type: 'tcp', host: '127.0.0.1', port: 502 } as const;

t.test('one exchange at a time, with the pause between two', async (t) => {
  const { port, clock, ask } = await rig({ config: { pause: 50 } });
  const starts: number[] = [];
  let busy = 0;
  const run = async () => {
    t.equal(++busy, 1);
    starts.push(clock.monotonic());
    await clock.sleep(20);
    busy--;
  };
  const all = Promise.all(['a', 'b', 'c', 'a'].map((device) => ask({ device, run })));
  await clock.advance(1_000);
  t.ok((await all).every(({ ok }) => ok));
  t.strictSame(starts, [0, 70, 140, 210]);
  await port[Symbol.asyncDispose]();
  t.equal(clock.pending, 0);
});

t.test('commands before asks before polls; devices take turns', async (t) => {
  const { port, clock, ask } = await rig();
  const order: string[] = [];
  const job = (device: string, priority: Exchange<void>['priority'], name: string) =>
    ask({
      device,
      priority,
      run: async () => {
        order.push(name);
        await clock.sleep(10);
      },
    });
  const first = job('a', 'poll', 'first');
  await settle();
  const rest = [
    job('a', 'poll', 'poll a1'),
    job('a', 'poll', 'poll a2'),
    job('b', 'poll', 'poll b'),
    job('a', 'ask', 'ask a'),
    job('a', 'command', 'command a1'),
    job('a', 'command', 'command a2'),
    job('c', 'command', 'command c'),
  ];
  await clock.advance(500);
  await Promise.all([first, ...rest]);
  t.strictSame(order, ['first', 'command a1', 'command c', 'command a2', 'ask a', 'poll b', 'poll a1', 'poll a2']);
  await port[Symbol.asyncDispose]();
});

t.test('the deadline aborts the signal; the adapter’s own error is kept', async (t) => {
  const { port, clock, ask } = await rig({ config: { timeout: 300 } });
  const reasons: unknown[] = [];
  const own = ask({
    run: (_device, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason);
          reject(fakeError('FAKE_TIMEOUT', 'no answer'));
        }),
      ),
  });
  await clock.advance(300);
  t.match(await own, { ok: false, timedOut: true, sent: true, lost: false, ms: 300, error: { code: 'FAKE_TIMEOUT' } });
  t.match(reasons, [{ code: 'DEVICE_TIMEOUT', message: 'a did not answer within 300 ms' }]);
  await port[Symbol.asyncDispose]();
});

t.test('an adapter that does not end an exchange loses the wire, not the port', async (t) => {
  const { port, clock, events, ask } = await rig({ config: { timeout: 300 } });
  const stuck = ask({ run: () => new Promise(() => {}) });
  await clock.advance(1_900);
  t.match(await stuck, { ok: false, timedOut: true, lost: true, error: { code: 'ADAPTER_STUCK', fault: 'bug' } });
  await clock.advance(1_000);
  t.match(await ask({ run: async () => 'works' }), { ok: true, value: 'works' });
  t.strictSame(events, ['up', 'down ADAPTER_STUCK', 'up']);
  await port[Symbol.asyncDispose]();
});

t.test('the wire closes: the exchange in flight fails at once, what waits goes on on the next wire', async (t) => {
  const { port, clock, wires, events, ask } = await rig();
  await ask({ run: async () => 1 });
  const signals: AbortSignal[] = [];
  const inFlight = ask({
    run: (_device, signal) => {
      signals.push(signal);
      return new Promise(() => {});
    },
  });
  const waiting = ask({ device: 'b', run: async () => 2 });
  await settle();
  wires[0]!.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
  await settle();
  t.match(await inFlight, { ok: false, lost: true, error: { code: 'PORT_CLOSED', message: /ECONNRESET/ } });
  t.ok(signals[0]!.aborted);
  t.match(await waiting, { ok: true, value: 2 });
  t.equal(wires.length, 2);
  t.equal(clock.monotonic(), 0, 'opened again at once, because it had worked');
  t.strictSame(events, ['up', 'up']);
  await port[Symbol.asyncDispose]();
});

t.test('a far side that hangs up at every request: growing delays, and the port is down between', async (t) => {
  const opened: number[] = [];
  const clock = new ManualClock();
  const { port, wires, events, ask } = await rig({
    clock,
    open: async () => {
      opened.push(clock.monotonic());
      return openMemory();
    },
  });
  for (let i = 0; i < 4; i++) {
    const asked = ask({ run: () => new Promise(() => {}) });
    await settle();
    wires.at(-1)!.destroy();
    t.match(await asked, { ok: false, lost: true });
    await settle();
    await clock.advance(port.nextTryAt! - clock.now());
  }
  t.strictSame(opened, [0, 250, 750, 1_750, 3_750]);
  t.equal(events.filter((event) => event === 'down PORT_CLOSED').length, 4);
  await port[Symbol.asyncDispose]();
});

t.test('an unused connection that the far side closes is opened again without an alarm', async (t) => {
  const { port, clock, wires, events } = await rig();
  for (let i = 0; i < 3; i++) {
    wires.at(-1)!.push(null);
    wires.at(-1)!.resume();
    await clock.advance(5_000);
  }
  t.equal(wires.length, 4);
  t.strictSame(events, ['up', 'up', 'up', 'up']);
  await port[Symbol.asyncDispose]();
});

t.test('opening fails: delays from 0.25 s to 5 s, the reason in the view, retry tries at once', async (t) => {
  const attempts: number[] = [];
  const clock = new ManualClock();
  let broken = true;
  const { port, events } = await rig({
    clock,
    open: async () => {
      attempts.push(clock.monotonic());
      if (broken) throw fakeError('FAKE_WIRE', 'no cable');
      return openMemory();
    },
  });
  await clock.advance(20_000);
  t.strictSame(attempts, [0, 250, 750, 1_750, 3_750, 7_750, 12_750, 17_750]);
  t.match(port.view(), {
    name: 'port:line',
    state: 'down',
    reason: 'no cable',
    hint: 'plug it in',
    since: clock.now() - 20_000,
  });
  t.match(await port.exchange({ device: 'a', priority: 'ask', run: async () => 1 }), {
    ok: false,
    sent: false,
    error: { code: 'FAKE_WIRE' },
  });
  broken = false;
  port.retry();
  await settle();
  t.equal(attempts.length, 9);
  t.equal(events.at(-1), 'up');
  t.equal(port.error, undefined);
  t.equal(port.nextTryAt, undefined);
  await port[Symbol.asyncDispose]();
});

t.test('connecting that takes too long is given up, and a wire that comes late is closed', async (t) => {
  const late: ((wire: Duplex) => void)[] = [];
  const { port, clock, events } = await rig({ open: () => new Promise((resolve) => void late.push(resolve)) });
  await clock.advance(5_500);
  t.strictSame(events, ['down PORT_CONNECT_TIMEOUT']);
  const wire = openMemory();
  late[0]!(wire);
  await settle();
  t.ok(wire.destroyed);
  await port[Symbol.asyncDispose]();
  t.equal(clock.pending, 0);
});

t.test('an adapter that cannot open its bus: the wire is freed; its bus that comes late is disposed', async (t) => {
  const clock = new ManualClock();
  let disposed = 0;
  const late: ((bus: Bus<unknown, unknown>) => void)[] = [];
  let mode: 'fail' | 'late' = 'fail';
  const adapter: AnyAdapter = {
    ...new FakeWorld().adapter,
    open: () =>
      mode === 'fail'
        ? Promise.reject(fakeError('FAKE_WIRE', 'not this protocol'))
        : new Promise((resolve) => void late.push(resolve)),
  };
  const { port, wires, events } = await rig({ adapter, clock });
  t.strictSame(events, ['down FAKE_WIRE']);
  t.ok(wires[0]!.destroyed);
  mode = 'late';
  await clock.advance(6_000);
  t.strictSame(events, ['down FAKE_WIRE', 'down PORT_CONNECT_TIMEOUT']);
  late[0]!({ device: () => ({}), [Symbol.asyncDispose]: async () => void disposed++ });
  await settle();
  t.equal(disposed, 1);
  await port[Symbol.asyncDispose]();
  t.ok(wires.every((wire) => wire.destroyed));
});

t.test('TCP: after three unanswered exchanges in a row the connection is made anew', async (t) => {
  const { port, clock, wires, events, ask } = await rig({ config: { endpoint: tcp, timeout: 100 } });
  const silent = (_device: unknown, signal: AbortSignal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  await ask({ run: async () => 1 });
  for (let i = 0; i < 3; i++) {
    t.equal(wires.length, 1);
    const asked = ask({ run: silent });
    await clock.advance(100);
    t.match(await asked, { ok: false, timedOut: true, lost: false, error: { code: 'DEVICE_TIMEOUT' } });
  }
  await settle();
  t.equal(wires.length, 2);
  t.ok(wires[0]!.destroyed);
  t.strictSame(events, ['up', 'up'], 'the port itself is not down: the device is');
  await port[Symbol.asyncDispose]();
});

t.test('a request that is taken back leaves the queue; on the wire it goes on', async (t) => {
  const { port, clock, ask } = await rig();
  const controller = new AbortController();
  const onWire = ask({ signal: controller.signal, run: () => clock.sleep(100).then(() => 'done') });
  await settle();
  let ran = false;
  const waiting = ask({
    signal: controller.signal,
    run: async () => {
      ran = true;
    },
  });
  controller.abort();
  t.match(await waiting, { ok: false, sent: false, error: { code: 'COMMAND_CANCELLED' } });
  await clock.advance(200);
  t.match(await onWire, { ok: true, value: 'done' });
  t.notOk(ran);
  t.match(await ask({ signal: controller.signal, run: async () => 1 }), { ok: false, sent: false });
  await port[Symbol.asyncDispose]();
});

t.test('the lane of a device is bounded, and can be cancelled', async (t) => {
  const { port, clock, ask } = await rig();
  const blocker = ask({ run: () => clock.sleep(400) });
  await settle();
  const many = Array.from({ length: 101 }, () => ask({ device: 'b', priority: 'ask', run: async () => 1 }));
  t.match(await many[100], { ok: false, sent: false, error: { code: 'COMMAND_QUEUE_FULL', fault: 'limit' } });
  port.cancel('b', fakeError('FAKE_WIRE', 'gone') as GatewayError);
  t.ok((await Promise.all(many)).every((outcome) => !outcome.ok && !outcome.sent));
  await clock.advance(500);
  t.ok((await blocker).ok);
  await port[Symbol.asyncDispose]();
});

t.test('closing fails what is in flight and what waits, and refuses what comes after', async (t) => {
  const { port, clock, wires, ask } = await rig();
  const inFlight = ask({ run: () => new Promise(() => {}) });
  const waiting = ask({ run: async () => 1 });
  await settle();
  await port[Symbol.asyncDispose]();
  t.match(await inFlight, { ok: false, sent: true, error: { code: 'STOPPED' } });
  t.match(await waiting, { ok: false, sent: false, error: { code: 'STOPPED' } });
  t.match(await ask({ run: async () => 1 }), { ok: false, error: { code: 'STOPPED' } });
  t.ok(wires[0]!.destroyed);
  t.equal(clock.pending, 0);
  t.equal(port.view().state, 'stopping');
});

t.test('a bus that never closes does not hold the port', async (t) => {
  const clock = new ManualClock();
  const adapter = defineAdapter({
    ...new FakeWorld().adapter,
    open: async () => ({ device: () => ({}), [Symbol.asyncDispose]: () => new Promise<void>(() => {}) }),
  });
  const { port, wires } = await rig({ adapter, clock });
  const closing = port[Symbol.asyncDispose]();
  await clock.advance(2_000);
  await closing;
  t.ok(wires[0]!.destroyed);
});

t.test('a wire on which an answer may still come late is not closed', async (t) => {
  let until = 0;
  const adapter = defineAdapter({
    ...new FakeWorld().adapter,
    open: async () => ({ device: () => ({ readyAt: () => until }), [Symbol.asyncDispose]: async () => {} }),
  });
  const { port, clock, wires, ask } = await rig({ adapter, config: { closeAfter: 0 } });
  t.ok(wires[0]!.destroyed, 'nobody needs it');
  await ask({
    run: async () => {
      until = 300;
    },
  });
  await clock.advance(299);
  t.notOk(wires[1]!.destroyed);
  await clock.advance(1);
  t.ok(wires[1]!.destroyed);
  t.equal(port.view().state, 'up');
  t.equal(port.stats.opens, 2);
  await port[Symbol.asyncDispose]();
  t.equal(clock.pending, 0);
});
