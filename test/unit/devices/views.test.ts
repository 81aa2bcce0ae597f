import t from 'tap';
import type { DeviceConfig } from '../../../src/core/config.js';
import { deviceConfig, FakeWorld, fakeError, pointConfig, startBench, writable } from './support.js';

const noSignal = new AbortController().signal;

t.test('before the first answer a point is stale, without value and time', async (t) => {
  const world = new FakeWorld();
  world.add('plc').dead = true;
  await using bench = await startBench(world, [deviceConfig('plc', [pointConfig('x', 0, { unit: 'bar' })])]);
  t.strictSame(bench.devices.points(), [
    {
      device: 'plc',
      point: 'x',
      topic: 'hpmq/gw/plc/x',
      value: null,
      text: '—',
      unit: 'bar',
      quality: 'stale',
      at: null,
      every: 1_000,
      writable: false,
      readOnlyReason: 'the configuration does not allow writing',
    },
  ]);
  t.match(bench.devices.devices(), [{ state: 'starting', exchangeMs: { p50: null, p95: null }, badPoints: 0 }]);
});

t.test('a device as it is shown', async (t) => {
  const world = new FakeWorld();
  world.add('plc', { 0: 1, 5: 2 }).latency = 12;
  await using bench = await startBench(world, [deviceConfig('plc', [pointConfig('x', 0), pointConfig('y', 5)])]);
  await bench.clock.advance(10_100);
  const { since, ...view } = bench.devices.devices()[0]!;
  t.equal(since, bench.clock.now() - 10_100 + 12);
  t.strictSame(view, {
    name: 'plc',
    adapter: 'fake',
    port: 'line',
    endpoint: 'memory',
    address: 'id plc',
    state: 'online',
    points: 2,
    badPoints: 0,
    exchangeMs: { p50: 12, p95: 12, p99: 12 },
    latencyMs: 12,
    requests: 22,
    timeouts: 0,
    errors: 0,
    errorsPerMinute: 0,
    overruns: 0,
    crcErrors: 0,
    exceptions: {},
    busyShare: 0.026,
    plan: { requests: 2, cycleMs: 24, load: 0.024, tooFast: [], absent: 0 },
  });
});

t.test('64-bit integers: exact as text beyond 2^53, exact in the payload', async (t) => {
  const world = new FakeWorld();
  world.add('plc', { 0: 2n ** 64n - 1n, 1: 42n });
  const writableX = pointConfig('x', 0, { write: { ...writable, min: 0 } });
  await using bench = await startBench(world, [deviceConfig('plc', [writableX, pointConfig('y', 1)])]);
  const [x, y] = bench.devices.points();
  t.match(x, {
    value: '18446744073709551615',
    text: '18446744073709551615',
    writable: true,
    write: { min: 0, verify: true },
  });
  t.match(y, { value: 42, text: '42' });
  t.match(bench.router.on('hpmq/gw/plc/x')[0], /"v":18446744073709551615,/);
  const result = await bench.devices.write('plc', 'x', { value: '18446744073709551614' }, noSignal);
  t.match(result, { status: 'verified', value: '18446744073709551614' });
});

t.test('why a point cannot be written: the configuration or the protocol', async (t) => {
  const world = new FakeWorld();
  world.add('plc');
  const locked = pointConfig('x', 0, { address: { register: 0, readOnly: true }, write: writable });
  await using bench = await startBench(world, [deviceConfig('plc', [locked])]);
  const [view] = bench.devices.points();
  t.match(view, { writable: false, readOnlyReason: 'this register is read-only' });
  t.equal(view!.write, undefined);
  const result = await bench.devices.write('plc', 'x', { value: 1 }, noSignal);
  t.match(result, { status: 'refused', error: { code: 'POINT_READ_ONLY', message: /this register is read-only/ } });
});

t.test('changes since a revision: only those points, and nothing when nothing happened', async (t) => {
  const world = new FakeWorld();
  world.add('plc', { 0: 1, 5: 2 });
  await using bench = await startBench(world, [
    deviceConfig('plc', [pointConfig('x', 0), pointConfig('slow', 5, { every: 60_000 })]),
  ]);
  const first = bench.devices.pointsChangedSince(0);
  t.equal(first.points.length, 2);
  t.strictSame(bench.devices.pointsChangedSince(first.revision), { revision: first.revision, points: [] });
  await bench.clock.advance(1_000);
  const next = bench.devices.pointsChangedSince(first.revision);
  t.ok(next.revision > first.revision);
  t.strictSame(
    next.points.map(({ point }) => point),
    ['x'],
  );
});

t.test('encoding value: the bare value, and an empty payload when it is unknown', async (t) => {
  const world = new FakeWorld();
  const plc = world.add('plc', { 0: 714 });
  const config: DeviceConfig = deviceConfig('plc', [pointConfig('x', 0, { scale: 0.1 })], { encoding: 'value' });
  await using bench = await startBench(world, [config]);
  plc.registers.set(0, 'refuse');
  await bench.clock.advance(1_000);
  t.strictSame(bench.router.on('hpmq/gw/plc/x'), ['71.4', '']);
});

t.test('NaN of a device is bad, with a code; its neighbours are good', async (t) => {
  const world = new FakeWorld();
  world.add('plc', { 0: Number.NaN, 1: 5 });
  await using bench = await startBench(world, [deviceConfig('plc', [pointConfig('x', 0), pointConfig('y', 1)])]);
  t.match(bench.router.last('hpmq/gw/plc/x'), { v: null, q: 'bad', e: 'POINT_NOT_A_NUMBER' });
  t.match(bench.router.last('hpmq/gw/plc/y'), { v: 5, q: 'good' });
  t.equal(bench.state('plc'), 'degraded');
});

t.test('dead band and silence: what changes little is not published, but now and then', async (t) => {
  const world = new FakeWorld();
  const plc = world.add('plc', { 0: 714 });
  const report = { mode: 'change', deadband: 0.2, maxSilence: 10_000 } as const;
  await using bench = await startBench(world, [deviceConfig('plc', [pointConfig('x', 0, { scale: 0.1, report })])]);
  plc.registers.set(0, 715);
  await bench.clock.advance(9_000);
  t.equal(bench.router.on('hpmq/gw/plc/x').length, 1);
  t.match(bench.devices.points(), [{ value: 71.5 }], 'the view has the newest');
  await bench.clock.advance(1_000);
  t.equal(bench.router.on('hpmq/gw/plc/x').length, 2);
  plc.registers.set(0, 718);
  await bench.clock.advance(1_000);
  t.match(bench.router.last('hpmq/gw/plc/x'), { v: 71.8 });
});

t.test('a port without devices is not opened', async (t) => {
  const world = new FakeWorld();
  await using bench = await startBench(world, []);
  t.match(bench.devices.services(), [{ name: 'port:line', state: 'up', reason: 'no device uses it' }]);
  t.equal(world.opened, 0);
  t.equal(bench.devices.status().state, 'up');
});

t.test('status and alarms, worst first', async (t) => {
  const world = new FakeWorld();
  world.add('a', { 0: 'refuse' });
  world.add('b').dead = true;
  const configs = ['a', 'b'].map((name) => deviceConfig(name, [pointConfig('x', 0)]));
  await using bench = await startBench(world, configs);
  await bench.clock.advance(5_000);
  t.match(bench.devices.status(), { state: 'degraded', reason: '1 of 2 devices offline, 1 degraded' });
  t.match(bench.devices.alarms(), [
    { severity: 'error', subject: 'device:b' },
    { severity: 'warn', subject: 'device:a' },
  ]);
  world.openError = fakeError('FAKE_WIRE', 'no cable');
  world.cut();
  await bench.clock.advance(1_000);
  t.match(bench.devices.alarms(), [{ severity: 'error', subject: 'port:line' }]);
});
