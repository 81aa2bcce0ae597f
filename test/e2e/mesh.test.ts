/** Gateways in rings and meshes: one publish is one delivery to each subscriber, while links are cut and gateways killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { startMosquitto } from '../support/links.js';
import { full, listener, type MeshPlan, ring, startMesh, type TestMesh } from '../support/mesh.js';
import { eventually, needs } from '../support/peers.js';
import { Choice } from '../support/random.js';

/** At each broker somebody who publishes and listens. */
async function crowd(t: Test, mesh: TestMesh) {
  const members = await Promise.all(mesh.ports.map((port, i) => listener(t, port, `member-${i}`)));
  const published: string[] = [];
  return {
    members,
    published,
    async publish(qos: 0 | 1 | 2, retain = false) {
      await Promise.all(
        members.map(async ({ client }, i) => {
          const [topic, payload] = [`mesh/${retain ? 'kept' : `q${qos}`}/${i}`, `${published.length + i}`];
          await client.publishAsync(topic, payload, { qos, retain });
          return `${topic} ${payload}`;
        }),
      ).then((names) => published.push(...names));
    },
    /** Waits for all, then a little for more. */
    async settled() {
      const expected = [...published].sort();
      const without = (all: readonly string[], some: readonly string[]) => {
        const known = new Set(some);
        return [...new Set(all)].filter((one) => !known.has(one));
      };
      const plain = (got: readonly string[]) => got.map((name) => name.replace(/ with .*/, ''));
      const missing = () => members.reduce((sum, { got }) => sum + without(expected, plain(got)).length, 0);
      await eventually(() => missing() === 0, 20_000).catch(() => {});
      await sleep(300);
      for (const [i, { got: all }] of members.entries()) {
        // Who listens at the broker of others sees the stamps, which that passes on.
        const isForeign = i >= mesh.gateways.length;
        const got = isForeign ? plain(all) : all;
        const lost = without(expected, got);
        const twice = got.filter((name, at) => got.indexOf(name) !== at);
        const foreign = without(got, expected);
        t.strictSame(lost.slice(0, 5), [], `member ${i} got all ${expected.length}`);
        t.strictSame(twice.slice(0, 5), [], `member ${i} got nothing twice`);
        t.strictSame(foreign.slice(0, 5), [], `member ${i} got nothing else, and no stamps`);
      }
    },
  };
}

t.test('a ring with a mosquitto in it, calm and while links are cut', needs('mosquitto'), async (t) => {
  // What its own clients publish has no stamp: that nothing of it is taken twice is up to QoS 2.
  const lines = ['allow_anonymous true', 'max_queued_messages 0', 'upgrade_outgoing_qos true'];
  const far = await startMosquitto(t, lines);
  const edges = [
    [0, 1],
    [1, 2],
    [2, 3],
    [0, 3],
  ] as const;
  const mesh = await startMesh(t, {
    count: 3,
    edges,
    foreign: far.port,
    mqtt: ', hub: { name: m, gateways: [g0, g2] }',
  });
  await mesh.linked();
  const { publish, settled } = await crowd(t, mesh);
  for (let n = 0; n < 10; n++) for (const qos of [0, 1, 2] as const) await publish(qos);
  for (let n = 0; n < 5; n++) await publish(1, true);
  await settled();
  const isOver = flapping(mesh, 11);
  for (let n = 0; n < 15; n++) {
    for (const qos of [0, 1, 2] as const) await publish(qos);
    await publish(n % 2 === 0 ? 1 : 2, true);
    await sleep(20);
  }
  await isOver();
  await settled();
});

/** @returns ends it */
function flapping(mesh: TestMesh, seed: number): () => Promise<void> {
  const choice = new Choice(seed);
  let isOver = false;
  const done = (async () => {
    while (!isOver) {
      const cut = mesh.relays.filter(() => choice.chance(0.4));
      for (const relay of cut) choice.pick([() => relay.refuse(), () => relay.reset(), () => relay.swallow('down')])();
      await sleep(choice.below(300));
      for (const relay of cut) relay.pass();
      await sleep(choice.below(300));
    }
  })();
  return () => {
    isOver = true;
    return done;
  };
}

const shapes: Readonly<Record<string, MeshPlan>> = {
  'ring of 3': { count: 3, edges: ring(3) },
  'full mesh of 5': { count: 5, edges: full(5) },
};

for (const [name, plan] of Object.entries(shapes)) {
  t.test(`${name}: QoS 0, 1 and 2, and retained, each once`, async (t) => {
    const mesh = await startMesh(t, plan);
    await mesh.linked();
    const { publish, settled, members } = await crowd(t, mesh);
    for (let n = 0; n < 10; n++) for (const qos of [0, 1, 2] as const) await publish(qos);
    for (let n = 0; n < 5; n++) await publish(1, true);
    await settled();
    for (const { client } of members) await client.unsubscribeAsync('mesh/#');
    // Whoever comes later gets the last retained message of everybody.
    const late = await listener(t, mesh.ports[0]!, 'late');
    await eventually(() => late.got.length === plan.count);
    t.equal(new Set(late.got).size, plan.count);
  });

  t.test(`${name} while links are cut: QoS 0, 1 and 2 and retained, each once`, async (t) => {
    const mesh = await startMesh(t, plan);
    await mesh.linked();
    const { publish, settled } = await crowd(t, mesh);
    const isOver = flapping(mesh, 7);
    for (let n = 0; n < 15; n++) {
      for (const qos of [0, 1, 2] as const) await publish(qos);
      await publish(2, true);
      await sleep(20);
    }
    await isOver();
    await settled();
  });
}
