/** The load's side of one connection: MQTT 3.1.1 frames, made and taken apart with as little as possible. */
import { connect, type Socket } from 'node:net';
import { generate, type Packet } from 'mqtt-packet';

export interface Target {
  readonly port: number;
  /** Source address, so that ports of one address do not run out. */
  readonly localAddress?: string;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A PUBLISH that came; `payload` is a view, good until the callback returns. */
export type OnPublish = (topic: string, payload: Buffer) => void;

export function frame(packet: Packet): Buffer {
  return generate(packet, { protocolVersion: 4 });
}

export function publishFrame(topic: string, payload: Buffer | string, qos: 0 | 1 = 0, messageId = 1): Buffer {
  return frame({ cmd: 'publish', topic, payload, qos, messageId, dup: false, retain: false });
}

/** What is read of any connection, until it is taken apart: who measures round trips must not collect garbage meanwhile. */
const room = Buffer.allocUnsafeSlow(65_536);

export class LoadClient {
  readonly socket: Socket;
  onPublish: OnPublish = () => {};
  onPingresp: () => void = () => {};
  /** Its return code; -1: closed without one. */
  readonly connack: Promise<number>;
  #rest: Buffer | undefined;
  #onConnack: (returnCode: number) => void = () => {};
  readonly #subacks = new Map<number, () => void>();
  #lastId = 0;

  constructor(target: Target, clientId: string, credentials?: Credentials) {
    this.connack = new Promise((resolve) => {
      this.#onConnack = resolve;
    });
    const { port, localAddress } = target;
    const onread = { buffer: room, callback: (length: number) => this.#read(room.subarray(0, length)) };
    this.socket = connect({ port, host: '127.0.0.1', onread, ...(localAddress !== undefined && { localAddress }) });
    this.socket.setNoDelay(true);
    this.socket.on('error', () => {});
    this.socket.on('close', () => this.#onConnack(-1));
    const { username, password } = credentials ?? {};
    this.socket.write(
      frame({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clientId,
        clean: true,
        keepalive: 0,
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password: Buffer.from(password) }),
      }),
    );
  }

  /** Resolves with SUBACK. */
  subscribe(...filters: readonly (readonly [topic: string, qos: 0 | 1])[]): Promise<void> {
    const messageId = ++this.#lastId;
    this.socket.write(
      frame({ cmd: 'subscribe', messageId, subscriptions: filters.map(([topic, qos]) => ({ topic, qos })) }),
    );
    return new Promise((resolve) => this.#subacks.set(messageId, resolve));
  }

  /** The same block again and again, as fast as the peer takes it. @returns ends it */
  flood(block: Buffer): () => void {
    let isOver = false;
    const more = () => {
      while (!isOver && !this.socket.destroyed && this.socket.write(block));
    };
    this.socket.on('drain', more);
    more();
    return () => {
      isOver = true;
      this.socket.off('drain', more);
    };
  }

  close(): void {
    this.socket.destroy();
  }

  /** @returns true: more may come */
  #read(chunk: Buffer): true {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      let length = 0;
      let body = at + 1;
      for (let shift = 0; ; shift += 7, body++) {
        if (body >= bytes.length) {
          return this.#keep(bytes, at);
        }
        length |= (bytes[body]! & 0x7f) << shift;
        if (bytes[body]! < 0x80) break;
      }
      body++;
      if (body + length > bytes.length) {
        return this.#keep(bytes, at);
      }
      this.#packet(bytes[at]!, bytes.subarray(body, body + length));
      at = body + length;
    }
  }

  #keep(bytes: Buffer, at: number): true {
    this.#rest = at === bytes.length ? undefined : Buffer.from(bytes.subarray(at));
    return true;
  }

  #packet(head: number, body: Buffer): void {
    switch (head >> 4) {
      case 2:
        this.#onConnack(body[1]!);
        return;
      case 3: {
        const topicEnd = 2 + body.readUInt16BE(0);
        const qos = (head >> 1) & 3;
        if (qos > 0) this.socket.write(Buffer.from([0x40, 2, body[topicEnd]!, body[topicEnd + 1]!]));
        this.onPublish(body.toString('latin1', 2, topicEnd), body.subarray(topicEnd + (qos > 0 ? 2 : 0)));
        return;
      }
      case 9: {
        const messageId = body.readUInt16BE(0);
        this.#subacks.get(messageId)?.();
        this.#subacks.delete(messageId);
        return;
      }
      case 13:
        this.onPingresp();
    }
  }
}

/** Source addresses 127.0.0.2 and up, so many connections each. */
export function sourceAddress(index: number, each = 1_000): string {
  return `127.0.0.${2 + (Math.floor(index / each) % 200)}`;
}
