const BLOCK_BYTES = 64 * 1024;
const DROPPABLE = -1;
const NOTHING = Buffer.alloc(0);
class SocketWriter {
  #options;
  #frames = [];
  /** Packet Identifier to fill in for each frame, and where; 0: none; {@link DROPPABLE}. */
  #identifiers = [];
  #offsets = [];
  /** First frame not yet written. */
  #next = 0;
  /** No droppable frame waits before it. */
  #dropNext = 0;
  #droppable = 0;
  /** Of a frame larger than a block, what is not yet written. */
  #rest;
  #waitingBytes = 0;
  #writingBytes = 0;
  #immediate;
  #stallTimer;
  #slowTimer;
  #progressAt = 0;
  #isCongested = false;
  #isEnding = false;
  #isClosed = false;
  #flush = () => {
    this.#immediate = void 0;
    this.#write();
  };
  #lookAgain = () => this.#checkDrained();
  #written = (error) => this.#onWritten(error);
  constructor(options) {
    this.#options = options;
  }
  get isCongested() {
    return this.#isCongested;
  }
  /** QoS 0 messages that wait. */
  get droppable() {
    return this.#droppable;
  }
  /**
   * Whether there is room for one more frame of this size in what all connections share; if not, the receiver counts as
   * congested until there is.
   */
  hasRoomFor(bytes) {
    if (bytes <= BLOCK_BYTES || this.#options.memory.fits(bytes)) return true;
    this.#congested();
    this.#options.memory.wait(bytes, this.#lookAgain);
    return false;
  }
  /** Drops QoS 0 messages that wait, the oldest first, until so many bytes are free of them. @returns how many */
  dropOldest(bytes) {
    let freed = 0;
    let dropped = 0;
    this.#dropNext = Math.max(this.#dropNext, this.#next);
    for (; freed < bytes && this.#dropNext < this.#frames.length; this.#dropNext++) {
      if (this.#identifiers[this.#dropNext] !== DROPPABLE) continue;
      freed += this.#frames[this.#dropNext].length;
      this.#frames[this.#dropNext] = NOTHING;
      this.#identifiers[this.#dropNext] = 0;
      dropped++;
    }
    this.#droppable -= dropped;
    this.#waitingBytes -= freed;
    this.#options.memory.remove(freed);
    return dropped;
  }
  /** @param identifier - Packet Identifier to be filled in at `offset`; the frame itself may be shared and stays as it is */
  push(frame, identifier = 0, offset = 0) {
    if (this.#isClosed || this.#isEnding) return;
    this.#frames.push(frame);
    this.#identifiers.push(identifier);
    this.#offsets.push(offset);
    if (identifier === DROPPABLE) this.#droppable++;
    this.#waitingBytes += frame.length;
    const { memory } = this.#options;
    memory.add(frame.length);
    const pending = this.#waitingBytes + this.#writingBytes;
    if (pending >= this.#options.congestedBytes || pending > memory.share) this.#congested();
    if (this.#writingBytes > 0) return;
    if (this.#waitingBytes >= BLOCK_BYTES) this.#write();
    else this.#immediate ??= setImmediate(this.#flush);
  }
  /** Writes what waits, then ends the stream. Nothing more is taken. */
  end() {
    if (this.#isClosed || this.#isEnding) return;
    this.#isEnding = true;
    this.#write();
  }
  /** Writes everything at once and ends the stream, waiting for nobody. @returns whether the peer took it all */
  endNow() {
    if (this.#isClosed) return true;
    const { stream } = this.#options;
    while (this.#hasMore) stream.write(this.#takeBlock());
    stream.end();
    this.close();
    return stream.writableLength === 0;
  }
  /** Forgets what waits; the stream is gone or will be destroyed. */
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.memory.forget(this.#lookAgain);
    this.#options.memory.remove(this.#waitingBytes + this.#writingBytes);
    clearImmediate(this.#immediate);
    this.#stallTimer?.cancel();
    this.#slowTimer?.cancel();
    this.#frames = [];
    this.#droppable = 0;
    this.#rest = void 0;
  }
  get #hasMore() {
    while (this.#frames[this.#next] === NOTHING) this.#next++;
    return this.#rest !== void 0 || this.#next < this.#frames.length;
  }
  #write() {
    if (this.#isClosed || this.#writingBytes > 0) return;
    const { stream, clock } = this.#options;
    if (!this.#hasMore) {
      if (this.#isEnding) stream.end();
      return;
    }
    const block = this.#takeBlock();
    this.#writingBytes = block.length;
    this.#waitingBytes -= block.length;
    this.#progressAt = clock.monotonic();
    stream.write(block, this.#written);
    if (stream.writableLength > 0) this.#watch(this.#options.drainTimeout);
  }
  #takeBlock() {
    const block = this.#rest ?? this.#takeFrames();
    this.#rest = block.length > BLOCK_BYTES ? block.subarray(BLOCK_BYTES) : void 0;
    return this.#rest === void 0 ? block : block.subarray(0, BLOCK_BYTES);
  }
  /** As many as fit a block, but at least one. */
  #takeFrames() {
    const first = this.#next;
    let bytes = 0;
    do {
      if (this.#identifiers[this.#next] === DROPPABLE) this.#droppable--;
      bytes += this.#frames[this.#next++].length;
    } while (this.#next < this.#frames.length && bytes + this.#frames[this.#next].length <= BLOCK_BYTES);
    const block = this.#next - first === 1 && this.#identifiers[first] <= 0 ? this.#frames[first] : this.#join(first, this.#next, bytes);
    if (this.#next === this.#frames.length) {
      this.#frames = [];
      this.#identifiers = [];
      this.#offsets = [];
      this.#next = 0;
      this.#dropNext = 0;
    } else if (this.#next >= 1024) {
      this.#frames = this.#frames.slice(this.#next);
      this.#identifiers = this.#identifiers.slice(this.#next);
      this.#offsets = this.#offsets.slice(this.#next);
      this.#dropNext = Math.max(0, this.#dropNext - this.#next);
      this.#next = 0;
    }
    return block;
  }
  #join(from, to, bytes) {
    const block = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (let i = from; i < to; i++) {
      const frame = this.#frames[i];
      frame.copy(block, at);
      if (this.#identifiers[i] > 0) block.writeUInt16BE(this.#identifiers[i], at + this.#offsets[i]);
      at += frame.length;
    }
    return block;
  }
  #onWritten(error) {
    if (this.#isClosed) return;
    const taken = this.#writingBytes;
    if (error) {
      this.close();
      return;
    }
    this.#writingBytes = 0;
    this.#options.memory.remove(taken);
    this.#progressAt = this.#options.clock.monotonic();
    this.#write();
    this.#checkDrained();
  }
  #congested() {
    if (this.#isCongested) return;
    this.#isCongested = true;
    const { clock, congestionTimeout, onSlow } = this.#options;
    if (congestionTimeout > 0) this.#slowTimer = clock.after(congestionTimeout, onSlow);
  }
  #checkDrained() {
    if (!this.#isCongested || this.#isClosed) return;
    const { congestedBytes, memory, onDrained } = this.#options;
    const pending = this.#waitingBytes + this.#writingBytes;
    if (pending > 0 && pending > Math.min(congestedBytes, memory.share) / 2) return;
    this.#isCongested = false;
    this.#slowTimer?.cancel();
    onDrained();
  }
  /** One timer at most; it looks again instead of being moved with each write. */
  #watch(ms) {
    if (this.#stallTimer !== void 0 || this.#isClosed) return;
    const { clock, drainTimeout, onStalled } = this.#options;
    this.#stallTimer = clock.after(ms, () => {
      this.#stallTimer = void 0;
      if (this.#writingBytes === 0) return;
      const left = this.#progressAt + drainTimeout - clock.monotonic();
      if (left <= 0) onStalled();
      else this.#watch(left);
    });
  }
}
export {
  DROPPABLE,
  SocketWriter
};
//# sourceMappingURL=socket-writer.js.map
