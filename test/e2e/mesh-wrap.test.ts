/**
 * Wrapped topics: two gateways that are linked with each other and both with one mosquitto by MQTT 3.1.1, which passes on
 * neither user properties nor who published. Without them each message would go round for ever.
 *
 *   g0 ──── peer ──── g1
 *     └─ mosquitto ──┘
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { startMosquitto, subscriber } from '../support/links.js';
import { listener, startMesh } from '../support/mesh.js';
import { eventually, needs } from '../support/peers.js';

const EDGES = [
  [0, 1],
  [0, 2],
  [1, 2],
] as const;
const WRAP = ', protocolVersion: 4, wrap: true';

t.test('a loop of two links over a mosquitto by MQTT 3.1.1', needs('mosquitto', 'mosquitto_sub'), async (t) => {
  const far = await startMosquitto(t, ['allow_anonymous true', 'max_queued_messages 0']);
  const mesh = await startMesh(t, { count: 2, edges: EDGES, foreign: far.port, mqtt: WRAP });
  await mesh.linked();
  const members = await Promise.all([0, 1].map((i) => listener(t, mesh.ports[i]!, `member-${i}`)));
  const watcher = await subscriber(t, far, '#');
  const published: string[] = [];
  const publish = async (from: number, qos: 0 | 1 | 2, retain = false) => {
    const [topic, payload] = [`mesh/${retain ? 'kept' : `q${qos}`}/${from}`, `${published.length}`];
    published.push(`${topic} ${payload}`);
    await members[from]!.client.publishAsync(topic, payload, { qos, retain });
  };
  const settled = async () => {
    for (const { got } of members)
      await eventually(() => new Set(got).size >= published.length, 20_000).catch(() => {});
    await sleep(500);
    for (const { got } of members) t.strictSame([...got].sort(), [...published].sort(), 'each once, and no other');
  };

  for (let n = 0; n < 30; n++) for (const from of [0, 1]) await publish(from, (n % 3) as 0 | 1 | 2);
  for (let n = 0; n < 5; n++) for (const from of [0, 1]) await publish(from, 1, true);
  await settled();
  t.ok(await eventually(() => watcher.lines().length >= published.length, 20_000), 'they went by there, too');
  const plain = watcher.lines().filter((line) => !/^\d 0 hpmq-wrap\//.test(line));
  t.strictSame(plain, [], 'wrapped, and retained by nobody');

  // The link between them is cut: what they have goes by the mosquitto alone.
  const [between, ...others] = mesh.relays;
  between!.refuse();
  for (let n = 0; n < 30; n++) for (const from of [0, 1]) await publish(from, n % 2 === 0 ? 1 : 2);
  await publish(0, 1, true);
  await settled();
  const late = await listener(t, mesh.ports[1]!, 'late');
  await eventually(() => late.got.length === 2);
  t.ok(late.got.includes(published.at(-1)!), 'what is retained is the last');

  // It comes back, and now those to the mosquitto are cut.
  between!.pass();
  for (let n = 0; n < 24; n++) {
    if (n === 6) for (const relay of others) relay.reset();
    if (n === 12) for (const relay of others) relay.refuse();
    if (n === 18) for (const relay of others) relay.pass();
    for (const from of [0, 1]) await publish(from, n % 2 === 0 ? 1 : 2);
    await sleep(20);
  }
  await settled();
});

t.test('a gateway that is killed in such a loop', needs('mosquitto'), async (t) => {
  const far = await startMosquitto(t, ['allow_anonymous true', 'max_queued_messages 0']);
  const mesh = await startMesh(t, { count: 2, edges: EDGES, foreign: far.port, mqtt: WRAP });
  await mesh.linked();
  const here = await listener(t, mesh.ports[0]!, 'here');
  const there = await listener(t, mesh.ports[1]!, 'there');
  const published: string[] = [];
  for (let n = 0; n < 60; n++) {
    if (n % 20 === 10) await mesh.restart(1);
    const [topic, payload] = [`mesh/q2/${n % 3}`, `${n}`];
    published.push(`${topic} ${payload}`);
    await here.client.publishAsync(topic, payload, { qos: 2 });
  }
  await eventually(() => new Set(there.got).size >= published.length, 20_000).catch(() => {});
  await sleep(500);
  for (const { got } of [here, there]) t.strictSame([...got].sort(), [...published].sort(), 'each once');
});
