/** What clients of the fast path's fuzz send, and how their bytes are split. */
import { generate, type Packet } from 'mqtt-packet';
import type { Random } from '../support/random.js';

export type Version = 4 | 5;

/** Clients of one round, each with a stream of its own. */
const CLIENTS = 4;
const TOPICS = ['a', 'a/b', 'a/c', 'x/ü', 'deny/x', '$SYS/x', 'bad/+', '', 'n'.repeat(300)];
const FILTERS = ['a', 'a/b', 'a/#', '#', '+/b', 'x/ü', '$share/g/a/b', 'deny/#', 'n/#'];

export interface Script {
  readonly version: Version;
  readonly connect: Buffer;
  readonly subscribe: Buffer;
  /** The stream, in the pieces in which it arrives. */
  readonly pieces: readonly Buffer[];
  /** It takes nothing from this round of pieces to that one. */
  readonly deaf: readonly [number, number] | undefined;
}

/** Of one round, one for each client. */
export function scriptsOf(random: Random): Script[] {
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
