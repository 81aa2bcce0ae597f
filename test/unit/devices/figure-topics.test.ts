import t from 'tap';
import { silentLog } from '../../../src/core/log.js';
import { createDevices } from '../../../src/devices/devices.js';
import { ManualClock, settle } from '../../support/manual-clock.js';
import { deviceConfig, FakeRouter, FakeWorld, lineConfig, pointConfig } from './support.js';

t.test('what is counted is published, retained, and not again while it stays', async (t) => {
  const world = new FakeWorld();
  world.add('plc', { 0: 1 }).latency = 10;
  const clock = new ManualClock();
  const router = new FakeRouter();
  const devices = createDevices({
    ports: { line: lineConfig },
    devices: { plc: deviceConfig('plc', [pointConfig('x', 0)]) },
    gatewayId: 'gw',
    adapters: new Map([['fake', world.adapter]]),
    router,
    openTransport: world.openTransport,
    log: silentLog,
    clock,
    random: () => 0.999_999,
    sysInterval: 10_000,
  });
  await devices.start(new AbortController().signal);
  await settle();
  await clock.advance(10_000);
  t.match(router.last('$SYS/hpmq/devices/plc'), {
    state: 'online',
    port: 'line',
    requests: 10,
    timeouts: 0,
    exceptions: {},
    exchangeMs: { p50: 10, p99: 10 },
    latencyMs: 10,
    plan: { requests: 1, load: 0.01 },
  });
  t.match(router.last('$SYS/hpmq/ports/line'), { state: 'up', devices: ['plc'], opens: 1, crcErrors: 0, load: 0.01 });
  t.ok(router.messages.filter(({ topic }) => topic.startsWith('$SYS/')).every(({ retain }) => retain));
  devices.pause('plc');
  await clock.advance(100_000);
  const said = router.on('$SYS/hpmq/ports/line').length;
  await clock.advance(100_000);
  t.equal(router.on('$SYS/hpmq/ports/line').length, said, 'nothing changes, nothing is said');
  await devices[Symbol.asyncDispose]();
  t.equal(clock.pending, 0);
});
