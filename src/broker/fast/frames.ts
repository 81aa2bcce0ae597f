/** What the fast path hands on: frames as they came, where they lie in the read buffer. */
import { createMessage, type Message, type Origin, type QoS } from '../../core/message.js';

const NOTHING = Buffer.alloc(0);

/** Of a run, the first frames: what a receiver was sent before it was behind. */
export class Part {
  messages = 0;
  /** Of the payloads. */
  payloadBytes = 0;
  /** Of the frames, in the version of the receiver. */
  bytes = 0;

  clear(): void {
    this.messages = 0;
    this.payloadBytes = 0;
    this.bytes = 0;
  }

  /** One more frame, of QoS 0, which begins at `start`. @returns where it ends */
  add({ bytes, isVersion5 }: Run, start: number): number {
    const body = bodyOf(bytes, start);
    const remaining = remainingLength(bytes, start);
    const end = body + remaining;
    this.messages++;
    this.bytes += end - start;
    this.payloadBytes += remaining - 2 - ((bytes[body]! << 8) | bytes[body + 1]!) - (isVersion5 ? 1 : 0);
    return end;
  }
}

/** PUBLISH frames of one topic, one behind the other. The objects are filled anew with each read. */
export class Run {
  bytes: Buffer = NOTHING;
  start = 0;
  end = 0;
  messages = 0;
  /** Of all of them together. */
  payloadBytes = 0;
  /** The longest frame, bytes. */
  largest = 0;
  isVersion5 = false;
  qos: QoS = 0;
  /** The bytes, for receivers to keep instead of a copy of their own. */
  shared: Buffer | undefined = undefined;
  /** Of {@link bytes}, of a converted one: it is copied run by run, and a view costs more than a short frame. */
  words: DataView | undefined = undefined;
  /** Of a frame of QoS 1 or 2: of its Packet Identifier, from its start. */
  identifierAt = 0;
  /** What the receiver asked last was sent of it, see passage.ts. */
  readonly part = new Part();

  #converted: Run | undefined;
  /** {@link #converted} is of the frames that are here now. */
  isConverted = false;

  /**
   * The same frames in the other version of the protocol: MQTT 5.0 has an empty list of properties where 3.1.1 has nothing.
   * Made once for all receivers.
   */
  converted(): Run {
    this.#converted ??= new Run();
    if (!this.isConverted) this.#convert(this.#converted);
    this.isConverted = true;
    return this.#converted;
  }

  /** Lets go of what it was filled with. */
  clear(): void {
    this.bytes = NOTHING;
    this.shared = undefined;
    this.words = undefined;
    if (!this.isConverted) return;
    this.isConverted = false;
    this.#converted!.clear();
  }

  #convert(other: Run): void {
    const { bytes, qos, isVersion5, messages } = this;
    // Each has a byte more, and its length may take one more, too.
    const target = Buffer.allocUnsafe(this.end - this.start + 2 * messages);
    let to = 0;
    let largest = 0;
    for (let at = this.start; at < this.end; ) {
      const start = at;
      const body = bodyOf(bytes, start);
      const remaining = remainingLength(bytes, start);
      at = body + remaining;
      const properties = body + 2 + ((bytes[body]! << 8) | bytes[body + 1]!) + (qos === 0 ? 0 : 2);
      const first = to;
      target[to++] = bytes[start]!;
      to = writeVariableByteInteger(target, to, isVersion5 ? remaining - 1 : remaining + 1);
      other.identifierAt = this.identifierAt - (body - start) + (to - first);
      to += bytes.copy(target, to, body, properties);
      if (!isVersion5) target[to++] = 0;
      to += bytes.copy(target, to, isVersion5 ? properties + 1 : properties, at);
      if (to - first > largest) largest = to - first;
    }
    other.bytes = target;
    other.words = new DataView(target.buffer, target.byteOffset, target.length);
    other.start = 0;
    other.end = to;
    other.messages = messages;
    other.payloadBytes = this.payloadBytes;
    other.largest = largest;
    other.isVersion5 = !isVersion5;
    other.qos = qos;
    other.shared = this.shared && target.subarray(0, to);
  }

  /** The messages, for receivers that want more than bytes. */
  read(topic: string, topicBytes: number, origin: Origin, now: number): Message[] {
    const messages: Message[] = [];
    const { bytes, qos } = this;
    const headBytes = 2 + topicBytes + (qos === 0 ? 0 : 2) + (this.isVersion5 ? 1 : 0);
    for (let at = this.start; at < this.end; ) {
      const body = bodyOf(bytes, at);
      at = body + remainingLength(bytes, at);
      const payload = Buffer.from(bytes.subarray(body + headBytes, at));
      messages.push(createMessage({ topic, payload, origin, receivedAt: now, qos }));
    }
    return messages;
  }
}

/** Of a frame that is known to be whole: where its Remaining Length ends (§2.1.4). */
function bodyOf(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (bytes[at]! >= 0x80) at++;
  return at + 1;
}

/** Of a frame that is known to be whole. */
function remainingLength(bytes: Buffer, start: number): number {
  let remaining = 0;
  for (let at = start + 1, shift = 0; ; at++, shift += 7) {
    remaining |= (bytes[at]! & 0x7f) << shift;
    if (bytes[at]! < 0x80) return remaining;
  }
}

/** §1.5.5. @returns where it ends */
function writeVariableByteInteger(target: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 127; rest >>= 7) target[at++] = (rest & 0x7f) | 0x80;
  target[at++] = rest;
  return at;
}
