/** Broken MQTT byte streams against a started broker, many at a time; afterwards it must serve and hold nothing. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { generate, type Packet } from 'mqtt-packet';
import { createBroker } from '../../src/broker/broker.js';
import { silentLog } from '../../src/core/log.js';
import { brokerConfig } from '../support/broker-config.js';
import { ManualClock } from '../support/manual-clock.js';
import { eventually } from '../support/peers.js';
import { type Random, seeded } from '../support/random.js';
import { TestClient } from '../unit/broker/harness.js';

const AT_ONCE = 40;
/** Two of the broker itself: `$SYS` and the sweep of expired retained messages. */
const OWN_TIMERS = 2;

export interface FuzzSummary {
  readonly streams: number;
  readonly bytes: number;
  /** Control packets the broker took. */
  readonly packets: number;
  /** Connections it ended because of what was sent. */
  readonly refused: number;
}

/**
 * Runs the streams and checks the broker after them.
 *
 * @throws Error when the broker does not serve any more, or connections, sessions or timers are left
 */
export async function fuzzBroker(options: { streams: number; seed: number }): Promise<FuzzSummary> {
  const random = seeded(options.seed);
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  const clock = new ManualClock();
  const config = brokerConfig({ connections: AT_ONCE + 10, packetBytes: 8_192, sessionExpiry: 60_000 });
  const broker = createBroker({ config, gatewayId: 'fuzz', log: silentLog, clock });
  await broker.start(new AbortController().signal);
  const port = Number(broker.addresses()[0]?.split(':').pop());
  const sum = { streams: options.streams, bytes: 0, packets: 0, refused: 0 };
  try {
    let next = 0;
    const worker = async () => {
      while (next++ < options.streams) {
        const bytes = stream(random);
        await play(port, bytes, random);
        sum.bytes += bytes.length;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await eventually(() => broker.connections() === 0);
    await serves(port);
    await eventually(() => broker.connections() === 0);
    await clock.advance(60_000);
    const figure = (name: string) => Number([...broker.router.retained(`$SYS/broker/${name}`)][0]?.payload);
    sum.packets = figure('messages/received');
    sum.refused = figure('connections/failed');
    if (broker.clients().length > 0) throw new Error(`${broker.clients().length} sessions are left`);
    if (broker.router.counters().subscriptions > 0) throw new Error('subscriptions are left');
    if (clock.pending !== OWN_TIMERS) throw new Error(`${clock.pending} timers are left, not ${OWN_TIMERS}`);
  } finally {
    await broker[Symbol.asyncDispose]();
    process.off('warning', onWarning);
  }
  if (clock.pending > 0) throw new Error(`${clock.pending} timers are left after the end`);
  if (warnings.length > 0) throw new Error(`warnings: ${warnings.map(String).join('; ')}`);
  return sum;
}

/** Sends the bytes in pieces; then waits a little, half-closes, or cuts the wire. */
export async function play(port: number, bytes: Buffer, random: Random): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  socket.resume();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect').catch(() => {});
  for (let at = 0; at < bytes.length && !socket.destroyed; ) {
    const end = random() < 0.5 ? bytes.length : at + 1 + Math.floor(random() * (bytes.length - at));
    socket.write(bytes.subarray(at, end));
    at = end;
    await turn();
  }
  if (random() < 0.5) await Promise.race([closed, sleep(5)]);
  finish(socket, random);
  await closed;
}

function finish(socket: Socket, random: Random): void {
  const how = random();
  if (how < 0.4) socket.destroy();
  else if (how < 0.6) socket.resetAndDestroy();
  else socket.end();
}

/**
 * A client that behaves is served: subscribe, publish QoS 2, receive.
 *
 * @param before - what the connection begins with
 */
export async function serves(port: number, before?: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  if (before !== undefined) socket.write(before);
  const client = new TestClient(socket, 5);
  const arrived = <C extends Packet['cmd']>(cmd: C) => eventually(() => client.next(cmd).catch(() => undefined));
  client.send({ cmd: 'connect', protocolVersion: 5, clientId: 'well-behaved', clean: true, keepalive: 0 });
  await arrived('connack');
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'still/here', qos: 0 }] });
  await arrived('suback');
  client.send({ cmd: 'publish', topic: 'still/here', payload: 'x', qos: 2, messageId: 2, retain: false, dup: false });
  await arrived('publish');
  await arrived('pubrec');
  client.send({ cmd: 'pubrel', messageId: 2, reasonCode: 0 });
  await arrived('pubcomp');
  client.send({ cmd: 'disconnect', reasonCode: 0 });
  await eventually(() => client.isClosed);
}

/** One broken stream. */
export function stream(random: Random): Buffer {
  const kind = random();
  if (kind < 0.15) return bytesOf(random, 200);
  const valid = session(random);
  if (kind < 0.35) return valid.subarray(0, Math.floor(random() * valid.length));
  if (kind < 0.45) return Buffer.concat([valid, bytesOf(random, 100)]);
  if (kind < 0.55) return Buffer.concat([valid, Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), bytesOf(random, 50)]);
  const broken = Buffer.from(valid);
  for (let changes = 1 + Math.floor(random() * 8); changes > 0; changes--) {
    const at = Math.floor(random() * broken.length);
    broken[at] = random() < 0.3 ? broken[at]! ^ (1 << Math.floor(random() * 8)) : Math.floor(random() * 256);
  }
  return broken;
}

function bytesOf(random: Random, most: number): Buffer {
  return Buffer.from(Array.from({ length: 1 + Math.floor(random() * most) }, () => Math.floor(random() * 256)));
}

/** CONNECT and a few packets as they should be. */
function session(random: Random): Buffer {
  const protocolVersion = random() < 0.5 ? 4 : 5;
  const isVersion5 = protocolVersion === 5;
  const pick = <T>(...items: T[]): T => items[Math.floor(random() * items.length)]!;
  const id = () => 1 + Math.floor(random() * 20);
  const qos = () => pick<0 | 1 | 2>(0, 1, 2);
  const packets: Packet[] = [
    {
      cmd: 'connect',
      protocolVersion,
      clientId: pick('a', 'b', `c${id()}`),
      clean: random() < 0.5,
      keepalive: pick(0, 1, 60),
      ...(random() < 0.3 && { will: { topic: 'w', payload: Buffer.from('w'), qos: qos(), retain: random() < 0.5 } }),
      ...(random() < 0.3 && { username: 'u', password: Buffer.from('p') }),
      ...(isVersion5 && {
        properties: {
          sessionExpiryInterval: pick(0, 10, 4_294_967_295),
          receiveMaximum: id(),
          topicAliasMaximum: pick(0, 2, 65_535),
          maximumPacketSize: pick(20, 60, 4_294_967_295),
          requestProblemInformation: random() < 0.5,
          requestResponseInformation: random() < 0.5,
          ...(random() < 0.1 && { authenticationMethod: 'm', authenticationData: Buffer.from('d') }),
        },
      }),
    },
  ];
  for (let count = Math.floor(random() * 6); count > 0; count--) {
    const level = qos();
    packets.push(
      pick<Packet>(
        { cmd: 'pingreq' },
        {
          cmd: 'subscribe',
          messageId: id(),
          subscriptions: [{ topic: pick('#', 't/+', '+/x/#', '$share/g/#', '$share/g/t'), qos: qos() }],
        },
        { cmd: 'unsubscribe', messageId: id(), unsubscriptions: [pick('#', '$share/g/#')] },
        {
          cmd: 'publish',
          topic: pick('t/1', 'a/x/y', 't'),
          payload: 'p'.repeat(pick(0, 5, 3_000)),
          qos: level,
          retain: random() < 0.2,
          dup: false,
          ...(level > 0 && { messageId: id() }),
          ...(isVersion5 && { properties: { topicAlias: id(), userProperties: { k: 'v' } } }),
        },
        { cmd: pick('puback', 'pubrec', 'pubrel', 'pubcomp'), messageId: id(), reasonCode: 0 },
        { cmd: 'disconnect', reasonCode: 0 },
        isVersion5
          ? { cmd: 'auth', reasonCode: pick(0x18, 0x19), properties: { authenticationMethod: 'm' } }
          : { cmd: 'pingreq' },
      ),
    );
  }
  return Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion })));
}
