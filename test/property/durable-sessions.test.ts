/**
 * Durable sessions, whatever happens to them and to the gateway: what was acknowledged comes, in order, at QoS 2 once.
 *
 * A kill is a start on a copy of the folder as it lies there at that moment, with whatever is on its way.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { IPublishPacket, Packet } from 'mqtt-packet';
import t, { type Test } from 'tap';
import { brokerTables } from '../../src/broker/persistence/persistence.js';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { type OpenStore, openStore } from '../../src/store/store.js';
import { Bench, type TestClient } from '../unit/broker/harness.js';

const READERS = 3;
const properties = { sessionExpiryInterval: 1_000 };

/** One reader and what it must get. */
class Reader {
  readonly id: string;
  client: TestClient | undefined;
  hasSession = false;
  qos: 0 | 1 | 2 | undefined;
  /** Of QoS 1 and 2, in order: what must come, and with which QoS; what may have expired is not required. */
  expected: { readonly payload: string; readonly qos: 1 | 2; readonly isRequired: boolean }[] = [];
  readonly got: string[] = [];
  /** Packet Identifiers of QoS 2 received and not released, with what came with them (§4.3.3). */
  readonly #incoming = new Map<number, string>();
  /** Not acknowledged yet, over the present connection. */
  #unacknowledged: IPublishPacket[] = [];

  constructor(id: string) {
    this.id = id;
  }

  async connect(bench: Bench, clean: boolean): Promise<void> {
    if (this.client !== undefined && !clean) return;
    this.client = await bench.connect(5, this.id, { clean, properties });
    this.#unacknowledged = [];
    assert.equal(this.client.connack?.sessionPresent, this.hasSession && !clean, `${this.id}: Session Present`);
    this.hasSession = true;
    if (!clean) return;
    this.qos = undefined;
    this.expected = [];
    this.got.length = 0;
    this.#incoming.clear();
  }

  lost(): void {
    this.client = undefined;
    this.#unacknowledged = [];
  }

  /** Takes what came, and acknowledges so many of the oldest. */
  async take(acknowledgements: number): Promise<number> {
    const { client } = this;
    if (client === undefined) return 0;
    const packets = await client.pending();
    for (const packet of packets) this.#handle(client, packet);
    for (const { qos, messageId } of this.#unacknowledged.splice(0, acknowledgements)) {
      client.send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId: messageId! });
    }
    return packets.length;
  }

  /** What is on its way may come before the answer (clause 3.8.4). */
  async subscribe(client: TestClient, qos: 0 | 1 | 2): Promise<void> {
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos }] });
    for (let tries = 0, isAnswered = false; !isAnswered; tries++) {
      assert.ok(tries < 5_000, `${this.id}: SUBSCRIBE was not answered`);
      const packets = await client.pending();
      isAnswered = packets.some(({ cmd }) => cmd === 'suback');
      for (const packet of packets) this.#handle(client, packet);
    }
    this.qos = qos;
  }

  #handle(client: TestClient, packet: Packet): void {
    if (packet.cmd === 'pubrel') {
      this.#incoming.delete(packet.messageId!);
      client.send({ cmd: 'pubcomp', messageId: packet.messageId! });
    }
    if (packet.cmd !== 'publish' || packet.qos === 0) return;
    const payload = packet.payload.toString();
    this.#unacknowledged.push(packet);
    if (packet.qos === 1) {
      this.got.push(payload);
      return;
    }
    const before = this.#incoming.get(packet.messageId!);
    assert.ok(before === undefined || before === payload, `${this.id}: ${payload} has the identifier of ${before}`);
    if (before === undefined) this.got.push(payload);
    this.#incoming.set(packet.messageId!, payload);
  }

  check(): void {
    const of = new Map(this.expected.map(({ payload, qos }) => [payload, qos]));
    const firsts = [...new Set(this.got)];
    for (const payload of firsts) assert.ok(of.has(payload), `${this.id} got ${payload}, which was not for it`);
    for (const { payload, qos, isRequired } of this.expected) {
      const copies = this.got.filter((one) => one === payload).length;
      assert.ok(copies > 0 || !isRequired, `${this.id} never got ${payload}`);
      assert.ok(qos === 1 || copies <= 1, `${this.id} got ${payload} ${copies} times`);
    }
    const order = this.expected.map(({ payload }) => payload).filter((payload) => firsts.includes(payload));
    assert.deepEqual(firsts, order, `${this.id}: in order`);
  }
}

class Plant {
  readonly readers = Array.from({ length: READERS }, (_, i) => new Reader(`r${i}`));
  readonly #t: Test;
  readonly #root = mkdtempSync(join(tmpdir(), 'hpmq-durable-'));
  #runs = 0;
  #store!: OpenStore;
  #bench!: Bench;
  #writer!: TestClient;
  #published = 0;

  constructor(t: Test) {
    this.#t = t;
  }

  get #folder(): string {
    return join(this.#root, String(this.#runs));
  }

  async start(): Promise<void> {
    const options = { durability: 'strict', tables: brokerTables, log: silentLog, clock: systemClock } as const;
    this.#store = await openStore({ folder: this.#folder, ...options });
    const limits = { receiveMaximum: 4, queuedMessages: 1_000 };
    this.#bench = new Bench(this.#t, limits, { sysInterval: 0 }, undefined, undefined, this.#store);
    await this.#bench.broker.start(new AbortController().signal);
    this.#writer = await this.#bench.connect(5, 'writer');
  }

  async #end(): Promise<void> {
    await this.#bench.broker[Symbol.asyncDispose]();
    await this.#store[Symbol.asyncDispose]();
    for (const reader of this.readers) reader.lost();
  }

  /** As SIGKILL: what happens after the copy was made never happened. */
  async kill(): Promise<void> {
    const from = this.#folder;
    this.#runs++;
    mkdirSync(this.#folder);
    // The log last: what it has is not in the file yet.
    for (const name of ['store.sqlite', 'store.sqlite-wal']) cpSync(join(from, name), join(this.#folder, name));
    await this.#end();
    await this.start();
  }

  async restart(): Promise<void> {
    await this.#end();
    await this.start();
  }

  async publish(qos: 0 | 1 | 2, expires: boolean): Promise<void> {
    const payload = `${++this.#published}`;
    const messageId = 1 + (this.#published % 60_000);
    const expiry = expires ? { properties: { messageExpiryInterval: 5 } } : {};
    // A session of QoS 2 may keep it before its publisher is told.
    for (const { qos: wanted, expected } of this.readers) {
      const granted = Math.min(qos, wanted ?? 0) as 0 | 1 | 2;
      if (granted > 0) expected.push({ payload, qos: granted as 1 | 2, isRequired: !expires });
    }
    this.#writer.send({ cmd: 'publish', topic: 't', payload, qos, retain: false, dup: false, messageId, ...expiry });
    if (qos === 1) await this.#writer.next('puback');
    if (qos !== 2) return;
    await this.#writer.next('pubrec');
    this.#writer.send({ cmd: 'pubrel', messageId });
    await this.#writer.next('pubcomp');
  }

  async step({ what, who, n }: Step): Promise<void> {
    const reader = this.readers[who % READERS]!;
    const { client } = reader;
    switch (what) {
      case 'publish':
        return this.publish((n % 3) as 0 | 1 | 2, false);
      case 'publishExpiring':
        return this.publish((1 + (n % 2)) as 1 | 2, true);
      case 'take':
        await reader.take(n);
        return;
      case 'connect':
        return reader.connect(this.#bench, false);
      case 'connectClean':
        if (client !== undefined) return;
        return reader.connect(this.#bench, true);
      case 'cut':
        if (client === undefined) return;
        await reader.take(0);
        await client.cut();
        reader.lost();
        return;
      case 'subscribe':
        if (client === undefined) return;
        return reader.subscribe(client, (n % 3) as 0 | 1 | 2);
      case 'later':
        await this.#bench.clock.advance(10_000);
        return;
      case 'kill':
        return this.kill();
      case 'restart':
        return this.restart();
    }
  }

  /** Everybody comes and takes all there is. */
  async finish(): Promise<void> {
    for (const reader of this.readers) {
      await reader.connect(this.#bench, false);
      for (let quiet = 0; quiet < 3; ) quiet = (await reader.take(100)) === 0 ? quiet + 1 : 0;
      reader.check();
    }
    const { copies, messages } = this.#bench.broker.figures().ledger;
    assert.deepEqual([copies.difference, messages.difference, copies.queued, copies.inFlight], [0, 0, 0, 0]);
  }

  async dispose(): Promise<void> {
    await this.#end();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

const steps = [
  'publish',
  'publishExpiring',
  'take',
  'connect',
  'connectClean',
  'cut',
  'subscribe',
  'later',
  'kill',
  'restart',
] as const;

interface Step {
  readonly what: (typeof steps)[number];
  readonly who: number;
  readonly n: number;
}

const often: Partial<Record<Step['what'], number>> = {
  publish: 10,
  take: 8,
  connect: 5,
  subscribe: 4,
  cut: 2,
  kill: 2,
};
const step: fc.Arbitrary<Step> = fc.oneof(
  ...steps.map((what) => ({
    weight: often[what] ?? 1,
    arbitrary: fc.record({ what: fc.constant(what), who: fc.nat(READERS - 1), n: fc.nat(5) }),
  })),
);

t.test('random operations, kills and starts against a model', async (t) => {
  const subscribed = Array.from({ length: READERS }, (_, who): Step[] => [
    { what: 'connect', who, n: 0 },
    { what: 'subscribe', who, n: 1 + (who % 2) },
  ]).flat();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50 }), async (chosen) => {
      const plant = new Plant(t);
      try {
        await plant.start();
        for (const one of [...subscribed, ...chosen]) await plant.step(one);
        await plant.finish();
      } finally {
        await plant.dispose();
      }
    }),
    { numRuns: Number(process.env.HPMQ_PROPERTY_RUNS ?? 12), interruptAfterTimeLimit: 60_000 },
  );
  t.pass('all runs');
});
