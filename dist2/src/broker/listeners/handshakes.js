const LINE_FACTOR = 8;
const SLOW = 3e3;
class Handshakes {
  #options;
  /** Oldest first. */
  #running = /* @__PURE__ */ new Set();
  #waiting = /* @__PURE__ */ new Set();
  constructor(options) {
    this.#options = options;
  }
  get running() {
    return this.#running.size;
  }
  get waiting() {
    return this.#waiting.size;
  }
  /** @param begin - called when it is its turn */
  enter(socket, begin) {
    const { clock, limits } = this.#options;
    const attempt = new Attempt(socket, begin, clock, limits.timeout, (failure) => this.#over(attempt, failure));
    if (this.#running.size < limits.atOnce) {
      this.#begin(attempt);
      return;
    }
    if (this.#waiting.size >= limits.atOnce * LINE_FACTOR) {
      attempt.fail("too many handshakes at a time");
      return;
    }
    this.#waiting.add(attempt);
    const [oldest] = this.#running;
    if (oldest !== void 0 && clock.monotonic() - oldest.begunAt > SLOW) oldest.fail("slow, and others wait");
  }
  [Symbol.dispose]() {
    for (const attempt of [...this.#waiting, ...this.#running]) attempt.fail("the listener is closed");
  }
  #begin(attempt) {
    this.#running.add(attempt);
    attempt.begin();
  }
  #over(attempt, failure) {
    this.#running.delete(attempt);
    this.#waiting.delete(attempt);
    if (failure !== void 0) this.#options.onFailed(attempt.socket, failure);
    const [next] = this.#waiting;
    if (next === void 0 || this.#running.size >= this.#options.limits.atOnce) return;
    this.#waiting.delete(next);
    this.#begin(next);
  }
}
class Attempt {
  socket;
  begunAt = 0;
  isOver = false;
  #clock;
  #begin;
  #timer;
  #onOver;
  #reason = "closed by the client";
  #closed = () => this.fail(this.#reason);
  constructor(socket, begin, clock, timeout, onOver) {
    this.socket = socket;
    this.#begin = begin;
    this.#clock = clock;
    this.#onOver = onOver;
    this.#timer = clock.after(timeout, () => this.fail(`not done within ${timeout} ms`));
    socket.once("close", this.#closed);
  }
  begin() {
    this.begunAt = this.#clock.monotonic();
    this.#begin(this);
  }
  done() {
    if (this.isOver) return false;
    this.#end(void 0);
    return true;
  }
  fail(reason) {
    if (this.isOver) return;
    this.#end(reason);
    this.socket.destroy();
  }
  refuse(reason) {
    this.#reason = reason;
  }
  #end(failure) {
    this.isOver = true;
    this.#timer.cancel();
    this.socket.off("close", this.#closed);
    this.#onOver(failure);
  }
}
export {
  Handshakes
};
//# sourceMappingURL=handshakes.js.map
