/**
 * The fast path against the general one: the same clients, byte streams and splits go to a broker with and to one without
 * it. What each client is sent, read by mqtt-packet, must be the same, and so must everything the brokers counted.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { generate, type Packet, parser } from 'mqtt-packet';
import { type Broker, createBroker } from '../../src/broker/broker.js';
import { silentLog } from '../../src/core/log.js';
import { brokerConfig } from '../support/broker-config.js';
import { duplexPair, holdWrites, releaseWrites } from '../support/duplex-pair.js';
import { ManualClock } from '../support/manual-clock.js';
import { type Random, seeded } from '../support/random.js';

export interface FastFuzzSummary {
  readonly streams: number;
  /** PUBLISH packets the broker took. */
  readonly messages: number;
  /** Packets that clients were sent. */
  readonly answers: number;
}

type Version = 4 | 5;

/** Clients of one round, each with a stream of its own. */
const CLIENTS = 4;
const TOPICS = ['a', 'a/b', 'a/c', 'x/ü', 'deny/x', '$SYS/x', 'bad/+', '', 'n'.repeat(300)];
/** What a client may have waiting is soon reached. */
const SLOW = { qos0: 'drop-new', maxBytes: 5_000, timeout: 0 } as const;
const FILTERS = ['a', 'a/b', 'a/#', '#', '+/b', 'x/ü', '$share/g/a/b', 'deny/#', 'n/#'];

interface Script {
  readonly version: Version;
  readonly connect: Buffer;
  readonly subscribe: Buffer;
  /** The stream, in the pieces in which it arrives. */
  readonly pieces: readonly Buffer[];
  /** It takes nothing from this round of pieces to that one. */
  readonly deaf: readonly [number, number] | undefined;
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

function scriptsOf(random: Random): Script[] {
  return Array.from({ length: CLIENTS }, (_, number) => scriptOf(random, number));
}

function scriptOf(random: Random, number: number): Script {
  const pick = <T>(...items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const version = pick<Version>(4, 5);
  const isVersion5 = version === 5;
  const encode = (packet: Packet) => generate(packet, { protocolVersion: version });
  const connect = encode({
    cmd: 'connect',
    protocolVersion: version,
    clientId: `c${number}`,
    clean: true,
    keepalive: 0,
    ...(isVersion5 && {
      properties: {
        receiveMaximum: pick(1, 3, 65_535),
        maximumPacketSize: pick(40, 120, 100_000),
        ...(random() < 0.2 && { topicAliasMaximum: 2 }),
      },
    }),
  });
  // How far what it sends is read while it takes nothing is a matter of turns: who is deaf only listens.
  const isDeaf = number === 0 && random() < 0.5;
  const subscribe = encode({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
      const topic = pick(...FILTERS);
      const nl = isVersion5 && !topic.startsWith('$share') && random() < 0.2;
      const qos = isDeaf ? 0 : pick<0 | 1 | 2>(0, 1, 2);
      return { topic, qos, ...(isVersion5 && { nl, rap: random() < 0.5, rh: 2 }) };
    }),
    ...(isVersion5 && random() < 0.2 && { properties: { subscriptionIdentifier: 7 } }),
  });
  const from = Math.floor(random() * 6);
  if (isDeaf) return { version, connect, subscribe, pieces: [], deaf: [from, from + 1 + Math.floor(random() * 12)] };
  const frames: Buffer[] = [];
  for (let count = 4 + Math.floor(random() * 20); count > 0; count--) {
    const frame = frameOf(random, pick, encode, isVersion5);
    // A run now and then, as a flood has them.
    const times = frame[0] === 0x30 && random() < 0.1 ? pick(2, 5, 12) : 1;
    for (let i = 0; i < times; i++) frames.push(frame);
    // Or what a gateway of devices sends: their values, one after the other.
    const values = random() < 0.06 ? pick(2, 4, 9, 20) : 0;
    for (let i = 0; i < values; i++) frames.push(deviceValue(pick, isVersion5));
  }
  const stream = Buffer.concat(frames);
  if (random() < 0.1) stream[Math.floor(random() * stream.length)]! ^= 1 << Math.floor(random() * 8);
  return { version, connect, subscribe, pieces: cut(random, stream), deaf: undefined };
}

function deviceValue(pick: <T>(...items: readonly T[]) => T, isVersion5: boolean): Buffer {
  const payload = Buffer.alloc(pick(1, 60, 130), 'v');
  return generate(
    { cmd: 'publish', topic: pick(...TOPICS.slice(0, 5)), payload, qos: 0, retain: false, dup: false },
    { protocolVersion: isVersion5 ? 5 : 4 },
  );
}

function frameOf(
  random: Random,
  pick: <T>(...items: readonly T[]) => T,
  encode: (packet: Packet) => Buffer,
  isVersion5: boolean,
): Buffer {
  const messageId = 1 + Math.floor(random() * 8);
  const kind = random();
  if (kind < 0.62) {
    const qos = pick<0 | 1 | 2>(0, 0, 1, 2);
    const unusual = random();
    // Wrong topics are rare, else every stream ends early.
    const topic = random() < 0.97 ? pick(...TOPICS.slice(0, 5)) : pick(...TOPICS);
    const payload = Buffer.alloc(pick(0, 3, 90, 130, 700), 'p');
    const publish = generate(
      {
        cmd: 'publish',
        topic: topic === '' || topic.includes('+') ? 'zzzzz' : topic,
        payload,
        qos,
        ...(qos > 0 && { messageId }),
        retain: unusual < 0.03,
        dup: qos > 0 && unusual > 0.97,
        ...(isVersion5 && unusual > 0.9 && unusual < 0.95 && { properties: { contentType: 't' } }),
      },
      { protocolVersion: isVersion5 ? 5 : 4 },
    );
    if (topic.includes('+')) publish[publish.indexOf('zzzzz')] = '+'.charCodeAt(0);
    return publish;
  }
  if (kind < 0.7) return encode({ cmd: 'pingreq' });
  if (kind < 0.73) {
    return encode({
      cmd: 'subscribe',
      messageId,
      subscriptions: [{ topic: pick(...FILTERS), qos: pick<0 | 1 | 2>(0, 1, 2) }],
    });
  }
  if (kind < 0.76) return encode({ cmd: 'unsubscribe', messageId, unsubscriptions: [pick(...FILTERS)] });
  if (kind < 0.762) return encode({ cmd: 'disconnect' });
  return encode({ cmd: pick('puback', 'puback', 'pubrec', 'pubrel', 'pubcomp'), messageId });
}

function cut(random: Random, stream: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = random() < 0.3 ? stream.length : Math.min(stream.length, at + 1 + Math.floor(random() * 400));
    pieces.push(stream.subarray(at, end));
    at = end;
  }
  return pieces;
}
