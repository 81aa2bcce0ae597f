/**
 * Mutated packets through the whole path of a connection, without sockets: codec, handlers, sessions, router, writer. Some
 * fifty clients at a time share sessions, topics and retained messages; time moves by a clock of its own.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Access, type Identity, unrestricted } from '../../src/broker/access/access.js';
import { type Broker, createBroker } from '../../src/broker/broker.js';
import { ReasonCode, Refusal } from '../../src/broker/reason-codes.js';
import { silentLog } from '../../src/core/log.js';
import { brokerConfig } from '../support/broker-config.js';
import { ManualClock } from '../support/manual-clock.js';
import { acknowledgement, connect, disconnect, publish, subscribe } from '../support/mqtt-writer.js';
import { Choice } from '../support/random.js';
import { ServerStream } from '../support/server-packets.js';
import { corpus } from './corpus.js';
import { FuzzClient, type FuzzContext } from './fuzz-client.js';
import { Wire } from './wire.js';

const CLIENTS = 50;
const METHOD = 'FUZZ';
/** Of time, ms, in every turn: keep-alives, expiries and delays come due. */
const STEP = 40;
const LONGEST_EXPIRY = 60_000;
const TURNS_BETWEEN_LOOKS = 2_000;
/** What the broker's limits allow it to hold above where it was after the warm-up. */
const HEAP_GROWTH_BYTES = 48 * 1024 * 1024;

export interface ConnectionsSummary {
  /** Mutated packets, of all that were sent. */
  readonly mutated: number;
  readonly packets: number;
  readonly connections: number;
  /** Connections that the broker ended with a CONNACK or DISCONNECT that says so. */
  readonly refused: number;
  /** Packets of the broker, each decoded and judged. */
  readonly received: number;
  readonly heapBytes: number;
}

export async function fuzzConnections(options: {
  packets: number;
  seed: number;
  onProgress?: (mutated: number) => void;
}): Promise<ConnectionsSummary> {
  const choice = new Choice(options.seed);
  const clock = new ManualClock();
  const config = brokerConfig(
    {
      connections: CLIENTS,
      packetBytes: 8_192,
      sessionExpiry: LONGEST_EXPIRY,
      retainedMessages: 200,
      queuedMessages: 50,
    },
    { responseInformation: 'answers/%c', payloadFormatCheck: true, listeners: [] },
  );
  const broker = createBroker({ config, gatewayId: 'fuzz', log: silentLog, clock, access, random: choice.random });
  await broker.start(new AbortController().signal);
  const ownTimers = clock.pending;
  const sum = { packets: 0, mutated: 0, connections: 0, refused: 0, received: 0 };
  const context: FuzzContext = {
    broker,
    peer: { address: 'memory', host: 'memory', listener: { name: 'memory', type: 'tcp', auth: { anonymous: true } } },
    choice,
    corpora: new Map(([3, 4, 5] as const).map((version) => [version, corpus(choice, version, METHOD)])),
    sum,
  };
  const clients = Array.from({ length: CLIENTS }, () => new FuzzClient(context));
  let baseline: number | undefined;
  let heapBytes = 0;
  try {
    for (let turns = 1; sum.mutated < options.packets; turns++) {
      for (const client of clients) client.turn();
      await turn();
      if (turns % 5 === 0) clock.step(STEP * 5);
      if (turns % TURNS_BETWEEN_LOOKS !== 0) continue;
      await serves(context);
      heapBytes = held();
      baseline ??= heapBytes;
      if (heapBytes > baseline + HEAP_GROWTH_BYTES) {
        throw new Error(`${heapBytes} bytes are held, ${baseline} were after the warm-up`);
      }
      if (broker.connections() > CLIENTS + 1) throw new Error(`${broker.connections()} connections are open`);
      options.onProgress?.(sum.mutated);
    }
    for (const client of clients) client.cut();
    await settled();
    await serves(context);
    await settled();
    for (let passed = 0; passed <= 2 * LONGEST_EXPIRY; passed += 1_000) clock.step(1_000);
    await settled();
    checkNothingIsLeft(broker, clock, ownTimers);
  } finally {
    await broker[Symbol.asyncDispose]();
  }
  if (clock.pending > 0) throw new Error(`${clock.pending} timers are left after the end`);
  return { ...sum, heapBytes };
}

/** Lets in everybody, some by an exchange of AUTH packets. */
const access: Access = {
  authenticate: () => anonymous,
  exchange: (method) => {
    if (method !== METHOD) return new Refusal(ReasonCode.badAuthenticationMethod, 'not offered');
    return {
      step: (data) => {
        const word = data?.toString('latin1');
        if (word === 'go') return { result: 'success', identity: anonymous, data: Buffer.from('in') };
        if (word === 'ask') return Promise.resolve({ result: 'continue', data: Buffer.from('and?') });
        return new Refusal(ReasonCode.notAuthorized, 'no');
      },
    };
  },
};
const anonymous: Identity = { user: undefined, permissions: unrestricted };

function checkNothingIsLeft(broker: Broker, clock: ManualClock, ownTimers: number): void {
  if (broker.connections() > 0) throw new Error(`${broker.connections()} connections are left`);
  if (broker.clients().length > 0) throw new Error(`${broker.clients().length} sessions are left`);
  const { subscriptions } = broker.router.counters();
  if (subscriptions > 0) throw new Error(`${subscriptions} subscriptions are left`);
  if (clock.pending !== ownTimers) throw new Error(`${clock.pending} timers are left, not ${ownTimers}`);
}

async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn();
}

/** A client that behaves is served: subscribe, publish QoS 2, receive. */
async function serves({ broker, peer }: FuzzContext): Promise<void> {
  const names: string[] = [];
  const stream = new ServerStream(5);
  let isClosed = false;
  const wire: Wire = new Wire({
    onBytes: (bytes) =>
      stream.feed(bytes, (packet) => {
        names.push(packet.name);
        if (packet.name === 'PUBREC') wire.push(acknowledgement('PUBREL', packet.id));
        if (packet.name === 'PUBCOMP') wire.push(disconnect());
      }),
    onEnd: () => wire.push(null),
    onClosed: () => {
      isClosed = true;
    },
  });
  broker.serve(wire, peer);
  wire.push(connect({ version: 5, clientId: 'well-behaved' }));
  wire.push(subscribe(5, 1, [['still-here', 0]]));
  wire.push(publish({ version: 5, topic: 'still-here', payload: 'x', qos: 2, id: 2 }));
  for (let turns = 0; turns < 100 && !isClosed; turns++) await turn();
  const seen = names.sort().join(' ');
  if (!isClosed || seen !== 'CONNACK PUBCOMP PUBLISH PUBREC SUBACK') {
    throw new Error(`a client that behaves was not served: it saw ${seen}, closed: ${isClosed}`);
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes held after a collection. */
function held(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
