/**
 * Random meshes of gateways whose links come and go, lose acknowledgements and overtake each other: everybody gets each
 * message once, and all agree on what is retained. More runs: `node <this file> 2000`.
 */
import fc from 'fast-check';
import t from 'tap';
import { MessageRouter } from '../../src/broker/router.js';
import { Mesh } from '../../src/core/mesh.js';
import { createMessage, type Message } from '../../src/core/message.js';
import { type Sink, subscriptionTo } from '../../src/core/router.js';
import { LoopGuard } from '../../src/links/loops.js';
import { ManualClock } from '../support/manual-clock.js';

const RUNS = Number(process.argv[2] ?? 200);
const TOPICS = ['a', 'b', 'c/d'];
const PEER = {
  type: 'peer',
  protocolVersion: 5,
  stamp: undefined,
  hub: undefined,
  wrap: false,
  bridge: false,
} as const;

/** What lies on a wire: bytes would. */
interface Packet {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain: boolean;
  readonly properties: Message['properties'];
}

class Gateway {
  readonly router: MessageRouter;
  readonly loops: LoopGuard;
  readonly mesh: Mesh;
  /** What its subscriber got, payloads. */
  readonly got: string[] = [];

  readonly id: string;
  readonly clock: ManualClock;

  constructor(id: string, clock: ManualClock) {
    this.id = id;
    this.clock = clock;
    this.mesh = new Mesh({ gatewayId: id });
    this.router = new MessageRouter({ clock, retainedMessages: 1_000, mesh: this.mesh });
    this.loops = new LoopGuard({ config: PEER, mesh: this.mesh, origin: 'link:any', clock });
    const deliver = (message: Message) => this.got.push(message.payload.toString()) > 0;
    const subscriber = { id: 'sub', kind: 'client', origin: 'client:sub', durable: false, deliver } as const;
    this.router.attach(subscriber).subscribe(subscriptionTo('#'));
  }

  publish(topic: string, payload: string, retain: boolean): void {
    const origin = 'client:publisher';
    void this.router.publish(createMessage({ topic, payload, retain, origin, receivedAt: this.clock.now(), qos: 1 }));
  }

  value(topic: string): string | undefined {
    for (const message of this.router.retained(topic)) return message.payload.toString();
    return undefined;
  }
}

/** One direction of a link: what is not acknowledged is sent again. */
class Way {
  isUp = false;
  readonly queue: Packet[] = [];
  readonly #from: Gateway;
  readonly #to: Gateway;
  /** A far side that is one of ours says who it is. */
  readonly #isKnown: boolean;

  constructor(from: Gateway, to: Gateway, isKnown: boolean) {
    this.#from = from;
    this.#to = to;
    this.#isKnown = isKnown;
    const sink: Sink = {
      id: `link:${to.id}`,
      kind: 'link',
      origin: `link:${to.id}`,
      durable: false,
      stamped: true,
      peerGateway: isKnown ? to.id : undefined,
      deliver: (message) => this.#send(message),
    };
    from.router.attach(sink).subscribe(subscriptionTo('#', { retainHandling: 2 }));
  }

  #send(message: Message): boolean {
    const { topic, retain, properties } = this.#from.loops.outgoing(message, message);
    this.queue.push({ topic, retain, properties, payload: message.payload });
    return true;
  }

  connect(): void {
    if (this.isUp) return;
    this.isUp = true;
    const { mesh, router } = this.#from;
    const peer = this.#isKnown ? this.#to.id : undefined;
    for (const message of mesh.sync(router.retained('#'), '#', peer)) this.#send(message!);
  }

  /** @param isAcknowledged - else it comes again */
  carry(isAcknowledged: boolean): void {
    const packet = this.isUp ? this.queue[0] : undefined;
    if (packet === undefined) return;
    if (isAcknowledged) this.queue.shift();
    const received = this.#to.loops.incoming(packet, packet.payload);
    if (received === undefined) return;
    const { topic, retain, properties, stamp } = received;
    const { payload } = packet;
    const origin = `link:${this.#from.id}` as const;
    const receivedAt = this.#to.clock.now();
    void this.#to.router.publish(
      createMessage({ topic, retain, properties, stamp, payload, origin, receivedAt, qos: 1 }),
    );
  }
}

const step = fc.record({
  what: fc.constantFrom(
    'publish',
    'publish',
    'retain',
    'retain',
    'clear',
    'carry',
    'carry',
    'carry',
    'lose',
    'flap',
    'time',
  ),
  who: fc.nat(50),
  topic: fc.constantFrom(...TOPICS),
});

t.test('each message once, and the same retained values everywhere', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 6 }),
      fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 12 }),
      fc.boolean(),
      fc.array(step, { maxLength: 120 }),
      fc.nat(),
      (count, chords, isKnown, steps, seed) => {
        let random = seed;
        // Their clocks differ.
        const gateways = Array.from({ length: count }, (_, i) => {
          const clock = new ManualClock();
          void clock.advance(1_000 * ((i * 7) % 5));
          return new Gateway(`g${i}`, clock);
        });
        const ways: Way[] = [];
        const linked = new Set<string>();
        const link = (a: number, b: number) => {
          const [one, other] = [gateways[a % count]!, gateways[b % count]!];
          if (one === other || linked.has([one.id, other.id].sort().join())) return;
          linked.add([one.id, other.id].sort().join());
          ways.push(new Way(one, other, isKnown), new Way(other, one, isKnown));
        };
        for (let i = 0; i < count; i++) link(i, i + 1);
        for (const [a, b] of chords) link(a, b);
        let published = 0;
        for (const { what, who, topic } of steps) {
          const gateway = gateways[who % count]!;
          const way = ways[who % ways.length]!;
          if (what === 'publish' || what === 'retain') gateway.publish(topic, `${published++}`, what === 'retain');
          else if (what === 'clear') gateway.publish(topic, '', true);
          else if (what === 'carry' || what === 'lose') way.carry(what === 'carry');
          else if (what === 'flap' && way.isUp) way.isUp = false;
          else if (what === 'flap') way.connect();
          else void gateway.clock.advance(1 + (who % 3));
        }
        for (const way of ways) way.connect();
        // Until nothing moves, one packet at a time, from anywhere.
        for (let turns = 0; ; turns++) {
          const busy = ways.filter(({ queue }) => queue.length > 0);
          if (busy.length === 0) break;
          if (turns > 200_000) throw new Error('the messages go round for ever');
          random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
          busy[(random >>> 8) % busy.length]!.carry(true);
        }
        for (const gateway of gateways) {
          const all = Array.from({ length: published }, (_, i) => `${i}`);
          const got = gateway.got.filter((payload) => payload !== '').sort((a, b) => Number(a) - Number(b));
          if (got.join() !== all.join()) throw new Error(`${gateway.id} got ${got.join()}, not ${all.join()}`);
        }
        for (const topic of TOPICS) {
          const values = new Set(gateways.map((gateway) => gateway.value(topic)));
          if (values.size > 1) throw new Error(`${topic} is ${[...values].join(' or ')}`);
        }
      },
    ),
    { numRuns: RUNS },
  );
  t.end();
});
