/**
 * Packets of one connection that wait to be written, in order; QoS 0 messages among them may be dropped.
 *
 * A frame is one packet, or a run of several in one buffer. It may be shared with other connections: what differs, the
 * Packet Identifier, is filled in when frames are joined to a block.
 */

/** In place of a Packet Identifier: a QoS 0 PUBLISH, which may be dropped while it waits. */
export const DROPPABLE = -1;
/** The same: several packets; how many PUBLISH packets of QoS 0 are among them is where the offset would be. */
const RUN = -2;
const NOTHING = Buffer.alloc(0);
/** Frames written are forgotten once they are so many. */
const FORGET = 1_024;

/** QoS 0 messages, and the bytes of their packets. */
interface Dropped {
  messages: number;
  bytes: number;
}

export class FrameQueue {
  #frames: Buffer[] = [];
  /** Packet Identifier to fill in for each frame, and where; 0: none; {@link DROPPABLE}; {@link RUN}. */
  #identifiers: number[] = [];
  #offsets: number[] = [];
  /** First frame not yet taken. */
  #next = 0;
  /** No droppable frame waits before it. */
  #dropNext = 0;
  /** QoS 0 messages that wait. */
  droppable = 0;

  /** @param identifier - Packet Identifier to be filled in at `offset`; the frame itself stays as it is */
  push(frame: Buffer, identifier: number, offset: number): void {
    this.#frames.push(frame);
    this.#identifiers.push(identifier);
    this.#offsets.push(offset);
    if (identifier === DROPPABLE) this.droppable++;
  }

  /** @param messages - PUBLISH packets of QoS 0 among the packets */
  pushRun(packets: Buffer, messages: number): void {
    this.#frames.push(packets);
    this.#identifiers.push(RUN);
    this.#offsets.push(messages);
    this.droppable += messages;
  }

  get isEmpty(): boolean {
    while (this.#frames[this.#next] === NOTHING) this.#next++;
    return this.#next >= this.#frames.length;
  }

  get packets(): number {
    let packets = 0;
    for (let i = this.#next; i < this.#frames.length; i++) {
      packets += this.#identifiers[i] === RUN ? framesOf(this.#frames[i]!).length : this.#frames[i] === NOTHING ? 0 : 1;
    }
    return packets;
  }

  /** Drops QoS 0 messages, the oldest first, until so many bytes are free of them. */
  dropOldest(bytes: number): Dropped {
    const dropped = { messages: 0, bytes: 0 };
    this.#dropNext = Math.max(this.#dropNext, this.#next);
    while (dropped.bytes < bytes && this.#dropNext < this.#frames.length) {
      const index = this.#dropNext;
      const identifier = this.#identifiers[index];
      if (identifier === RUN) this.#dropFrom(index, bytes, dropped);
      else if (identifier === DROPPABLE) {
        dropped.messages++;
        dropped.bytes += this.#frames[index]!.length;
        this.#replace(index, NOTHING, 0, 0);
      }
      // What is left of a run may be dropped the next time.
      if (dropped.bytes < bytes) this.#dropNext++;
    }
    this.droppable -= dropped.messages;
    return dropped;
  }

  /** The same with one run. What is left of it is one again, behind the packets of other kinds that lie before it. */
  #dropFrom(index: number, bytes: number, dropped: Dropped): void {
    const run = this.#frames[index]!;
    const messages = this.#offsets[index]!;
    const before = dropped.messages;
    const kept: Buffer[] = [];
    let at = 0;
    while (at < run.length && dropped.bytes < bytes && dropped.messages - before < messages) {
      const end = frameEnd(run, at);
      if ((run[at]! & 0xf6) === 0x30) {
        dropped.messages++;
        dropped.bytes += end - at;
      } else kept.push(run.subarray(at, end));
      at = end;
    }
    const left = messages - (dropped.messages - before);
    const rest = at === run.length ? NOTHING : run.subarray(at);
    if (kept.length === 0) this.#replace(index, rest, rest === NOTHING ? 0 : RUN, left);
    else if (left === 0) this.#replace(index, Buffer.concat([...kept, rest]), RUN, 0);
    else {
      this.#frames.splice(index, 1, Buffer.concat(kept), rest);
      this.#identifiers.splice(index, 1, RUN, RUN);
      this.#offsets.splice(index, 1, 0, left);
      this.#dropNext++;
    }
  }

  #replace(index: number, frame: Buffer, identifier: number, offset: number): void {
    this.#frames[index] = frame;
    this.#identifiers[index] = identifier;
    this.#offsets[index] = offset;
  }

  /** Takes as many frames as fit into so many bytes, but at least one; only unless {@link isEmpty}. */
  take(mostBytes: number): Buffer {
    const first = this.#next;
    let bytes = 0;
    do {
      const identifier = this.#identifiers[this.#next];
      if (identifier === DROPPABLE) this.droppable--;
      else if (identifier === RUN) this.droppable -= this.#offsets[this.#next]!;
      bytes += this.#frames[this.#next++]!.length;
    } while (this.#next < this.#frames.length && bytes + this.#frames[this.#next]!.length <= mostBytes);
    const block =
      this.#next - first === 1 && this.#identifiers[first]! <= 0
        ? this.#frames[first]!
        : this.#join(first, this.#next, bytes);
    if (this.#next === this.#frames.length || this.#next >= FORGET) this.#forget(this.#next);
    return block;
  }

  #forget(frames: number): void {
    this.#frames = this.#frames.slice(frames);
    this.#identifiers = this.#identifiers.slice(frames);
    this.#offsets = this.#offsets.slice(frames);
    this.#dropNext = Math.max(0, this.#dropNext - frames);
    this.#next = 0;
  }

  #join(from: number, to: number, bytes: number): Buffer {
    const block = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (let i = from; i < to; i++) {
      const frame = this.#frames[i]!;
      frame.copy(block, at);
      if (this.#identifiers[i]! > 0) block.writeUInt16BE(this.#identifiers[i]!, at + this.#offsets[i]!);
      at += frame.length;
    }
    return block;
  }
}

/** Packets one behind the other. */
export function framesOf(packets: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < packets.length; ) {
    const end = frameEnd(packets, at);
    frames.push(packets.subarray(at, end));
    at = end;
  }
  return frames;
}

/** @returns where the packet ends that begins at `start` */
function frameEnd(packets: Buffer, start: number): number {
  let body = start + 1;
  let remaining = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = packets[body++]!;
    remaining |= (byte & 0x7f) << shift;
    if (byte < 0x80) return body + remaining;
  }
}
