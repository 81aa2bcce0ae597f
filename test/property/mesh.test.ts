/**
 * Random meshes of gateways whose links come and go, lose acknowledgements and overtake each other, some of them at QoS 0 and
 * losing what they carry, and whose subscribers come and go: everybody gets each message of QoS 1 and 2 once, nobody one of
 * QoS 0 twice, and all agree on what is retained. More runs: `node <this file> 2000`.
 */
import fc from 'fast-check';
import t from 'tap';
import { MessageRouter } from '../../src/broker/router.js';
import { Mesh } from '../../src/core/mesh.js';
import { createMessage, type Message, type QoS } from '../../src/core/message.js';
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
  readonly qos: QoS;
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
  /** Of the subscriber: what has QoS 1 and 2 waits for it, what has QoS 0 does not. */
  isListening = true;

  constructor(id: string, clock: ManualClock) {
    this.id = id;
    this.clock = clock;
    this.mesh = new Mesh({ gatewayId: id });
    this.router = new MessageRouter({ clock, retainedMessages: 1_000, mesh: this.mesh });
    this.loops = new LoopGuard({ config: PEER, mesh: this.mesh, origin: 'link:any', clock });
    const deliver = ({ qos, payload }: Message) => {
      if (qos > 0 || this.isListening) this.got.push(payload.toString());
      return true;
    };
    const subscriber = { id: 'sub', kind: 'client', origin: 'client:sub', durable: false, deliver } as const;
    this.router.attach(subscriber).subscribe(subscriptionTo('#'));
  }

  publish(topic: string, payload: string, retain: boolean, qos: QoS): void {
    const origin = 'client:publisher';
    void this.router.publish(createMessage({ topic, payload, retain, origin, receivedAt: this.clock.now(), qos }));
  }

  value(topic: string): string | undefined {
    for (const message of this.router.retained(topic)) return message.payload.toString();
    return undefined;
  }
}

/** One direction of a link: what is not acknowledged is sent again; at QoS 0 it may be lost, and while the link is cut it is. */
class Way {
  isUp = false;
  readonly queue: Packet[] = [];
  readonly #from: Gateway;
  readonly #to: Gateway;
  /** A far side that is one of ours says who it is. */
  readonly #isKnown: boolean;
  /** Highest QoS that travels. */
  readonly #qos: QoS;

  constructor(from: Gateway, to: Gateway, isKnown: boolean, qos: QoS) {
    this.#qos = qos;
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
    const qos = Math.min(message.qos, this.#qos) as QoS;
    if (qos > 0 || this.isUp) this.queue.push({ topic, retain, qos, properties, payload: message.payload });
    return true;
  }

  cut(): void {
    this.isUp = false;
    this.queue.splice(0, this.queue.length, ...this.queue.filter(({ qos }) => qos > 0));
  }

  /** What is on its way at QoS 0 may get lost at any time. */
  drop(): void {
    const at = this.queue.findIndex(({ qos }) => qos === 0);
    if (at >= 0) this.queue.splice(at, 1);
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
    if (isAcknowledged || packet.qos === 0) this.queue.shift();
    const received = this.#to.loops.incoming(packet, packet.payload);
    if (received === undefined) return;
    const { topic, retain, properties, stamp, stampedQoS } = received;
    const { payload } = packet;
    const origin = `link:${this.#from.id}` as const;
    const receivedAt = this.#to.clock.now();
    void this.#to.router.publish(
      createMessage({ topic, retain, properties, stamp, payload, origin, receivedAt, qos: stampedQoS ?? packet.qos }),
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
    'drop',
    'flap',
    'listen',
    'time',
  ),
  who: fc.nat(50),
  topic: fc.constantFrom(...TOPICS),
  qos: fc.constantFrom<QoS>(0, 1, 2),
});

t.test('each message once, and the same retained values everywhere', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 6 }),
      fc.array(fc.tuple(fc.nat(5), fc.nat(5), fc.constantFrom<QoS>(0, 1, 2)), { maxLength: 12 }),
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
        const link = (a: number, b: number, qos: QoS) => {
          const [one, other] = [gateways[a % count]!, gateways[b % count]!];
          if (one === other || linked.has([one.id, other.id].sort().join())) return;
          linked.add([one.id, other.id].sort().join());
          ways.push(new Way(one, other, isKnown, qos), new Way(other, one, isKnown, qos));
        };
        // A chain of ways that lose nothing, so that there is one from everybody to everybody.
        for (let i = 0; i + 1 < count; i++) link(i, i + 1, i % 2 === 0 ? 1 : 2);
        for (const [a, b, qos] of chords) link(a, b, qos);
        let published = 0;
        const volatile = new Set<string>();
        for (const { what, who, topic, qos } of steps) {
          const gateway = gateways[who % count]!;
          const way = ways[who % ways.length]!;
          if (what === 'publish' || what === 'retain') {
            const isRetained = what === 'retain';
            if (qos === 0 && !isRetained) volatile.add(`${published}`);
            gateway.publish(topic, `${published++}`, isRetained, isRetained ? 1 : qos);
          } else if (what === 'clear') gateway.publish(topic, '', true, 1);
          else if (what === 'listen') gateway.isListening = !gateway.isListening;
          else if (what === 'drop') way.drop();
          else if (what === 'carry' || what === 'lose') way.carry(what === 'carry');
          else if (what === 'flap' && way.isUp) way.cut();
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
          const all = Array.from({ length: published }, (_, i) => `${i}`).filter((name) => !volatile.has(name));
          const named = gateway.got.filter((payload) => payload !== '').sort((a, b) => Number(a) - Number(b));
          const got = named.filter((name) => !volatile.has(name));
          if (new Set(named).size < named.length) throw new Error(`${gateway.id} got one twice: ${named.join()}`);
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
