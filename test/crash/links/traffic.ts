/** Load on one direction of a link: publishers at one side, a collector at the other, both with sessions that outlive everything. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../support/random.js';
import { SessionClient } from '../client.js';
import { type Disorder, type Verdict, Witness } from '../witness.js';
import type { Side } from './sides.js';

const COLLECTOR = 'collector';
const TOPICS = 3;
/** Unacknowledged messages of one publisher. */
const WINDOW = 100;
/** A publisher publishes up to so many messages, and looks again after so many ms. */
const BURST = 6;
const PACE = 8;

export interface TrafficOptions {
  /** First level of the topics: `up` or `down`. */
  readonly name: string;
  readonly from: Side;
  readonly to: Side;
  readonly publishers: number;
  readonly random: Random;
}

export interface TrafficVerdict extends Verdict {
  readonly lostSessions: number;
  /** Of them: at the broker that the messages come from, and at the other. */
  readonly lostSessionsOfPublishers: number;
  readonly lostSessionsOfCollector: number;
}

export class Traffic {
  readonly #options: TrafficOptions;
  readonly #witness = new Witness();
  readonly #publishers: readonly SessionClient[];
  readonly #collector: SessionClient;
  readonly #numbers = new Map<string, number>();
  readonly #tasks: Promise<void>[] = [];
  #isPublishing = true;
  #isOver = false;
  received = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    const { name, publishers } = options;
    this.#publishers = Array.from(
      { length: publishers },
      (_, i) =>
        new SessionClient({
          clientId: `${name}-publisher-${i}`,
          filters: [],
          onSent: ({ topic, payload }) => this.#witness.sent(topic, numberOf(payload)),
          onAcknowledged: ({ topic, payload, qos }, reasonCode) => {
            if (reasonCode < 0x80) this.#witness.acknowledged(topic, numberOf(payload), qos);
          },
        }),
    );
    this.#collector = new SessionClient({
      clientId: `${name}-collector`,
      filters: [{ topic: `${name}/#`, qos: 2 }],
      onMessage: ({ topic, payload }) => {
        this.received++;
        this.#witness.received(COLLECTOR, topic, numberOf(String(payload)));
      },
    });
  }

  /** Resolves once the collector is subscribed and everybody is at work. */
  async start(): Promise<void> {
    const { from, to } = this.#options;
    await this.#collector.connect(to.port);
    this.#tasks.push(this.#stay(this.#collector, to));
    for (const [index, publisher] of this.#publishers.entries()) {
      await publisher.connect(from.port);
      this.#tasks.push(this.#stay(publisher, from), this.#publish(publisher, index));
    }
  }

  pause(): void {
    this.#isPublishing = false;
  }

  /** Waits until everything acknowledged has come; false: something is missing, and nothing new came for so long, ms. */
  async drained(patience: number): Promise<boolean> {
    let before = -1;
    let since = performance.now();
    for (;;) {
      const waiting = this.#publishers.reduce((sum, { unacknowledged }) => sum + unacknowledged, 0);
      const missing = waiting + this.#witness.missing([COLLECTOR]);
      if (missing === 0) return true;
      if (missing !== before) since = performance.now();
      before = missing;
      if (performance.now() - since > patience) return false;
      await sleep(100);
    }
  }

  /** Names of what was acknowledged and never came. */
  lost(): readonly string[] {
    return this.#witness.lost(COLLECTOR);
  }

  /** Names of what came more than once at QoS 2. */
  duplicated(): readonly string[] {
    return this.#witness.duplicated(COLLECTOR);
  }

  disorders(): readonly Disorder[] {
    return this.#witness.disorders(COLLECTOR);
  }

  verdict(): TrafficVerdict {
    const lostSessionsOfCollector = this.#collector.lostSessions;
    const lostSessionsOfPublishers = this.#publishers.reduce((sum, client) => sum + client.lostSessions, 0);
    return {
      ...this.#witness.verdict([COLLECTOR], [COLLECTOR]),
      lostSessions: lostSessionsOfPublishers + lostSessionsOfCollector,
      lostSessionsOfPublishers,
      lostSessionsOfCollector,
    };
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    for (const client of [this.#collector, ...this.#publishers]) client.drop();
    await Promise.all(this.#tasks);
  }

  async #stay(client: SessionClient, side: Side): Promise<void> {
    while (!this.#isOver) {
      if (!client.isConnected && side.isRunning) await client.connect(side.port);
      await sleep(20);
    }
  }

  async #publish(client: SessionClient, index: number): Promise<void> {
    const { random } = this.#options;
    while (!this.#isOver) {
      const burst = this.#isPublishing && client.isConnected ? Math.floor(random() * BURST) : 0;
      for (let n = 0; n < burst && client.unacknowledged < WINDOW; n++) this.#publishOne(client, index);
      await sleep(PACE);
    }
  }

  #publishOne(client: SessionClient, index: number): void {
    const { name, random } = this.#options;
    const qos = random() < 0.5 ? 1 : 2;
    const topic = `${name}/${qos}/${index}/${Math.floor(random() * TOPICS)}`;
    const number = (this.#numbers.get(topic) ?? 0) + 1;
    this.#numbers.set(topic, number);
    const payload = `${number} ${'x'.repeat(Math.floor(random() * 200))}`;
    client.publish({ topic, payload, qos, retain: false, expiry: 0 });
  }
}

/** Of a message of this traffic, as the witness calls it. */
export function nameOf(topic: string, payload: string): string {
  return `${topic} ${numberOf(payload)}`;
}

function numberOf(payload: string): number {
  return Number(payload.slice(0, payload.indexOf(' ')));
}
