import { exceptionError, modbusError } from "./errors.js";
import { Exchange, PENDING_LIMIT, queueFull, StuckGuard } from "./master.js";
import { encodeMbap, MbapSplitter } from "./mbap.js";
import { judge } from "./pdu.js";
class TcpMaster {
  #wire;
  #clock;
  #pending = /* @__PURE__ */ new Map();
  #splitter = new MbapSplitter();
  #stuck;
  #transactionId = 0;
  #closed = false;
  #cause;
  #discarded = 0;
  constructor(wire, clock) {
    this.#wire = wire;
    this.#clock = clock;
    this.#stuck = new StuckGuard(wire, clock);
    wire.on("error", this.#onError);
    wire.on("end", this.#onEnd);
    wire.on("close", this.#onClose);
    wire.on("data", this.#onData);
    if (wire.destroyed) this.#shut();
  }
  get discarded() {
    return this.#discarded;
  }
  /** Every answer names its request: no unit has to be waited for. */
  readyAt() {
    return 0;
  }
  execute(unit, request, signal) {
    const exchange = new Exchange(unit, request, this.#clock.monotonic(), signal, this.#expire);
    if (this.#closed || !this.#wire.writable) exchange.disconnect(this.#cause);
    else if (signal.aborted) exchange.expire(this.#clock.monotonic());
    else if (this.#pending.size >= PENDING_LIMIT) exchange.fail(queueFull(unit));
    else this.#send(exchange);
    return exchange.promise;
  }
  close() {
    this.#wire.off("data", this.#onData);
    this.#wire.off("end", this.#onEnd);
    this.#wire.off("close", this.#onClose);
    this.#shut();
  }
  #send(exchange) {
    do
      this.#transactionId = this.#transactionId + 1 & 65535;
    while (this.#pending.has(this.#transactionId));
    this.#pending.set(this.#transactionId, exchange);
    exchange.sent = true;
    this.#wire.write(encodeMbap(this.#transactionId, exchange.unit, exchange.request.pdu));
  }
  #expire = (exchange) => {
    for (const [id, pending] of this.#pending) {
      if (pending !== exchange) continue;
      this.#pending.delete(id);
      break;
    }
    exchange.expire(this.#clock.monotonic());
    this.#stuck.watch();
  };
  #onData = (chunk) => {
    this.#splitter.push(chunk);
    try {
      for (let frame = this.#splitter.next(); frame !== void 0; frame = this.#splitter.next()) this.#take(frame);
    } catch (error) {
      this.#cause = error;
      this.#discarded++;
      this.#shut();
      this.#wire.destroy();
    }
  };
  #take({ transactionId, unit, pdu }) {
    const exchange = this.#pending.get(transactionId);
    if (exchange === void 0) {
      this.#discarded++;
      for (const pending of this.#pending.values()) pending.discarded++;
      return;
    }
    this.#pending.delete(transactionId);
    const { request } = exchange;
    const verdict = unit === exchange.unit ? judge(request, pdu) : "foreign";
    if (verdict === "answer") {
      exchange.succeed(pdu);
    } else if (verdict !== "foreign") {
      exchange.fail(exceptionError(unit, request.functionCode, verdict));
    } else {
      this.#discarded++;
      exchange.fail(mismatch(exchange, unit, pdu));
    }
  }
  #onError = (error) => {
    this.#cause ??= error;
  };
  /** The peer closed its half: no answer can come any more. */
  #onEnd = () => {
    this.#wire.destroy();
  };
  #onClose = () => this.#shut();
  #shut() {
    this.#closed = true;
    this.#stuck.close();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const exchange of pending) exchange.disconnect(this.#cause);
  }
}
function mismatch({ unit, request }, answeredUnit, pdu) {
  const { functionCode, answerBytes } = request;
  const details = { unit, answeredUnit, functionCode, answeredFunctionCode: pdu[0], bytes: pdu.length, sent: true };
  if (unit !== answeredUnit) {
    return modbusError("MODBUS_BAD_FRAME", `unit ${unit} was asked, unit ${answeredUnit} answered`, {
      details,
      hint: `set the unit of the device to ${answeredUnit} if it is the only one at this address`
    });
  }
  const what = pdu[0] !== functionCode ? `function ${pdu[0]}` : pdu.length !== answerBytes ? `${pdu.length} bytes instead of ${answerBytes}` : "an echo of something else";
  return modbusError("MODBUS_BAD_FRAME", `unit ${unit} answered function ${functionCode} with ${what}`, { details });
}
export {
  TcpMaster
};
//# sourceMappingURL=tcp.js.map
