/** A broker on a clock that the test moves, and clients that speak raw packets to it over wires in memory. */
import type { Duplex } from 'node:stream';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { generate, type IConnackPacket, type IConnectPacket, type Packet, parser } from 'mqtt-packet';
import type { Test } from 'tap';
import type { Access } from '../../../src/broker/access/access.js';
import { type Broker, createBroker } from '../../../src/broker/broker.js';
import { Admission, type Ticket } from '../../../src/broker/limits/admission.js';
import type { Peer } from '../../../src/broker/peer.js';
import { Statistics } from '../../../src/broker/statistics.js';
import type { BrokerConfig, BrokerLimits, ListenerConfig, StoreLimits } from '../../../src/core/config.js';
import type { Transform } from '../../../src/core/function.js';
import { silentLog } from '../../../src/core/log.js';
import type { Mesh } from '../../../src/core/mesh.js';
import { createMessage, type MessageInit } from '../../../src/core/message.js';
import type { Store } from '../../../src/core/store.js';
import { brokerConfig, defaultLimits } from '../../support/broker-config.js';
import { duplexPair, holdWrites, releaseWrites } from '../../support/duplex-pair.js';
import { ManualClock, settle } from '../../support/manual-clock.js';
import { answered, sharedStore } from '../../support/shared-store.js';

export class Bench {
  readonly clock = new ManualClock();
  readonly broker: Broker;
  readonly #listener: ListenerConfig;
  readonly #store: Store | undefined;

  constructor(
    t: Test,
    limits: Partial<BrokerLimits> = {},
    rest: Partial<BrokerConfig> = {},
    access?: Access,
    random?: () => number,
    store = sharedStore(),
    hasFastPath = true,
    storeLimits?: StoreLimits,
    mesh?: Mesh,
    transform?: Transform,
  ) {
    this.#store = store;
    const config = brokerConfig(limits, rest);
    this.#listener = config.listeners[0]!;
    this.broker = createBroker({
      config,
      gatewayId: 'test',
      log: silentLog,
      clock: this.clock,
      hasFastPath,
      ...(storeLimits && { storeLimits }),
      ...(mesh && { mesh }),
      ...(transform && { transform }),
      ...(access && { access }),
      ...(random && { random }),
      ...(store && { store }),
    });
    t.teardown(() => this.broker[Symbol.asyncDispose]());
  }

  /** A connection before CONNECT. */
  open(version: 3 | 4 | 5, peer: Partial<Peer> = {}): TestClient {
    const [near, far] = duplexPair();
    const host = peer.host ?? 'memory';
    this.broker.serve(far, { address: host, host, listener: this.#listener, ...peer });
    const client = new TestClient(near, version);
    client.store = this.#store;
    return client;
  }

  /** A client that subscribes to `t`, on a wire that takes one write and then nothing more, as when its peer is gone. */
  async deaf(clientId: string, qos: 0 | 1 | 2, version: 4 | 5 = 4, keepalive = 0): Promise<TestClient> {
    const client = await this.connect(version, clientId, { keepalive });
    await client.subscribe('t', qos);
    client.stopReading();
    return client;
  }

  /** A connection after CONNACK; `connack` holds it. */
  async connect(version: 3 | 4 | 5, clientId: string, options: Partial<IConnectPacket> = {}): Promise<TestClient> {
    const client = this.open(version);
    await client.connect(clientId, options);
    return client;
  }

  /** Publishes from inside the gateway, as a device does. */
  route(init: Partial<MessageInit> & { topic: string; payload: string }): void {
    const message = createMessage({ origin: 'device:d', receivedAt: this.clock.now(), ...init });
    void this.broker.router.publish(message);
  }

  /** Everything that was sent has arrived. */
  async settle(): Promise<void> {
    await quiet(this.#store);
  }
}

async function quiet(store: Store | undefined): Promise<void> {
  await settle();
  await settle();
  // One answer may be the reason of the next question.
  for (let i = 0; store !== undefined && i < 4; i++) {
    await answered(store);
    await settle();
  }
}

export class TestClient {
  readonly stream: Duplex;
  readonly version: 3 | 4 | 5;
  connack: IConnackPacket | undefined;
  isClosed = false;
  /** Of the broker; it has a thread of its own. */
  store: Store | undefined;
  readonly #received: Packet[] = [];

  constructor(stream: Duplex, version: 3 | 4 | 5) {
    this.stream = stream;
    this.version = version;
    const parse = parser({ protocolVersion: version });
    parse.on('packet', (packet) => this.#received.push(packet));
    parse.on('error', (error: Error) => stream.destroy(error));
    stream.on('data', (chunk: Buffer) => parse.parse(chunk));
    stream.on('end', () => stream.end());
    stream.on('close', () => {
      this.isClosed = true;
    });
  }

  send(packet: Packet): void {
    this.raw(generate(packet, { protocolVersion: this.version }));
  }

  /** From now on the broker's writes are not taken; see duplex-pair.ts. */
  stopReading(): void {
    holdWrites(this.stream);
  }

  /** What was held is taken, and what comes. */
  readAgain(): void {
    releaseWrites(this.stream);
  }

  raw(bytes: Buffer): void {
    this.stream.write(bytes);
  }

  async connect(clientId: string, options: Partial<IConnectPacket> = {}): Promise<IConnackPacket> {
    this.send({
      cmd: 'connect',
      protocolId: this.version === 3 ? 'MQIsdp' : 'MQTT',
      protocolVersion: this.version,
      clean: true,
      keepalive: 0,
      clientId,
      ...options,
    });
    this.connack = await this.next('connack');
    return this.connack;
  }

  /** The next packet, which must be of this kind. */
  async next<C extends Packet['cmd']>(cmd: C): Promise<Extract<Packet, { cmd: C }>> {
    for (let turns = 0; this.#received.length === 0 && turns < 500; turns++) await turn();
    const end = performance.now() + (this.store === undefined ? 0 : 5_000);
    while (this.#received.length === 0 && performance.now() < end) await sleep(1);
    const packet = this.#received.shift();
    if (packet?.cmd !== cmd) throw new Error(`expected ${cmd}, got ${packet?.cmd ?? 'nothing'}`);
    return packet as Extract<Packet, { cmd: C }>;
  }

  /** What has arrived and was not asked for, once everything is quiet. */
  async pending(): Promise<Packet[]> {
    await quiet(this.store);
    return this.#received.splice(0);
  }

  async subscribe(topic: string, qos: 0 | 1 | 2, options: { nl?: boolean; rap?: boolean; rh?: number } = {}) {
    this.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos, ...options }] });
    return this.next('suback');
  }

  /** Sends and waits for the acknowledgements of QoS 1 and 2. */
  async publish(topic: string, payload: string, qos: 0 | 1 | 2 = 0, retain = false, messageId = 9): Promise<void> {
    this.send({ cmd: 'publish', topic, payload, qos, retain, dup: false, ...(qos > 0 && { messageId }) });
    if (qos === 1) await this.next('puback');
    if (qos === 2) {
      await this.next('pubrec');
      this.send({ cmd: 'pubrel', messageId });
      await this.next('pubcomp');
    }
    await quiet(this.store);
  }

  /** Waits until the broker has closed the connection. */
  async closed(): Promise<void> {
    for (let turns = 0; !this.isClosed && turns < 500; turns++) await turn();
    for (let i = 0; !this.isClosed && this.store !== undefined && i < 100; i++) await quiet(this.store);
    if (!this.isClosed) throw new Error('the connection is still open');
  }

  /** The wire is cut: no DISCONNECT. */
  async cut(): Promise<void> {
    this.stream.destroy();
    await quiet(this.store);
  }
}

/** `topic payload qN rN` of a received PUBLISH. */
export function shown(packet: Packet): string {
  if (packet.cmd !== 'publish') return packet.cmd;
  return `${packet.topic} ${packet.payload} q${packet.qos} r${packet.retain ? 1 : 0}`;
}

/** For listeners without a broker. */
export function admitEverybody(): (peer: Peer) => Ticket | undefined {
  const options = {
    clock: new ManualClock(),
    limits: defaultLimits,
    statistics: new Statistics(),
    onRefused: () => {},
  };
  const admission = new Admission(options);
  return ({ listener, host }) => admission.open(listener, host);
}
