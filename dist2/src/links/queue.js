const MAX_BYTES = 64 * 1048576;
const SLACK = 1024;
class Outbox {
  #capacity;
  #maxBytes;
  /** undefined: a place before the head. */
  #waiting = [];
  /** First used place of #waiting. */
  #head = 0;
  /** In the order they were sent. */
  #inFlight = /* @__PURE__ */ new Set();
  #bytes = 0;
  #dropped = 0;
  /**
   * @param capacity - messages that may wait; those in flight are limited by the window of the far side
   * @param maxBytes - payload bytes, waiting and in flight
   */
  constructor(capacity, maxBytes = MAX_BYTES) {
    this.#capacity = capacity;
    this.#maxBytes = maxBytes;
  }
  get waiting() {
    return this.#waiting.length - this.#head;
  }
  get inFlight() {
    return this.#inFlight.size;
  }
  /** Messages not yet taken by the far side. */
  get size() {
    return this.waiting + this.inFlight;
  }
  /** By bytes it counts as full from nine tenths on: how large the next message is nobody knows. */
  get isFull() {
    return this.waiting >= this.#capacity || this.#bytes > this.#maxBytes * 0.9;
  }
  /** Messages lost because there was no room. */
  get dropped() {
    return this.#dropped;
  }
  /** The oldest of all, in flight or waiting. */
  get oldest() {
    for (const item of this.#inFlight) return item;
    return this.#waiting[this.#head];
  }
  /** @returns false when the oldest had to go for it */
  push(item) {
    this.#waiting.push(item);
    this.#bytes += item.payload.length;
    return this.#trim();
  }
  /** The next to send; stays until {@link shift}. */
  peek() {
    return this.#waiting[this.#head];
  }
  /** Takes the next away for good: it was sent at QoS 0, or cannot be sent. */
  shift() {
    const item = this.#waiting[this.#head];
    if (item === void 0) return void 0;
    this.#bytes -= item.payload.length;
    this.#waiting[this.#head++] = void 0;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head > SLACK && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
  /** Takes the next away until it is acknowledged by {@link settle}. */
  send() {
    const item = this.shift();
    if (item === void 0) return void 0;
    this.#inFlight.add(item);
    this.#bytes += item.payload.length;
    return item;
  }
  /** The far side took it, or refused it for good. */
  settle(item) {
    if (!this.#inFlight.delete(item)) return false;
    this.#bytes -= item.payload.length;
    return true;
  }
  /**
   * The connection is lost: what was in flight waits again, before everything else and in the same order;
   * QoS 0 does not wait for a connection.
   */
  requeue() {
    const size = this.size;
    this.#waiting = [...this.#inFlight, ...this.#waiting].filter((item) => item !== void 0 && item.qos > 0);
    this.#head = 0;
    this.#inFlight.clear();
    this.#bytes = this.#waiting.reduce((sum, item) => sum + item.payload.length, 0);
    this.#dropped += size - this.#waiting.length;
    this.#trim();
  }
  #trim() {
    const before = this.#dropped;
    while (this.waiting > this.#capacity || this.waiting > 1 && this.#bytes > this.#maxBytes) {
      this.shift();
      this.#dropped++;
    }
    return this.#dropped === before;
  }
}
export {
  Outbox
};
//# sourceMappingURL=queue.js.map
