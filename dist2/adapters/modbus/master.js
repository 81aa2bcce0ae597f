import { modbusError } from "./errors.js";
const PENDING_LIMIT = 1024;
class Exchange {
  unit;
  request;
  promise;
  /** Monotonic ms. */
  startedAt;
  sent = false;
  /** Frames seen while it waited that were not its answer. */
  discarded = 0;
  #settle;
  #signal;
  #onAbort;
  /** @param onAbort - called when the deadline passes; must settle the exchange */
  constructor(unit, request, startedAt, signal, onAbort) {
    this.unit = unit;
    this.request = request;
    this.startedAt = startedAt;
    const { promise, resolve, reject } = Promise.withResolvers();
    this.promise = promise;
    this.#settle = { resolve, reject };
    this.#signal = signal;
    this.#onAbort = () => onAbort(this);
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }
  succeed(pdu) {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#settle.resolve(pdu);
  }
  fail(error) {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#settle.reject(error);
  }
  /** The deadline passed. Whether the request went out decides what the caller may believe of a write. */
  expire(now) {
    const { unit, discarded } = this;
    const timeoutMs = Math.round(now - this.startedAt);
    const cause = this.#signal.reason;
    const details = { unit, timeoutMs, sent: this.sent, discarded };
    if (!this.sent) {
      this.fail(
        modbusError("MODBUS_NOT_SENT", `unit ${unit} was not asked: the line was not free within ${timeoutMs} ms`, {
          cause,
          details
        })
      );
      return;
    }
    const others = discarded === 0 ? "" : `; something else came ${discarded === 1 ? "once" : `${discarded} times`}`;
    this.fail(
      modbusError("MODBUS_TIMEOUT", `unit ${unit} did not answer within ${timeoutMs} ms${others}`, { cause, details })
    );
  }
  disconnect(cause) {
    const { unit, sent } = this;
    this.fail(
      modbusError(
        "MODBUS_DISCONNECTED",
        sent ? `the connection was lost before unit ${unit} answered` : `there is no connection to unit ${unit}, nothing was sent`,
        { cause, details: { unit, sent } }
      )
    );
  }
}
function queueFull(unit) {
  return modbusError("MODBUS_QUEUE_FULL", `${PENDING_LIMIT} requests wait already`, {
    details: { unit, limit: PENDING_LIMIT }
  });
}
const STUCK_MS = 250;
class StuckGuard {
  #wire;
  #clock;
  #timer;
  constructor(wire, clock) {
    this.#wire = wire;
    this.#clock = clock;
  }
  /** To be called when a request that was sent is given up. */
  watch() {
    if (this.#timer !== void 0 || this.#wire.writableLength === 0) return;
    this.#timer = this.#clock.after(STUCK_MS, () => {
      this.#timer = void 0;
      if (this.#wire.writableLength > 0) this.#wire.destroy();
    });
  }
  close() {
    this.#timer?.cancel();
  }
}
export {
  Exchange,
  PENDING_LIMIT,
  StuckGuard,
  queueFull
};
//# sourceMappingURL=master.js.map
