/**
 * The generator's side of one connection: raw frames, made once, written and counted without a codec, so that the
 * broker is what is measured.
 */
import { connect, type Socket } from 'node:net';
import { generate, type Packet } from 'mqtt-packet';
import { FrameScanner } from './counters.js';

const READ_BYTES = 256 * 1_024;

export type Version = 4 | 5;

/** Every broker that is compared knows this user, and has rules of what it may do. */
export const USER = { username: 'bench', password: 'b-e-n-c-h' } as const;
/** The only topics that user may use. */
export const ROOT = 'bench';

/** Where a broker listens and how it is spoken to. */
export interface Target {
  readonly port: number;
  readonly version: Version;
}

export interface BenchClient {
  write(bytes: Buffer): void;
  /** Replaces the receiver of what the broker sends; the buffer is used again after the call. */
  onBytes(receive: (bytes: Buffer) => void): void;
  close(): void;
  /** DISCONNECT, and wait until the broker has closed. */
  disconnect(): Promise<void>;
}

export interface ClientOptions {
  readonly filters?: readonly string[];
  readonly qos?: 0 | 1 | 2;
  /** The session stays when the connection goes. */
  readonly isDurable?: boolean;
  /** Address to connect from: one address has not ports enough for many connections. */
  readonly localAddress?: string;
  /** Retained messages may follow SUBACK at once: they go here. */
  readonly onBytes?: (bytes: Buffer) => void;
}

export function publishFrame(
  topic: string,
  payloadBytes: number,
  qos: 0 | 1 | 2,
  messageId: number,
  { version = 4, retain = false }: { version?: Version; retain?: boolean } = {},
): Buffer {
  const payload = Buffer.alloc(payloadBytes, 0x78);
  const packet: Packet = { cmd: 'publish', topic, payload, qos, messageId, dup: false, retain };
  return generate(packet, { protocolVersion: version });
}

/** Connects, and subscribes if there are filters; resolves when the broker has agreed. */
export async function openClient(target: Target, clientId: string, options: ClientOptions = {}): Promise<BenchClient> {
  const { version, port } = target;
  let receive: (bytes: Buffer) => void = () => {};
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const onread = {
    buffer,
    callback: (length: number) => {
      receive(buffer.subarray(0, length));
      return true;
    },
  };
  const { localAddress, filters = [], qos = 0, isDurable = false } = options;
  const socket: Socket = connect({ port, host: '127.0.0.1', onread, ...(localAddress && { localAddress }) });
  socket.setNoDelay(true);
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  const failed = new Promise<never>((_, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the broker closed the connection of ${clientId}`)));
  });
  failed.catch(() => {});
  /** Writes a packet and waits for its answer, which must say success. */
  const ask = (packet: Packet, answerType: number, codesAt: number, isRefusal: (code: number) => boolean) => {
    const answer = new Promise<void>((resolve, reject) => {
      const scanner = new FrameScanner((head) => {
        if (head[0]! >> 4 !== answerType) return;
        const code = codesAt < 0 ? head.at(-1)! : head[codesAt]!;
        if (isRefusal(code)) reject(new Error(`${packet.cmd} was answered by ${head.toString('hex')}`));
        else resolve();
      });
      receive = (bytes) => {
        scanner.add(bytes);
        if (answerType === SUBACK) options.onBytes?.(bytes);
      };
    });
    socket.write(generate(packet, { protocolVersion: version }));
    return Promise.race([answer, failed]);
  };
  await ask(
    {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: version,
      clientId,
      clean: !isDurable,
      keepalive: 0,
      username: USER.username,
      password: Buffer.from(USER.password),
      ...(version === 5 && isDurable && { properties: { sessionExpiryInterval: 3_600 } }),
    },
    CONNACK,
    3,
    (code) => code !== 0,
  );
  if (filters.length > 0) {
    const subscriptions = filters.map((topic) => ({ topic, qos }));
    await ask({ cmd: 'subscribe', messageId: 1, subscriptions }, SUBACK, -1, (code) => code !== qos);
  }
  if (options.onBytes !== undefined) receive = options.onBytes;
  return {
    write: (bytes) => void socket.write(bytes),
    onBytes: (next) => {
      receive = next;
    },
    close: () => socket.destroy(),
    disconnect: () => {
      socket.end(generate({ cmd: 'disconnect' }, { protocolVersion: version }));
      return closed;
    },
  };
}

const CONNACK = 2;
const SUBACK = 9;
