/** Very many messages that wait on disk for a client that is away: what they hold in memory, how long a start takes with them, and whether they all come, in order. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate } from 'mqtt-packet';
import { publishFrame } from '../bench/client.js';
import { residentBytes } from '../bench/process.js';
import { freePort } from '../support/peers.js';
import { hpmqBroker } from './brokers.js';
import { SessionClient } from './client.js';

export interface QueuedResult {
  readonly messages: number;
  readonly acknowledgedPerSecond: number;
  /** Of the gateway: before, once they wait, after a start with them, and once they are delivered; MB. */
  readonly residentMb: {
    readonly before: number;
    readonly queued: number;
    readonly started: number;
    readonly drained: number;
  };
  /** From the start of the process until it listens, with none and with all of them, s. */
  readonly startSeconds: { readonly empty: number; readonly queued: number };
  /** By mosquitto_sub. */
  readonly received: number;
  readonly isInOrder: boolean;
  readonly receivedPerSecond: number;
  readonly difference: number;
}

const TOPIC = 'queued/topic';
const CLIENT = 'away';
const PAYLOAD_BYTES = 64;
/** At the end of each payload, its number. */
export const DIGITS = 8;
const WINDOW = 1_000;
/** So that what is compiled and allocated once does not count. */
const WARM_UP = 50_000;

export async function queued(messages: number): Promise<QueuedResult> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-queued-'));
  try {
    const port = await freePort();
    const { broker: first, seconds: empty } = await timedStart(folder, port);
    const reader = new SessionClient({ clientId: CLIENT, filters: [{ topic: TOPIC, qos: 1 }] });
    await reader.connect(port);
    reader.drop();
    await publish(port, 0, WARM_UP);
    await sleep(1_000);
    const before = residentMb(first.pid);
    const startedAt = performance.now();
    await publish(port, WARM_UP, messages - WARM_UP);
    const seconds = (performance.now() - startedAt) / 1_000;
    await sleep(1_000);
    const waiting = residentMb(first.pid);
    await first.kill();
    const { broker, seconds: withAll } = await timedStart(folder, port);
    const started = residentMb(broker.pid);
    const drained = await drain(port, messages);
    await sleep(500);
    const ledger = (await broker.ledger())!;
    const result = {
      messages,
      acknowledgedPerSecond: Math.round((messages - WARM_UP) / seconds),
      residentMb: { before, queued: waiting, started, drained: residentMb(broker.pid) },
      startSeconds: { empty, queued: withAll },
      ...drained,
      difference: Math.abs(ledger.copies.difference) + ledger.copies.queued + ledger.copies.inFlight,
    };
    await broker.kill();
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timedStart(folder: string, port: number) {
  const startedAt = performance.now();
  const broker = await hpmqBroker.start(folder, port);
  return { broker, seconds: Math.round(performance.now() - startedAt) / 1_000 };
}

function residentMb(pid: number): number {
  return Math.round(residentBytes(pid) / 1e5) / 10;
}

/** Numbered messages of QoS 1, so many unacknowledged at a time. */
export async function publish(port: number, first: number, count: number, topic = TOPIC): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(
    generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: 'p', clean: true, keepalive: 0 }),
  );
  const frames = Array.from({ length: WINDOW }, (_, i) => publishFrame(topic, PAYLOAD_BYTES, 1, i + 1, { version: 4 }));
  const frameBytes = frames[0]!.length;
  const block = Buffer.concat(frames);
  let sent = 0;
  // CONNACK and PUBACK have four bytes each.
  let bytes = -4;
  const all = Promise.withResolvers<void>();
  socket.on('error', all.reject).on('close', () => all.reject(new Error('the gateway closed the connection')));
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes >= count * 4) all.resolve();
    while (sent < count && sent - bytes / 4 <= WINDOW / 2) {
      // Half of the identifiers at a time: the others are on their way.
      const at = sent % WINDOW;
      const part = Buffer.from(block.subarray(at * frameBytes, (at + WINDOW / 2) * frameBytes));
      const room = Math.min(WINDOW / 2, count - sent);
      for (let i = 0; i < room; i++) {
        part.write(String(first + sent + i).padStart(DIGITS, '0'), (i + 1) * frameBytes - DIGITS, 'latin1');
      }
      socket.write(part.subarray(0, room * frameBytes));
      sent += room;
    }
  });
  await all.promise;
  socket.destroy();
}

/** The whole queue, to mosquitto_sub. */
async function drain(port: number, messages: number) {
  const startedAt = performance.now();
  const args = ['-p', String(port), '-i', CLIENT, '-c', '-q', '1', '-V', '5', '-x', '3600'];
  const child = spawn('mosquitto_sub', [...args, '-t', TOPIC, '-C', String(messages)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let received = 0;
  let isInOrder = true;
  for await (const line of createInterface({ input: child.stdout })) {
    if (Number(line.slice(-DIGITS)) !== received) isInOrder = false;
    received++;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  return { received, isInOrder, receivedPerSecond: Math.round(received / seconds) };
}
