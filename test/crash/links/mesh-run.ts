/**
 * A mesh in which everybody publishes and everybody listens: first while all is well, then while its links are cut.
 * One publish must be one delivery at every node.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QoS } from '../../../src/core/message.js';
import { Choice } from '../../support/random.js';
import type { Relay } from '../../support/relay.js';
import { SessionClient } from '../client.js';
import { type Count, Deliveries } from './deliveries.js';
import { linked, type Mesh, type MeshShape, openMesh } from './mesh.js';

export interface MeshOptions extends MeshShape {
  /** By each node, in each of the two parts. */
  readonly messages: number;
  /** Cuts of links, in the second part. */
  readonly flaps: number;
  readonly seed: number;
}

export interface PartResult {
  readonly qos0: Count;
  readonly qos1: Count;
  readonly qos2: Count;
  readonly retained: Count;
  readonly foreign: number;
  readonly examples: readonly string[];
}

export interface MeshResult extends MeshOptions {
  readonly seconds: number;
  readonly calm: PartResult;
  readonly flapping: PartResult;
  /** Retained messages that a node has not, or not the last one of, at the end. */
  readonly retainedOutdated: number;
}

/** A cut lasts so long at most, ms. */
const CUT = 800;
const BETWEEN = 300;
/** How long nothing new may come while something is missing, ms. */
const STALLED = 30_000;
const RETAINED_TOPICS = 3;

export async function runMesh(options: MeshOptions): Promise<MeshResult> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-mesh-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const startedAt = performance.now();
  const mesh = await openMesh(options, folder, stack);
  const crowd = new Crowd(mesh, options.seed);
  stack.defer(() => crowd.stop());
  await crowd.start();
  await linked(mesh);

  crowd.begin();
  for (let n = 0; n < options.messages; n++) await crowd.publishEach();
  const calm = await crowd.settle(options.messages * 5);
  crowd.begin();
  let isFlapping = true;
  const publishing = (async () => {
    for (let n = 0; n < options.messages || isFlapping; n++) await crowd.publishEach();
  })();
  await flap(mesh, options);
  isFlapping = false;
  await publishing;
  const flapping = await crowd.settle(STALLED);
  return {
    ...options,
    calm,
    flapping,
    retainedOutdated: await crowd.retainedOutdated(),
    seconds: Math.round((performance.now() - startedAt) / 1_000),
  };
}

/** How many promises were broken. QoS 0 waits for links (`minQos`); without, where gateways are killed, it may be lost, but never comes twice. */
export function brokenMesh({ calm, flapping, retainedOutdated, kills }: MeshResult): number {
  let broken = retainedOutdated + calm.foreign + flapping.foreign;
  for (const { missing, extra } of [calm.qos0, calm.qos1, calm.qos2, calm.retained]) broken += missing + extra;
  for (const { missing } of [flapping.qos1, flapping.qos2, flapping.retained]) broken += missing;
  broken += flapping.qos0.extra + flapping.qos2.extra;
  // A subscriber whose broker was killed may get QoS 1 again.
  return kills > 0 ? broken : broken + flapping.qos0.missing + flapping.qos1.extra + flapping.retained.extra;
}

async function flap({ nodes, relays }: Mesh, { flaps, kills, seed }: MeshOptions): Promise<void> {
  const choice = new Choice(seed);
  const gateways = nodes.filter(({ name }) => name === 'hpmq');
  for (let n = 0; n < flaps; n++) {
    // Some at the same time, so that parts of the mesh are alone.
    const cut = relays.filter(() => choice.chance(1 / 3));
    for (const relay of cut) breakOne(relay, choice);
    const killed = choice.below(flaps) < kills ? choice.pick(gateways) : undefined;
    await killed?.kill();
    await sleep(choice.below(CUT));
    await killed?.start();
    for (const relay of cut) relay.pass();
    await sleep(choice.below(BETWEEN));
  }
}

function breakOne(relay: Relay, choice: Choice): void {
  const ways = [
    () => relay.refuse(),
    () => relay.hold(),
    () => relay.swallow('up', 'down'),
    () => relay.swallow('down'),
    () => relay.reset(),
  ];
  choice.pick(ways)();
}

/** At each node one who publishes and one who listens. */
class Crowd {
  readonly #mesh: Mesh;
  readonly #choice: Choice;
  readonly #publishers: readonly SessionClient[];
  readonly #subscribers: readonly SessionClient[];
  readonly #numbers = new Map<string, number>();
  readonly #lastRetained = new Map<string, number>();
  readonly #tasks: Promise<void>[] = [];
  #deliveries: Deliveries;
  #isOver = false;

  constructor(mesh: Mesh, seed: number) {
    this.#mesh = mesh;
    this.#choice = new Choice(seed + 1);
    this.#deliveries = new Deliveries(mesh.nodes.length);
    this.#publishers = mesh.nodes.map((_, i) => new SessionClient({ clientId: `publisher-${i}`, filters: [] }));
    this.#subscribers = mesh.nodes.map(
      (_, i) =>
        new SessionClient({
          clientId: `subscriber-${i}`,
          filters: [{ topic: 'mesh/#', qos: 2 }],
          onMessage: ({ topic, payload }) => this.#deliveries.delivered(i, `${topic} ${payload}`),
        }),
    );
  }

  async start(): Promise<void> {
    for (const clients of [this.#subscribers, this.#publishers]) {
      for (const [index, client] of clients.entries()) {
        const node = this.#mesh.nodes[index]!;
        await client.connect(node.port);
        this.#tasks.push(this.#stay(client, node));
      }
    }
  }

  begin(): void {
    this.#deliveries = new Deliveries(this.#mesh.nodes.length);
  }

  /** One message by every node, of any kind. */
  async publishEach(): Promise<void> {
    for (const [index, client] of this.#publishers.entries()) {
      if (!client.isConnected || client.unacknowledged > 50) continue;
      const isRetained = this.#choice.chance(0.2);
      const qos = isRetained ? 1 : (this.#choice.below(3) as QoS);
      const topic = isRetained
        ? `mesh/retained/${index}/${this.#choice.below(RETAINED_TOPICS)}`
        : `mesh/q${qos}/${index}`;
      const number = (this.#numbers.get(topic) ?? 0) + 1;
      this.#numbers.set(topic, number);
      if (isRetained) this.#lastRetained.set(topic, number);
      this.#deliveries.published(`${topic} ${number}`, { qos, retain: isRetained });
      client.publish({ topic, payload: String(number), qos, retain: isRetained, expiry: 0 });
    }
    await sleep(5);
  }

  /** Waits until all has come or nothing comes any more, and a little for what comes too often. */
  async settle(patience: number): Promise<PartResult> {
    const deliveries = this.#deliveries;
    let before = -1;
    let since = performance.now();
    for (;;) {
      const missing = deliveries.missing() + this.#publishers.reduce((sum, one) => sum + one.unacknowledged, 0);
      if (missing === 0) break;
      if (missing !== before) since = performance.now();
      before = missing;
      if (performance.now() - since > Math.max(patience, 5_000)) break;
      await sleep(100);
    }
    await sleep(1_500);
    deliveries.explain();
    return {
      qos0: deliveries.count(0, false),
      qos1: deliveries.count(1, false),
      qos2: deliveries.count(2, false),
      retained: deliveries.count(1, true),
      foreign: deliveries.foreign,
      examples: deliveries.examples,
    };
  }

  /** As clients that come new see it. */
  async retainedOutdated(): Promise<number> {
    let outdated = 0;
    for (const [index, node] of this.#mesh.nodes.entries()) {
      const found = new Map<string, number>();
      const client = new SessionClient({
        clientId: `reader-${index}`,
        filters: [{ topic: 'mesh/retained/#', qos: 0 }],
        onMessage: ({ topic, payload }) => void found.set(topic, Number(String(payload))),
      });
      await client.connect(node.port);
      await sleep(300);
      client.drop();
      for (const [topic, number] of this.#lastRetained) if (found.get(topic) !== number) outdated++;
    }
    return outdated;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    for (const client of [...this.#publishers, ...this.#subscribers]) client.drop();
    await Promise.all(this.#tasks);
  }

  async #stay(client: SessionClient, node: Mesh['nodes'][number]): Promise<void> {
    while (!this.#isOver) {
      if (!client.isConnected && node.isRunning) await client.connect(node.port);
      await sleep(20);
    }
  }
}
