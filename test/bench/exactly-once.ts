/** Both sides of QoS 2 (MQTT 5.0 §4.3.3), as far as a load needs them. */
import type { BenchClient } from './client.js';
import { FrameScanner } from './counters.js';

const PUBLISH = 3;
const PUBREC = 5;
const PUBREL = 6;
const PUBCOMP = 7;

/** Answers collected while some bytes are looked at, written as one. */
class Answers {
  #bytes = Buffer.allocUnsafe(4_096);
  #length = 0;

  add(first: number, high: number, low: number): void {
    if (this.#length + 4 > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, this.#bytes]);
    this.#bytes[this.#length++] = first;
    this.#bytes[this.#length++] = 2;
    this.#bytes[this.#length++] = high;
    this.#bytes[this.#length++] = low;
  }

  writeTo(client: BenchClient): void {
    if (this.#length === 0) return;
    client.write(Buffer.from(this.#bytes.subarray(0, this.#length)));
    this.#length = 0;
  }
}

/** PUBREC → PUBREL; PUBCOMP: done. */
export class Qos2Sender {
  readonly #client: BenchClient;
  readonly #answers = new Answers();
  readonly #scanner: FrameScanner;

  constructor(client: BenchClient, onDone: (count: number) => void) {
    this.#client = client;
    this.#scanner = new FrameScanner((head) => {
      const type = head[0]! >> 4;
      if (type === PUBREC) this.#answers.add(0x62, head[2]!, head[3]!);
      else if (type === PUBCOMP) onDone(1);
    });
  }

  add(bytes: Buffer): void {
    this.#scanner.add(bytes);
    this.#answers.writeTo(this.#client);
  }
}

/** PUBLISH → PUBREC: a message has arrived; PUBREL → PUBCOMP. */
export class Qos2Receiver {
  readonly #client: BenchClient;
  readonly #answers = new Answers();
  readonly #scanner: FrameScanner;

  constructor(client: BenchClient, onMessage: (count: number) => void) {
    this.#client = client;
    this.#scanner = new FrameScanner((head, length) => {
      const type = head[0]! >> 4;
      if (type === PUBLISH) {
        const topicAt = length < 130 ? 2 : length < 16_387 ? 3 : 4;
        const idAt = topicAt + 2 + head.readUInt16BE(topicAt);
        this.#answers.add(0x50, head[idAt]!, head[idAt + 1]!);
        onMessage(1);
      } else if (type === PUBREL) this.#answers.add(0x70, head[2]!, head[3]!);
    });
  }

  add(bytes: Buffer): void {
    this.#scanner.add(bytes);
    this.#answers.writeTo(this.#client);
  }
}
