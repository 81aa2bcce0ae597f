/**
 * An open loop: so many messages are due in each millisecond, whether or not those before have been answered. A second client
 * looks at each that arrives: once, and in order on its topic.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate, type Packet } from 'mqtt-packet';
import { publishFrame as frameOf } from '../../bench/client.js';
import type { Context } from './role.js';

export interface SteadyOptions {
  readonly port: number;
  readonly qos: 0 | 1;
  /** `raw` is sent to, the filter is listened to: topics are `raw/0` to `raw/9`. */
  readonly filter: string;
  readonly perMillisecond: number;
  /** How long it is sent, ms. */
  readonly ms: number;
  readonly payloadBytes: number;
}

export interface SteadyResult {
  readonly sent: number;
  readonly acknowledged: number;
  readonly received: number;
  /** Out of order, or more than once. */
  readonly wrong: number;
  readonly marks: readonly string[];
  /** How many were there when the last was sent: near `sent` when the gateway keeps up. */
  readonly receivedMeanwhile: number;
  /** How many the sender itself was behind its schedule at most. */
  readonly behind: number;
}

const TOPICS = 10;
/** Identifiers of packets: 16 bits, not 0. */
const IDENTIFIERS = 65_535;
const PUBLISH = 3;
const PUBACK = 4;
/** Nothing comes any more, ms. */
const SILENCE = 10_000;

/** Sends from `start`; the result is there when everything has arrived, or nothing comes any more. */
export async function steady(context: Context, options: SteadyOptions): Promise<SteadyResult> {
  const { port, qos, filter, perMillisecond, ms, payloadBytes } = options;
  const next = new Map<string, number>();
  const marks = new Set<string>();
  let [sent, acknowledged, received, wrong, behind] = [0, 0, 0, 0, 0];
  let lastAt = performance.now();
  const reader = await open(port, 'steady-reader', (type, frame, socket) => {
    if (type !== PUBLISH) return;
    const start = frame.length > 129 ? 3 : 2;
    const topicEnd = start + 2 + frame.readUInt16BE(start);
    const topic = frame.toString('latin1', start + 2, topicEnd);
    const payload = frame.subarray(topicEnd + (qos === 0 ? 0 : 2));
    if (qos === 1) socket.write(Buffer.from([PUBACK << 4, 2, frame[topicEnd]!, frame[topicEnd + 1]!]));
    const number = payload.readUInt32BE(1);
    if (number !== (next.get(topic) ?? 0)) wrong++;
    next.set(topic, number + 1);
    marks.add(String.fromCharCode(payload[0]!));
    received++;
    lastAt = performance.now();
  });
  const writer = await open(port, 'steady-writer', (type) => {
    if (type === PUBACK) acknowledged++;
  });
  reader.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos }] }));
  const frames = Array.from({ length: TOPICS }, (_, i) => frameOf(`raw/${i}`, payloadBytes, qos, 1));
  const size = frames[0]!.length;
  const payloadAt = size - payloadBytes;
  context.say('connected');
  await context.hear('start');
  const startedAt = performance.now();
  const total = perMillisecond * ms;
  while (sent < total) {
    const due = Math.min(total, Math.floor((performance.now() - startedAt) * perMillisecond));
    behind = Math.max(behind, due - sent);
    const block = Buffer.allocUnsafe((due - sent) * size);
    for (let at = 0; sent < due; sent++, at += size) {
      frames[sent % TOPICS]!.copy(block, at);
      if (qos === 1) block.writeUInt16BE((sent % IDENTIFIERS) + 1, at + payloadAt - 2);
      block[at + payloadAt] = 0x2d;
      block.writeUInt32BE(Math.floor(sent / TOPICS), at + payloadAt + 1);
    }
    if (qos === 1 && sent - acknowledged > IDENTIFIERS) throw new Error(`${sent - acknowledged} are not acknowledged`);
    writer.write(block);
    await sleep(1);
  }
  const receivedMeanwhile = received;
  lastAt = performance.now();
  const isOver = () => received >= sent && (qos === 0 || acknowledged >= sent);
  while (!isOver() && performance.now() - lastAt < SILENCE) await sleep(20);
  // What is doubled comes late.
  await sleep(200);
  reader.destroy();
  writer.destroy();
  return { sent, acknowledged, received, wrong, marks: [...marks], receivedMeanwhile, behind };
}

/** Each frame as it arrives; what is written in one turn of the event loop goes out together. */
async function open(
  port: number,
  clientId: string,
  receive: (type: number, frame: Buffer, socket: Socket) => void,
): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const hello: Packet = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId, clean: true, keepalive: 0 };
  socket.write(generate(hello));
  await new Promise<void>((resolve, reject) => {
    let left: Buffer = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${clientId}: the connection is gone`)));
    socket.on('data', (bytes) => {
      const all = left.length === 0 ? bytes : Buffer.concat([left, bytes]);
      let at = 0;
      socket.cork();
      for (;;) {
        const end = endOf(all, at);
        if (end === undefined || end > all.length) break;
        const type = all[at]! >> 4;
        if (type === 2) resolve();
        else receive(type, all.subarray(at, end), socket);
        at = end;
      }
      socket.uncork();
      left = all.subarray(at);
    });
  });
  return socket;
}

/** Of the packet that begins there; undefined: its length is not there yet. */
function endOf(bytes: Buffer, from: number): number | undefined {
  let [length, shift, at] = [0, 0, from + 1];
  for (;;) {
    const byte = bytes[at++];
    if (byte === undefined) return undefined;
    length |= (byte & 127) << shift;
    shift += 7;
    if (byte < 128) return at + length;
  }
}
