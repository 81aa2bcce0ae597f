import t, { type Test } from 'tap';
import type { MessageView, StatusView } from '../../src/api/contract.js';
import type { Quality } from '../../src/core/adapter.js';
import type { Clock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import type { AlarmView, DeviceState, DeviceView, PointView } from '../../src/core/views.js';
import type { Devices } from '../../src/devices/devices.js';
import { createLinks } from '../../src/links/links.js';
import { createLogging } from '../../src/logging.js';
import { Updates } from '../../src/update/updates.js';
import { createView } from '../../src/view.js';
import { Bench } from './broker/harness.js';

const alarm = (severity: AlarmView['severity'], since: number): AlarmView => ({
  severity,
  since,
  subject: `device:${severity}-${since}`,
  error: { code: 'X', fault: 'device', message: '', hint: '' },
});

function notUpdated(clock: Clock): Updates {
  const evidence = () => ({ phase: 'up' as const, storeFault: undefined, links: [] });
  const restart = () => {};
  return new Updates({
    ...{ updater: async () => undefined, isChosen: false, data: '/none', version: '1.2.3' },
    ...{ evidence, restart, log: silentLog, clock },
  });
}

/** Only what the view asks of the devices. */
function someDevices(parts: { states?: DeviceState[]; qualities?: PointView['quality'][]; alarms?: AlarmView[] }) {
  return {
    name: 'devices',
    status: () => ({ state: 'up', since: 0 }),
    services: () => [],
    devices: () => (parts.states ?? []).map((state) => ({ state }) as DeviceView),
    countQualities: (counts: Record<Quality, number>) => {
      for (const quality of parts.qualities ?? []) counts[quality]++;
    },
    alarms: () => parts.alarms ?? [],
  } as unknown as Devices;
}

async function startView(t: Test, parts: Parameters<typeof someDevices>[0] = {}, phase: StatusView['state'] = 'up') {
  const bench = new Bench(t);
  const { broker, clock } = bench;
  await broker.start(new AbortController().signal);
  const options = { links: {}, gatewayId: 'plant-7', router: broker.router, log: silentLog, clock };
  const links = createLinks(options);
  await links.start(new AbortController().signal);
  const view = createView({
    gatewayId: 'plant-7',
    version: '1.2.3',
    startedAt: 5,
    readOnly: true,
    clock,
    logging: createLogging({ level: 'info', pretty: false, write: () => {} }),
    broker,
    devices: someDevices(parts),
    links,
    config: { file: null, yaml: 'gateway: {}\n' },
    updates: notUpdated(clock),
    phase: () => phase as 'up',
  });
  t.teardown(() => view[Symbol.dispose]());
  return { view, router: broker.router, clock };
}

t.test('status: each device and point is counted once, under its own state', async (t) => {
  const { view } = await startView(t, {
    states: ['online', 'online', 'starting', 'degraded', 'offline', 'paused'],
    qualities: ['good', 'bad', 'stale', 'good'],
  });
  t.match(view.status(), {
    gateway: 'plant-7',
    version: '1.2.3',
    startedAt: 5,
    readOnly: true,
    state: 'up',
    devices: { starting: 1, online: 2, degraded: 1, offline: 1, paused: 1 },
    points: { good: 2, stale: 1, bad: 1 },
  });
});

t.test(
  'status: alarms worst first, then oldest; with one the gateway is degraded, unless it starts or stops',
  async (t) => {
    const alarms = [alarm('warn', 1), alarm('error', 9), alarm('error', 3)];
    const { view } = await startView(t, { alarms });
    t.strictSame(
      view.status().alarms.map(({ subject }) => subject),
      ['device:error-3', 'device:error-9', 'device:warn-1'],
    );
    t.equal(view.status().state, 'degraded');
    for (const phase of ['starting', 'stopping'] as const) {
      t.equal((await startView(t, { alarms }, phase)).view.status().state, phase);
    }
  },
);

t.test('tail: the retained messages first, then each as it comes, until disposed', async (t) => {
  const { view, router } = await startView(t);
  const before = router.counters().subscriptions;
  await view.publish({ topic: 'a/retained', text: 'old', qos: 1, retain: true });
  const seen: MessageView[] = [];
  const tail = view.tail('a/#', (message) => void seen.push(message));
  await view.publish({ topic: 'a/live', base64: '/w==', qos: 0, retain: true });
  await view.publish({ topic: 'b/other', text: '', qos: 0, retain: false });
  await view.publish({ topic: 'a/large', text: 'x'.repeat(70_000), qos: 0, retain: false });
  tail[Symbol.dispose]();
  await view.publish({ topic: 'a/late', text: '', qos: 0, retain: false });
  t.match(seen, [
    { topic: 'a/retained', text: 'old', qos: 1, retain: true, stored: true, origin: 'gateway' },
    { topic: 'a/live', base64: '/w==', bytes: 1, retain: true, stored: undefined },
    { topic: 'a/large', bytes: 70_000, truncated: true },
  ]);
  t.equal(seen.length, 3);
  t.equal(seen[2]?.text?.length, 65_536);
  t.equal(router.counters().subscriptions, before);
  t.match([...view.retained('a/+')], [{ topic: 'a/retained' }, { topic: 'a/live', stored: true }]);
});

t.test('a large text is cut between characters', async (t) => {
  const { view } = await startView(t);
  const seen: MessageView[] = [];
  using _tail = view.tail('a', (message) => void seen.push(message));
  await view.publish({ topic: 'a', text: `xx${'€'.repeat(30_000)}`, qos: 0, retain: false });
  t.equal(seen[0]?.text?.length, 2 + 21_844);
  t.notOk(seen[0]?.text?.includes('\ufffd'));
});

t.test('what MQTT forbids clients is refused here, too', async (t) => {
  const { view, router } = await startView(t);
  const before = router.counters();
  const publish = (topic: string) => view.publish({ topic, text: 'x', qos: 0, retain: true });
  for (const topic of ['', 'a/+/b', 'a/#', 'a\0b', '\ud800', 'x'.repeat(65_536)]) {
    await t.rejects(publish(topic), { code: 'TOPIC_INVALID', fault: 'caller' }, JSON.stringify(topic.slice(0, 9)));
  }
  for (const topic of ['$SYS/broker/version', 'a/'.repeat(300)]) {
    await t.rejects(publish(topic), { code: 'TOPIC_REFUSED', fault: 'caller' }, topic.slice(0, 9));
  }
  for (const [filter, code] of [
    ['a/#/b', 'TOPIC_INVALID'],
    ['', 'TOPIC_INVALID'],
    ['$share/group/a', 'TOPIC_REFUSED'],
  ] as const) {
    t.throws(() => view.tail(filter, () => {}), { code });
    t.throws(() => [...view.retained(filter)], { code });
  }
  t.strictSame(router.counters(), before);
});
