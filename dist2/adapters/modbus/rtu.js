import { exceptionError, modbusError } from "./errors.js";
import { Exchange, PENDING_LIMIT, queueFull, StuckGuard } from "./master.js";
import { judge, readRequest } from "./pdu.js";
import { encodeRtu, scanForAnswer } from "./rtu-frame.js";
const RECEIVE_LIMIT = 1024;
const MIN_LATE_WINDOW_MS = 250;
const NOTHING = Buffer.alloc(0);
class RtuMaster {
  #wire;
  #clock;
  #silenceMs;
  #lateWindowMs;
  #stuck;
  #queue = [];
  /** Units that still owe an answer. */
  #late = /* @__PURE__ */ new Map();
  #current;
  #frame = NOTHING;
  /** An answer to the current request was begun. */
  #begun = false;
  #received = NOTHING;
  #receivedAt;
  /** Whether the line echoes what we send (an RS-485 adapter that listens to itself); undefined: not known yet. */
  #echoes;
  #timer;
  #closed = false;
  #cause;
  #discarded = 0;
  constructor(wire, options) {
    this.#wire = wire;
    this.#clock = options.clock;
    this.#silenceMs = options.silenceMs;
    this.#lateWindowMs = options.lateWindowMs;
    this.#stuck = new StuckGuard(wire, this.#clock);
    this.#receivedAt = this.#clock.monotonic();
    wire.on("error", this.#onError);
    wire.on("end", this.#onEnd);
    wire.on("close", this.#onClose);
    wire.on("data", this.#onData);
    if (wire.destroyed) this.#shut();
  }
  get discarded() {
    return this.#discarded;
  }
  readyAt(unit) {
    return this.#late.get(unit)?.until ?? 0;
  }
  async execute(unit, request, signal) {
    if (request.mirrored && this.#echoes === void 0) await this.#learnEcho(unit, request, signal);
    return this.#enqueue(unit, request, signal);
  }
  close() {
    this.#wire.off("data", this.#onData);
    this.#wire.off("end", this.#onEnd);
    this.#wire.off("close", this.#onClose);
    this.#shut();
  }
  /**
   * The answer to FC 5 and 6 equals the request. Before the first of them we must know whether the line echoes, or our
   * own bytes would confirm the write. Any answer to a read tells it, also a refusal.
   */
  async #learnEcho(unit, request, signal) {
    const probe = readRequest(request.functionCode === 5 ? "coil" : "holding", request.pdu.readUInt16BE(1), 1);
    try {
      await this.#enqueue(unit, probe, signal);
    } catch (error) {
      const { code, message, hint } = error;
      if (code === "MODBUS_EXCEPTION") return;
      const details = { unit, sent: false };
      throw modbusError("MODBUS_NOT_SENT", `nothing was written: ${message}`, { cause: error, hint, details });
    }
  }
  #enqueue(unit, request, signal) {
    const exchange = new Exchange(unit, request, this.#clock.monotonic(), signal, this.#expire);
    if (this.#closed || !this.#wire.writable) exchange.disconnect(this.#cause);
    else if (signal.aborted) exchange.expire(this.#clock.monotonic());
    else if (this.#queue.length >= PENDING_LIMIT) exchange.fail(queueFull(unit));
    else {
      this.#queue.push(exchange);
      this.#next();
    }
    return exchange.promise;
  }
  /** Sends the first in the queue as soon as the line is silent and its unit owes nothing. */
  #next() {
    this.#timer?.cancel();
    this.#timer = void 0;
    const exchange = this.#queue[0];
    if (exchange === void 0 || this.#current !== void 0 || this.#closed || !this.#wire.writable) return;
    const now = this.#clock.monotonic();
    const busyUntil = this.#wire.writableLength > 0 ? now + this.#silenceMs : 0;
    const free = Math.max(this.#receivedAt + this.#silenceMs, busyUntil, this.readyAt(exchange.unit));
    if (free > now) {
      this.#timer = this.#clock.after(Math.ceil(free - now), () => this.#next());
      return;
    }
    this.#queue.shift();
    this.#late.delete(exchange.unit);
    this.#received = NOTHING;
    this.#begun = false;
    this.#current = exchange;
    this.#frame = encodeRtu(exchange.unit, exchange.request.pdu);
    exchange.sent = true;
    this.#wire.write(this.#frame);
  }
  #expire = (exchange) => {
    const now = this.#clock.monotonic();
    if (exchange === this.#current) {
      this.#current = void 0;
      if (!this.#begun) {
        const windowMs = this.#lateWindowMs ?? Math.max(MIN_LATE_WINDOW_MS, now - exchange.startedAt);
        this.#late.set(exchange.unit, { exchange, frame: this.#frame, until: now + windowMs });
      }
      const echo = this.#scan(exchange, this.#frame).echoed ? this.#frame.length : 0;
      if (this.#received.length > echo) {
        this.#discarded++;
        exchange.discarded++;
      }
    } else {
      const index = this.#queue.indexOf(exchange);
      if (index >= 0) this.#queue.splice(index, 1);
    }
    exchange.expire(now);
    if (exchange.sent) this.#stuck.watch();
    this.#next();
  };
  #onData = (chunk) => {
    this.#receivedAt = this.#clock.monotonic();
    const bytes = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#received = bytes.length > RECEIVE_LIMIT ? bytes.subarray(-RECEIVE_LIMIT / 2) : bytes;
    this.#dropLate();
    if (this.#current !== void 0) this.#takeAnswer(this.#current);
  };
  #scan(exchange, frame) {
    const skipEcho = exchange.request.mirrored ? this.#echoes === true : true;
    return scanForAnswer(this.#received, frame, exchange.unit, exchange.request, skipEcho);
  }
  #takeAnswer(exchange) {
    const { pdu, echoed, begun } = this.#scan(exchange, this.#frame);
    this.#begun ||= begun;
    if (pdu === void 0) return;
    const { request, unit } = exchange;
    if (!request.mirrored) this.#echoes = echoed || this.#echoes === true;
    const expected = pdu.length + 3 + (echoed ? this.#frame.length : 0);
    if (this.#received.length > expected) this.#discarded++;
    this.#received = NOTHING;
    this.#current = void 0;
    const verdict = judge(request, pdu);
    if (typeof verdict === "number") exchange.fail(exceptionError(unit, request.functionCode, verdict));
    else exchange.succeed(pdu);
    this.#next();
  }
  /** A late answer came: it is thrown away, and its unit may be asked again. */
  #dropLate() {
    for (const [unit, { exchange, frame }] of this.#late) {
      if (this.#scan(exchange, frame).pdu === void 0) continue;
      this.#late.delete(unit);
      this.#discarded++;
      this.#next();
    }
  }
  #onError = (error) => {
    this.#cause ??= error;
  };
  #onEnd = () => {
    this.#wire.destroy();
  };
  #onClose = () => this.#shut();
  #shut() {
    this.#closed = true;
    this.#stuck.close();
    this.#timer?.cancel();
    this.#timer = void 0;
    this.#late.clear();
    const waiting = this.#queue.splice(0);
    if (this.#current !== void 0) waiting.unshift(this.#current);
    this.#current = void 0;
    for (const exchange of waiting) exchange.disconnect(this.#cause);
  }
}
export {
  RtuMaster
};
//# sourceMappingURL=rtu.js.map
