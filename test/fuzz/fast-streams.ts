/**
 * The fast path against the general one: the same clients, byte streams and splits go to a broker with and to one without
 * it. What each client is sent, read by mqtt-packet, must be the same, and so must everything the brokers counted.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type Packet, parser } from 'mqtt-packet';
import { type Broker, createBroker } from '../../src/broker/broker.js';
import { silentLog } from '../../src/core/log.js';
import { brokerConfig } from '../support/broker-config.js';
import { duplexPair, holdWrites, releaseWrites } from '../support/duplex-pair.js';
import { ManualClock } from '../support/manual-clock.js';
import { seeded } from '../support/random.js';
import { type Script, scriptsOf, type Version } from './fast-scripts.js';

/** What a client may have waiting is soon reached. */
const SLOW = { qos0: 'drop-new', maxBytes: 5_000, timeout: 0 } as const;

export interface FastFuzzSummary {
  readonly streams: number;
  /** PUBLISH packets the broker took. */
  readonly messages: number;
  /** Packets that clients were sent. */
  readonly answers: number;
}

/** @throws Error with the seed of the round when the brokers differ */
export async function fuzzFastPath(options: { streams: number; seed: number }): Promise<FastFuzzSummary> {
  const sum = { streams: 0, messages: 0, answers: 0 };
  const pair = [new Side(true), new Side(false)] as const;
  try {
    for (let round = 0; sum.streams < options.streams; round++) {
      const seed = options.seed + round;
      const scripts = scriptsOf(seeded(seed));
      const [fast, general] = [await pair[0].play(scripts), await pair[1].play(scripts)];
      const difference = firstDifference(fast, general);
      if (difference !== undefined) throw new Error(`seed ${seed}: ${difference}`);
      sum.streams += scripts.length;
      sum.answers += fast.reduce((count, text) => count + text.split('\n').length, 0);
    }
    sum.messages = pair[0].messages;
  } finally {
    for (const side of pair) await side.end();
  }
  return sum;
}

function firstDifference(fast: readonly string[], general: readonly string[]): string | undefined {
  for (const [i, text] of fast.entries()) {
    const other = general[i]!;
    if (text === other) continue;
    const lines = text.split('\n');
    const others = other.split('\n');
    const at = lines.findIndex((line, n) => line !== others[n]);
    return `part ${i}, line ${at}: fast "${lines[at]}", general "${others[at]}" (${lines.length} and ${others.length} lines)`;
  }
  return undefined;
}

/** One broker, and what became of the scripts there. */
class Side {
  readonly #clock = new ManualClock();
  readonly #broker: Broker;
  readonly #listener;

  constructor(hasFastPath: boolean) {
    const config = brokerConfig({
      receiveMaximum: 5,
      queuedMessages: 8,
      packetBytes: 2_000,
      topicBytes: 200,
      slowConsumer: SLOW,
    });
    this.#listener = config.listeners[0]!;
    const permissions = {
      revision: 1,
      mayPublish: (topic: string) => !topic.startsWith('deny/'),
      maySubscribe: () => true,
      mayReceive: (topic: string) => topic !== 'a/c',
    };
    const access = {
      authenticate: () => ({ user: undefined, permissions }),
      exchange: () => {
        throw new Error('nobody asks for it');
      },
    };
    this.#broker = createBroker({
      config,
      gatewayId: 'fuzz',
      log: silentLog,
      clock: this.#clock,
      access,
      hasFastPath,
      random: () => 0.5,
    });
  }

  get messages(): number {
    return this.#broker.statistics.publishReceived;
  }

  end(): Promise<void> {
    return Promise.resolve(this.#broker[Symbol.asyncDispose]());
  }

  /** @returns what each client was sent, and at last what was counted */
  async play(scripts: readonly Script[]): Promise<string[]> {
    const clients = scripts.map((script) => this.#open(script.version));
    for (const [i, script] of scripts.entries()) {
      clients[i]!.write(script.connect);
      clients[i]!.write(script.subscribe);
      await settle();
    }
    const longest = Math.max(...scripts.map(({ pieces }) => pieces.length));
    for (let n = 0; n < longest; n++) {
      for (const [i, { pieces, deaf }] of scripts.entries()) {
        if (n === deaf?.[0]) clients[i]!.stopReading();
        if (n === deaf?.[1]) clients[i]!.readAgain();
        if (n < pieces.length) clients[i]!.write(pieces[n]!);
      }
      await settle();
    }
    for (const client of clients) client.readAgain();
    await settle();
    const { statistics } = this.#broker;
    const figures = this.#broker.figures();
    const counted = JSON.stringify({
      ...Object.fromEntries(Object.entries(statistics).filter(([, value]) => typeof value === 'number')),
      router: figures.router,
      ledger: figures.ledger,
      stored: figures.stored,
      ends: [figures.connectRefused, figures.disconnected, statistics.endedBy],
      clients: this.#broker.clients().map((client) => ({ ...client, since: 0, lastPacketAt: 0 })),
    });
    for (const client of clients) client.cut();
    await settle();
    if (this.#broker.clients().length > 0) throw new Error('sessions are left');
    return [...clients.map(({ sent }) => sent.join('\n')), counted];
  }

  #open(version: Version): FuzzClient {
    const [near, far] = duplexPair();
    this.#broker.serve(far, { address: 'memory', host: 'memory', listener: this.#listener });
    return new FuzzClient(near, version);
  }
}

class FuzzClient {
  readonly sent: string[] = [];
  readonly #stream;

  constructor(stream: ReturnType<typeof duplexPair>[0], version: Version) {
    this.#stream = stream;
    const parse = parser({ protocolVersion: version });
    parse.on('packet', (packet) => this.sent.push(shown(packet)));
    parse.on('error', (error: Error) => this.sent.push(`not MQTT: ${error.message}`));
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => parse.parse(chunk));
    stream.on('end', () => {
      this.sent.push('end');
      stream.end();
    });
  }

  write(bytes: Buffer): void {
    // A wire hands on what it is given: each broker gets bytes of its own.
    if (!this.#stream.writableEnded && !this.#stream.destroyed) this.#stream.write(Buffer.from(bytes));
  }

  stopReading(): void {
    holdWrites(this.#stream);
  }

  readAgain(): void {
    releaseWrites(this.#stream);
  }

  cut(): void {
    this.#stream.destroy();
  }
}

function shown(packet: Packet): string {
  return JSON.stringify(packet, (_key, value) =>
    value?.type === 'Buffer' ? Buffer.from(value.data).toString() : value,
  );
}

async function settle(): Promise<void> {
  for (let i = 0; i < 6; i++) await turn();
}
