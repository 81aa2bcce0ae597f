/**
 * The books of the broker balance after every step, whatever clients do: they come, go and are taken over, subscribe
 * alone and shared, do not read, do not acknowledge, refuse, expire, are forgotten. More runs: `node <this file> 500`.
 */
import fc from 'fast-check';
import type { Packet } from 'mqtt-packet';
import t, { type Test } from 'tap';
import type { Broker } from '../../src/broker/broker.js';
import type { SlowConsumerPolicy } from '../../src/core/config.js';
import { type Attachment, type Sink, subscriptionTo } from '../../src/core/router.js';
import { defaultLimits } from '../support/broker-config.js';
import { changed, FakeTransform } from '../support/fake-transform.js';
import { Bench, type TestClient } from '../unit/broker/harness.js';

const RUNS = Number(process.argv[2] ?? 40);
const NAMES = ['a', 'b', 'c'];
const TOPICS = ['t/1', 't/2', 'u/1', 'deep/er/est'];
const FILTERS = ['t/#', 't/1', '+/1', '#', '$share/g/t/#', '$share/g/#', '$share/h/+/1', '$SYS/broker/uptime'];

const step = fc.record({
  what: fc.constantFrom(
    'connect',
    'connect',
    'cut',
    'leave',
    'subscribe',
    'subscribe',
    'unsubscribe',
    'publish',
    'publish',
    'publish',
    'route',
    'route',
    'function',
    'answer',
    'answer',
    'time',
    'kick',
    'misbehave',
    'deaf',
    'hear',
    'flood',
  ),
  who: fc.nat(NAMES.length - 1),
  a: fc.nat(7),
  b: fc.nat(7),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class World {
  readonly bench: Bench;
  /** Makes none, one or two of what comes to `u/1`. */
  readonly #functions = new FakeTransform('u/1', (input) =>
    TOPICS.slice(0, input.payload.length % 3).map((topic) => changed(input, { topic })),
  );
  readonly #clients = new Map<string, TestClient>();
  #identifier = 0;

  constructor(t: Test, qos0: SlowConsumerPolicy['qos0']) {
    // Small limits: queues and memory overflow, retained messages run out, connections are refused.
    const slowConsumer = { ...defaultLimits.slowConsumer, qos0, maxBytes: 50_000 };
    const limits = { queuedMessages: 3, receiveMaximum: 4, retainedMessages: 3, connections: 2, pendingBytes: 400_000 };
    const rest = [undefined, undefined, undefined, true, undefined, undefined, this.#functions] as const;
    this.bench = new Bench(t, { ...limits, slowConsumer }, { sysInterval: 0 }, ...rest);
    const full: Sink = {
      id: 'link',
      kind: 'link',
      origin: 'link:l',
      durable: false,
      deliver: ({ payload }) => payload.length % 2 === 0,
    };
    this.#attach(full, 't/#');
    this.#attach({ ...full, id: 'tail', kind: 'api', origin: 'gateway:tail' }, '#');
  }

  get broker(): Broker {
    return this.bench.broker;
  }

  async do({ what, who, a, b }: Step): Promise<void> {
    const name = NAMES[who]!;
    const client = this.#clients.get(name);
    switch (what) {
      case 'connect':
        await this.#connect(name, a, b);
        break;
      case 'cut':
        client?.stream.destroy();
        break;
      case 'leave':
        client?.send({ cmd: 'disconnect', ...(client.version === 5 && { reasonCode: a % 2 === 0 ? 0 : 4 }) });
        break;
      case 'subscribe':
        this.#identifier = (this.#identifier % 1_000) + 1;
        client?.send({
          cmd: 'subscribe',
          messageId: this.#identifier,
          subscriptions: [{ topic: FILTERS[a]!, qos: (b % 3) as 0 | 1 | 2 }],
        });
        break;
      case 'unsubscribe':
        client?.send({ cmd: 'unsubscribe', messageId: 2_000, unsubscriptions: [FILTERS[a]!] });
        break;
      case 'publish':
        this.#publish(client, a, b);
        break;
      case 'route':
        for (let i = 0; i <= b % 5; i++) {
          const expiresAt = a > 3 ? { expiresAt: this.bench.clock.now() + 4_000 } : {};
          this.bench.route({
            topic: TOPICS[a % 4]!,
            payload: 'x'.repeat(b),
            qos: (b % 3) as 0 | 1 | 2,
            retain: a % 3 === 0,
            ...expiresAt,
          });
        }
        break;
      case 'function':
        this.#functions.isLate = a % 2 === 0;
        if (a > 4) this.#functions.become(TOPICS[b % 4]!);
        for (const call of this.#functions.calls.splice(0, b)) call.answer();
        break;
      case 'answer':
        if (client !== undefined) for (const packet of await client.pending()) answer(client, packet, a);
        break;
      case 'time':
        await this.bench.clock.advance([500, 5_000, 31_000, 700_000][a % 4]!);
        break;
      case 'kick':
        this.broker.disconnect(name, a % 2 === 0);
        break;
      case 'deaf':
        client?.stream.pause();
        break;
      case 'hear':
        client?.stream.resume();
        break;
      case 'flood':
        for (let i = 0; i < 12; i++)
          this.bench.route({ topic: 't/1', payload: 'f'.repeat(20_000), qos: a < 6 ? 0 : 1 });
        break;
      case 'misbehave':
        misbehave(client, a);
        break;
    }
    await this.bench.settle();
  }

  #attach(sink: Sink, filter: string): Attachment {
    const attachment = this.broker.router.attach(sink);
    for (const _ of attachment.subscribe(subscriptionTo(filter)));
    return attachment;
  }

  async #connect(name: string, a: number, b: number): Promise<void> {
    const version = a % 3 === 0 ? 4 : 5;
    const client = this.bench.open(version);
    const will = b > 5 ? { will: { topic: 't/1', payload: Buffer.from('gone'), qos: 1 as const, retain: false } } : {};
    const properties = {
      sessionExpiryInterval: [600, 10, 0][a % 3]!,
      ...(b % 4 > 0 && { receiveMaximum: b % 4 }),
      ...(b === 7 && { maximumPacketSize: 24 }),
    };
    client.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: version,
      clean: a === 0,
      keepalive: b === 3 ? 20 : 0,
      clientId: name,
      ...will,
      ...(version === 5 && { properties }),
    });
    this.#clients.set(name, client);
  }

  #publish(client: TestClient | undefined, a: number, b: number): void {
    const qos = (a % 3) as 0 | 1 | 2;
    // The same identifiers again and again: QoS 2 that is not released comes twice.
    const messageId = 3_000 + (b % 2);
    const expiry = client?.version === 5 && a > 4 ? { properties: { messageExpiryInterval: 3 } } : {};
    client?.send({
      cmd: 'publish',
      topic: b === 6 ? '$SYS/forbidden' : TOPICS[b % 4]!,
      payload: 'y'.repeat(b),
      qos,
      retain: b === 5,
      dup: false,
      ...(qos > 0 && { messageId }),
      ...expiry,
    });
  }
}

/** Takes part of the protocol, and not always kindly. */
function answer(client: TestClient, packet: Packet, a: number): void {
  const isUnkind = client.version === 5 && a === 7;
  if (packet.cmd === 'publish' && packet.qos === 1) {
    client.send({ cmd: 'puback', messageId: packet.messageId!, ...(isUnkind && { reasonCode: 0x97 }) });
  }
  if (packet.cmd === 'publish' && packet.qos === 2) {
    client.send({ cmd: 'pubrec', messageId: packet.messageId!, ...(isUnkind && { reasonCode: 0x97 }) });
  }
  if (packet.cmd === 'pubrel' && a !== 6) client.send({ cmd: 'pubcomp', messageId: packet.messageId! });
  if (packet.cmd === 'pubrec') client.send({ cmd: 'pubrel', messageId: packet.messageId! });
}

function misbehave(client: TestClient | undefined, a: number): void {
  if (client === undefined) return;
  if (a === 0) client.raw(Buffer.from([0xff, 0xff]));
  else if (a === 1) client.send({ cmd: 'puback', messageId: 77 });
  else if (a === 2 && client.version === 5) {
    client.send({
      cmd: 'publish',
      topic: '',
      payload: 'x',
      qos: 0,
      retain: false,
      dup: false,
      properties: { topicAlias: 9_999 },
    });
  } else {
    // More than our Receive Maximum.
    for (let i = 0; i < 6; i++) {
      client.send({
        cmd: 'publish',
        topic: 't/2',
        payload: 'z',
        qos: 2,
        retain: false,
        dup: false,
        messageId: 4_000 + i,
      });
    }
  }
}

t.setTimeout(process.argv[2] === undefined ? 30_000 : 0);

t.test('the books balance after every step', async (t) => {
  const reasons = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('drop-new', 'drop-oldest', 'disconnect' as const),
      fc.array(step, { minLength: 30, maxLength: 120, size: 'max' }),
      async (qos0, steps) => {
        const world = new World(t, qos0);
        for (const [i, one] of steps.entries()) {
          await world.do(one);
          const { ledger, clients } = world.broker.figures();
          const { messages, copies } = ledger;
          for (const name of [...Object.keys(messages.refusedBy), ...Object.keys(copies.droppedBy)]) reasons.add(name);
          if (copies.expired > 0) reasons.add('expired');
          if (messages.made > 0 && messages.discarded > 0) reasons.add('transformed');
          if (copies.replayed > 0) reasons.add('replayed');
          if (messages.repeated > 0) reasons.add('repeated');
          if (messages.difference !== 0 || copies.difference !== 0) {
            throw new Error(`after step ${i} (${one.what}): ${JSON.stringify(ledger)}`);
          }
          // What is still to come is what sessions hold, counted another way.
          const held = world.broker.clients().reduce((sum, { inflight, queued }) => sum + inflight + queued, 0);
          if (copies.inFlight + copies.queued !== held)
            throw new Error(`${held} are held by ${clients.total} sessions`);
        }
        await world.broker[Symbol.asyncDispose]();
        const { copies } = world.broker.figures().ledger;
        if (copies.inFlight + copies.queued !== 0 || copies.difference !== 0) {
          throw new Error(`after the end: ${JSON.stringify(copies)}`);
        }
      },
    ),
    { numRuns: RUNS, ...(process.argv[2] === undefined && { seed: 20_261_127 }) },
  );
  t.comment(`seen: ${[...reasons].sort().join(', ')}`);
  for (const reason of [
    'queueFull',
    'offline',
    'sessionEnded',
    'receiverFull',
    'not_authorized',
    'replayed',
    'repeated',
    'expired',
    'transformed',
  ]) {
    t.ok(reasons.has(reason), `${reason} was among what happened`);
  }
});
