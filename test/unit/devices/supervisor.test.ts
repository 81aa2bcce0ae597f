import t from 'tap';
import { deviceConfig, FakeWorld, fakeError, pointConfig, quiet, startBench } from './support.js';

const noSignal = new AbortController().signal;

t.test('one dead device of three costs its neighbours nothing but one time-out, then probes', async (t) => {
  const world = new FakeWorld();
  world.add('a');
  const dead = world.add('dead');
  world.add('b');
  dead.dead = true;
  const configs = ['a', 'dead', 'b'].map((name) => deviceConfig(name, [pointConfig('x', 0), pointConfig('y', 5)]));
  for (const name of ['a', 'b', 'dead']) world.devices.get(name)!.registers.set(5, 2);
  await using bench = await startBench(world, configs, { timeout: 500 });
  await bench.clock.advance(2_000);
  t.equal(bench.state('dead'), 'offline');
  for (const device of world.devices.values()) device.log.length = 0;
  await bench.clock.advance(20_000);
  t.equal(bench.state('a'), 'online');
  t.equal(world.devices.get('a')!.log.length, 40, 'two exchanges each second');
  t.equal(world.devices.get('b')!.log.length, 40);
  t.ok(dead.log.length >= 2 && dead.log.length <= 5, `the dead one was probed ${dead.log.length} times`);
  t.equal(world.mostBusy <= 1, true, 'one exchange at a time');
});

t.test('a dead device: bad with the code at once, offline after two failures, all points bad', async (t) => {
  const world = new FakeWorld();
  const plc = world.add('plc', { 0: 1, 5: 2 });
  await using bench = await startBench(world, [
    deviceConfig('plc', [pointConfig('fast', 0), pointConfig('slow', 5, { every: 60_000 })]),
  ]);
  t.equal(bench.router.last('hpmq/gw/plc/slow').q, 'good');
  plc.dead = true;
  await bench.clock.advance(1_600);
  t.equal(bench.state('plc'), 'degraded');
  t.match(bench.router.last('hpmq/gw/plc/fast'), { v: null, q: 'bad', e: 'FAKE_TIMEOUT' });
  t.equal(bench.router.last('hpmq/gw/plc/slow').q, 'good', 'nobody asked for it yet');
  await bench.clock.advance(1_000);
  t.match(bench.router.last('hpmq/gw/plc/slow'), { v: null, q: 'bad', e: 'FAKE_TIMEOUT' });
  t.match(bench.router.last('hpmq/gw/plc/$state'), { state: 'offline', reason: 'FAKE_TIMEOUT' });
  const [view] = bench.devices.devices();
  t.match(view, {
    state: 'offline',
    badPoints: 2,
    timeouts: 2,
    error: { code: 'FAKE_TIMEOUT', hint: 'check the fake' },
  });
  t.ok(view!.nextTryAt! > bench.clock.now());
  t.match(bench.devices.alarms(), [{ severity: 'error', subject: 'device:plc', error: { code: 'FAKE_TIMEOUT' } }]);
});

t.test(
  'a device that stops answering is offline within three polls, also when the time-out is as long as one',
  async (t) => {
    const world = new FakeWorld();
    const plc = world.add('plc');
    const config = deviceConfig('plc', [pointConfig('x', 0)]);
    await using bench = await startBench(world, [config], { timeout: 1_000 });
    await bench.clock.advance(5_000);
    plc.dead = true;
    await bench.clock.advance(3_010);
    t.equal(bench.state('plc'), 'offline');
  },
);

t.test('the first answer brings an offline device online at once, and everything is read', async (t) => {
  const world = new FakeWorld();
  const plc = world.add('plc', { 0: 1, 5: 2 });
  plc.dead = true;
  await using bench = await startBench(world, [
    deviceConfig('plc', [pointConfig('fast', 0), pointConfig('slow', 5, { every: 60_000 })]),
  ]);
  t.equal(bench.state('plc'), 'starting');
  await bench.clock.advance(10_000);
  t.equal(bench.state('plc'), 'offline');
  plc.dead = false;
  bench.devices.retry('plc');
  await bench.clock.advance(0);
  t.equal(bench.state('plc'), 'online');
  t.match(bench.router.last('hpmq/gw/plc/fast'), { v: 1, q: 'good' });
  t.match(bench.router.last('hpmq/gw/plc/slow'), { v: 2, q: 'good' });
});

t.test('probes of an offline device grow to 30 s apart', async (t) => {
  const world = new FakeWorld();
  const plc = world.add('plc');
  plc.dead = true;
  await using bench = await startBench(world, [deviceConfig('plc', [pointConfig('x', 0)])]);
  await bench.clock.advance(120_000);
  plc.log.length = 0;
  await bench.clock.advance(305_000);
  t.equal(plc.log.length, 10, 'each 30 s and one time-out');
});

t.test('a register that never answers does not hide the others or take the device offline', async (t) => {
  const world = new FakeWorld();
  const plc = world.add('plc', { 0: 'silent', 5: 2 });
  await using bench = await startBench(world, [deviceConfig('plc', [pointConfig('x', 0), pointConfig('y', 5)])]);
  await bench.clock.advance(20_000);
  t.equal(bench.state('plc'), 'degraded');
  t.equal(bench.router.last('hpmq/gw/plc/x').q, 'bad');
  t.equal(bench.router.last('hpmq/gw/plc/y').q, 'good');
  plc.log.length = 0;
  await bench.clock.advance(10_000);
  t.ok(plc.log.filter((what) => what === 'read 5').length >= 9, 'the good one keeps its rate');
  await bench.clock.advance(300_000);
  plc.log.length = 0;
  await bench.clock.advance(300_000);
  t.equal(plc.log.filter((what) => what === 'read 0').length, 10, 'the silent one costs ever less');
  t.ok(plc.log.filter((what) => what === 'read 5').length >= 299);
  plc.registers.set(0, 7);
  await bench.clock.advance(35_000);
  t.match(bench.router.last('hpmq/gw/plc/x'), { v: 7, q: 'good' });
  t.equal(bench.state('plc'), 'online');
});

t.test('a refusal is a bad reading: the device is degraded, not offline, and the neighbours stay good', async (t) => {
  const world = new FakeWorld();
  const registers = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [i, i === 5 ? ('refuse' as const) : i * 10]),
  );
  const plc = world.add('plc', registers);
  const points = Array.from({ length: 8 }, (_, i) => pointConfig(`p${i}`, i));
  await using bench = await startBench(world, [deviceConfig('plc', points)]);
  t.equal(bench.state('plc'), 'degraded');
  const [view] = bench.devices.devices();
  t.match(view, { badPoints: 1, error: { code: 'FAKE_REFUSED' } });
  for (let i = 0; i < 8; i++) {
    t.strictSame(
      bench.router.on(`hpmq/gw/plc/p${i}`).map((text) => JSON.parse(text).q),
      [i === 5 ? 'bad' : 'good'],
    );
  }
  plc.log.length = 0;
  await bench.clock.advance(1_000);
  await quiet(world);
  t.strictSame(plc.log.toSorted(), ['read 0,1,2,3,4', 'read 5', 'read 6,7'], 'planned around the hole');
  t.match(bench.devices.alarms(), [{ severity: 'warn', subject: 'device:plc' }]);
});

t.test('pause: the device is left alone and its values are stale; resume reads again', async (t) => {
  const world = new FakeWorld();
  const plc = world.add('plc');
  await using bench = await startBench(world, [deviceConfig('plc', [pointConfig('x', 0)])]);
  bench.devices.pause('plc');
  t.equal(bench.state('plc'), 'paused');
  t.match(bench.router.last('hpmq/gw/plc/x'), { v: 1, q: 'stale' });
  plc.log.length = 0;
  await bench.clock.advance(10_000);
  t.strictSame(plc.log, []);
  await t.rejects(bench.devices.read('plc', 'x', noSignal), { code: 'DEVICE_PAUSED', fault: 'caller' });
  t.throws(() => bench.devices.retry('plc'), { code: 'DEVICE_PAUSED' });
  t.equal((await bench.devices.write('plc', 'x', { value: 1 }, noSignal)).status, 'refused');
  bench.devices.resume('plc');
  await bench.clock.advance(0);
  t.equal(bench.state('plc'), 'online');
  t.match(bench.router.last('hpmq/gw/plc/x'), { v: 1, q: 'good' });
});

t.test('an exchange that began before a pause does not change anything after it', async (t) => {
  const world = new FakeWorld();
  const plc = world.add('plc');
  await using bench = await startBench(world, [deviceConfig('plc', [pointConfig('x', 0)])]);
  plc.latency = 300;
  await bench.clock.advance(1_100);
  bench.devices.pause('plc');
  await bench.clock.advance(1_000);
  t.equal(bench.state('plc'), 'paused');
  t.equal(bench.router.last('hpmq/gw/plc/x').q, 'stale');
});

t.test('read: asks the device now; refusal and silence are bad views, an offline device is an error', async (t) => {
  const world = new FakeWorld();
  const plc = world.add('plc', { 0: 1, 5: 2 });
  const slow = { every: 3_600_000 };
  await using bench = await startBench(world, [
    deviceConfig('plc', [pointConfig('x', 0, slow), pointConfig('y', 5, slow)]),
  ]);
  plc.registers.set(0, 7);
  t.match(await bench.devices.read('plc', 'x', noSignal), { value: 7, text: '7', quality: 'good' });
  t.match(bench.router.last('hpmq/gw/plc/x'), { v: 7 });
  plc.registers.set(0, 'refuse');
  t.match(await bench.devices.read('plc', 'x', noSignal), { value: null, text: '—', error: { code: 'FAKE_REFUSED' } });
  plc.dead = true;
  const [silent] = await Promise.all([bench.devices.read('plc', 'x', noSignal), bench.clock.advance(600)]);
  t.match(silent, { quality: 'bad', error: { code: 'FAKE_TIMEOUT' } });
  await Promise.all([bench.devices.read('plc', 'x', noSignal), bench.clock.advance(500)]);
  t.equal(bench.state('plc'), 'offline');
  await t.rejects(bench.devices.read('plc', 'x', noSignal), {
    code: 'DEVICE_OFFLINE',
    fault: 'device',
    hint: 'check the fake',
  });
});

t.test('unknown names are the caller’s fault, with the nearest names', async (t) => {
  const world = new FakeWorld();
  world.add('boiler');
  await using bench = await startBench(world, [deviceConfig('boiler', [pointConfig('temperature', 0)])]);
  await t.rejects(bench.devices.read('boilr', 'x', noSignal), { code: 'DEVICE_UNKNOWN', hint: 'did you mean boiler?' });
  await t.rejects(bench.devices.write('boiler', 'temprature', { value: 1 }, noSignal), {
    code: 'POINT_UNKNOWN',
    fault: 'caller',
    hint: 'did you mean temperature?',
  });
  for (const call of ['pause', 'resume', 'retry'] as const) {
    t.throws(() => bench.devices[call]('nobody'), { code: 'DEVICE_UNKNOWN' });
  }
});

t.test('a defect of the adapter is a bad reading with code INTERNAL, and polling goes on', async (t) => {
  const world = new FakeWorld();
  const plc = world.add('plc');
  await using bench = await startBench(world, [
    deviceConfig('plc', [pointConfig('x', 0)], { options: { id: 'gone' } }),
  ]);
  await bench.clock.advance(5_000);
  t.match(bench.router.last('hpmq/gw/plc/x'), { q: 'bad', e: 'INTERNAL' });
  world.devices.set('gone', plc);
  await bench.clock.advance(60_000);
  t.match(bench.router.last('hpmq/gw/plc/x'), { q: 'good' });
});

t.test('late beats are skipped and counted, never queued up', async (t) => {
  const world = new FakeWorld();
  const slow = world.add('slow');
  slow.latency = 2_500;
  await using bench = await startBench(world, [deviceConfig('slow', [pointConfig('x', 0)])], { timeout: 5_000 });
  await bench.clock.advance(30_000);
  const reads = slow.log.length;
  t.ok(reads >= 9 && reads <= 11, `${reads} reads of 2.5 s at a beat of 1 s in 30 s`);
  const [view] = bench.devices.devices();
  t.ok(view!.overruns >= 17 && view!.overruns <= 21, `${view!.overruns} beats skipped`);
  t.equal(view!.exchangeMs.p50, 2_500);
  slow.latency = 0;
  await bench.clock.advance(3_000);
  slow.log.length = 0;
  await bench.clock.advance(10_000);
  t.equal(slow.log.length, 10, 'nothing was queued up');
});

t.test(
  'a port that cannot be opened takes its devices offline with its error; they return by themselves',
  async (t) => {
    const world = new FakeWorld();
    world.add('a', { 0: 1 });
    world.add('b', { 0: 2 });
    const configs = ['a', 'b'].map((name) => deviceConfig(name, [pointConfig('x', 0)]));
    world.openError = fakeError('FAKE_WIRE', 'no cable');
    await using bench = await startBench(world, configs);
    for (const name of ['a', 'b']) {
      t.equal(bench.state(name), 'offline');
      t.match(bench.router.last(`hpmq/gw/${name}/x`), { q: 'bad', e: 'FAKE_WIRE' });
      t.match(bench.router.last(`hpmq/gw/${name}/$state`), { state: 'offline', reason: 'FAKE_WIRE' });
    }
    t.match(bench.devices.services(), [{ name: 'port:line', state: 'down', reason: 'no cable', hint: 'plug it in' }]);
    t.match(bench.devices.alarms(), [{ subject: 'port:line' }], 'one alarm, not one per device');
    t.equal(bench.devices.alarms().length, 1);
    t.equal(bench.devices.status().state, 'degraded');
    await bench.clock.advance(20_000);
    world.openError = undefined;
    await bench.clock.advance(5_000);
    for (const name of ['a', 'b']) {
      t.equal(bench.state(name), 'online');
      t.equal(bench.router.last(`hpmq/gw/${name}/x`).q, 'good');
    }
    t.match(bench.devices.services(), [{ name: 'port:line', state: 'up' }]);
    t.equal(bench.devices.status().state, 'up');
    t.strictSame(bench.devices.alarms(), []);
  },
);

t.test('killed and restarted: bad and offline within three polls, good again within seconds', async (t) => {
  const world = new FakeWorld();
  world.add('plc', { 0: 1 });
  await using bench = await startBench(world, [deviceConfig('plc', [pointConfig('x', 0)])]);
  await bench.clock.advance(5_000);
  world.openError = fakeError('FAKE_WIRE', 'refused');
  world.cut();
  await bench.clock.advance(1_000);
  t.equal(bench.state('plc'), 'offline');
  t.match(bench.router.last('hpmq/gw/plc/x'), { q: 'bad', e: 'FAKE_WIRE' });
  await bench.clock.advance(60_000);
  world.openError = undefined;
  await bench.clock.advance(5_000);
  t.equal(bench.state('plc'), 'online');
  t.match(bench.router.last('hpmq/gw/plc/x'), { v: 1, q: 'good' });
});

t.test('configuration that does not fit together is refused before anything starts', async (t) => {
  const world = new FakeWorld();
  const device = deviceConfig('a', [pointConfig('x', 0)]);
  const refused = (code: string, config: typeof device, port = {}) =>
    t.rejects(startBench(world, [config], port), { code, fault: 'config' });
  await refused('PORT_UNKNOWN', { ...device, port: 'lime' });
  await refused('ADAPTER_UNKNOWN', { ...device, adapter: 'fak' });
  await refused('ADAPTER_ENDPOINT', device, {
    endpoint: { type: 'serial', path: '/dev/null', baudRate: 9_600, dataBits: 8, parity: 'none', stopBits: 1 },
  });
});

t.test('raw values that mean an error, or that there is no such point, are bad with a code', async (t) => {
  const world = new FakeWorld();
  const device = world.add('a', { 0: -32_768, 1: 2n ** 64n - 1n, 2: 5 });
  const points = [
    pointConfig('sensor', 0, { errorValues: [-32_768, 32_767], scale: 0.1 }),
    pointConfig('wide', 1, { unsupportedValues: [2 ** 64, 65_535] }),
    pointConfig('fine', 2, { errorValues: [-32_768], expiry: 30_000, qos: 0, retain: false }),
  ];
  await using bench = await startBench(world, [deviceConfig('a', points)]);
  t.match(bench.router.last('hpmq/gw/a/sensor'), { v: null, q: 'bad', e: 'POINT_ERROR_VALUE' });
  t.match(
    bench.router.on('hpmq/gw/a/wide').at(-1),
    /"v":18446744073709551615,"q":"good"/,
    '64 bits are compared exactly',
  );
  t.match(bench.router.last('hpmq/gw/a/fine'), { v: 5, q: 'good' });
  const message = bench.router.messages.findLast(({ topic }) => topic === 'hpmq/gw/a/fine')!;
  t.match(message, { qos: 0, retain: false, expiresAt: message.receivedAt + 30_000 });
  t.equal(bench.state('a'), 'degraded', 'a sensor that failed is a trouble of the device');
  device.registers.set(0, 215);
  device.registers.set(1, 65_535);
  await bench.clock.advance(1_000);
  t.match(bench.router.last('hpmq/gw/a/sensor'), { v: 21.5, q: 'good' });
  t.match(bench.router.last('hpmq/gw/a/wide'), { q: 'bad', e: 'POINT_UNSUPPORTED' });
});

t.test('two rates in one device: a slow group does not hold up a fast one', async (t) => {
  const world = new FakeWorld();
  const device = world.add('a', Object.fromEntries(Array.from({ length: 50 }, (_, i) => [i * 100, i])));
  device.latency = 20;
  const slow = Array.from({ length: 49 }, (_, i) => pointConfig(`s${i}`, (i + 1) * 100, { every: 10_000 }));
  await using bench = await startBench(world, [deviceConfig('a', [pointConfig('fast', 0, { every: 100 }), ...slow])]);
  await bench.clock.advance(20_000);
  const from = bench.router.on('hpmq/gw/a/fast').length;
  await bench.clock.advance(20_000);
  const times = bench.router.on('hpmq/gw/a/fast').map((text) => JSON.parse(text).t as number);
  const gaps = times.slice(from).map((at, i, list) => at - (list[i - 1] ?? at));
  t.ok(Math.max(...gaps) <= 200, `the longest gap is ${Math.max(...gaps)} ms`);
  t.ok(times.length - from >= 190, `${times.length - from} of 200`);
});
