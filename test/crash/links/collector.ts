/** Counts very many messages at the far side without a codec: MQTT 3.1.1, QoS 0. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate } from 'mqtt-packet';

export interface CollectorTopics {
  /** Numbered from 0: the last digits of each payload. */
  readonly history: string;
  readonly digits: number;
  /** Each payload is when it was sent, as `performance.now()` of this process. */
  readonly live: string;
}

const PUBLISH = 0x30;

export class Collector implements Disposable {
  readonly #socket: Socket;
  readonly #topics: CollectorTopics;
  /** By number: whether it came. */
  #seen = new Uint8Array(1 << 20);
  #distinct = 0;
  #rest = Buffer.alloc(0);
  #last = -1;
  readonly latencies: number[] = [];
  /** Of the history. */
  messages = 0;
  isInOrder = true;
  firstAt = 0;
  lastAt = 0;

  private constructor(socket: Socket, topics: CollectorTopics) {
    this.#socket = socket;
    this.#topics = topics;
  }

  /** Resolves once it is subscribed. */
  static async open(port: number, filter: string, topics: CollectorTopics): Promise<Collector> {
    const socket = connect({ port, host: '127.0.0.1' });
    const collector = new Collector(socket, topics);
    const connectPacket = {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: 0,
    } as const;
    socket.write(generate({ ...connectPacket, clientId: 'collector' }));
    socket.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos: 0 }] }));
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject).on('data', (chunk: Buffer) => {
        // CONNACK has four bytes, SUBACK five.
        if (collector.#take(chunk)) resolve();
      });
    });
    return collector;
  }

  /** How many different ones. */
  get distinct(): number {
    return this.#distinct;
  }

  /** Resolves when so many have come, or nothing has come for so long, ms. */
  async complete(messages: number, patience: number): Promise<void> {
    let before = -1;
    let since = performance.now();
    while (this.distinct < messages && performance.now() - since < patience) {
      if (this.messages !== before) since = performance.now();
      before = this.messages;
      await sleep(50);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** @returns whether there was a SUBACK */
  #take(chunk: Buffer): boolean {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let isSubscribed = false;
    let at = 0;
    for (;;) {
      let length = 0;
      let start = at + 1;
      for (let shift = 0; ; shift += 7) {
        if (start >= bytes.length) return this.#keep(bytes, at, isSubscribed);
        const byte = bytes[start++]!;
        length += (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      if (start + length > bytes.length) return this.#keep(bytes, at, isSubscribed);
      const head = bytes[at]!;
      if (head === PUBLISH) this.#publish(bytes, start, start + length);
      else if (head === 0x90) isSubscribed = true;
      at = start + length;
      if (at >= bytes.length) return this.#keep(bytes, at, isSubscribed);
    }
  }

  #keep(bytes: Buffer, at: number, isSubscribed: boolean): boolean {
    this.#rest = Buffer.from(bytes.subarray(at));
    return isSubscribed;
  }

  #publish(bytes: Buffer, start: number, end: number): void {
    const topicEnd = start + 2 + bytes.readUInt16BE(start);
    const now = performance.now();
    const { history, live, digits } = this.#topics;
    const length = topicEnd - start - 2;
    if (length === history.length && bytes[topicEnd - 1] === history.charCodeAt(history.length - 1)) {
      const number = Number(bytes.toString('latin1', end - digits, end));
      if (this.messages === 0) this.firstAt = now;
      this.lastAt = now;
      this.messages++;
      if (!this.#isNew(number)) return;
      if (number < this.#last) this.isInOrder = false;
      this.#last = Math.max(this.#last, number);
    } else if (length === live.length) this.latencies.push(now - Number(bytes.toString('latin1', topicEnd, end)));
  }

  #isNew(number: number): boolean {
    if (number >= this.#seen.length) {
      const grown = new Uint8Array(Math.max(number + 1, this.#seen.length * 2));
      grown.set(this.#seen);
      this.#seen = grown;
    }
    if (this.#seen[number] === 1) return false;
    this.#seen[number] = 1;
    this.#distinct++;
    return true;
  }
}
