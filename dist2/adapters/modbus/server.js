import { encodeMbap, MbapSplitter } from "./mbap.js";
import { FUNCTION, MAX_PDU_BYTES } from "./pdu.js";
import { exceptionResponse, respond } from "./respond.js";
import { encodeRtu, hasValidCrc } from "./rtu-frame.js";
const GAP_MS = 50;
const MAX_ANSWERS = 16;
const BROADCAST = 0;
const NOTHING = Buffer.alloc(0);
async function serveModbus(wire, options) {
  const { promise, resolve } = Promise.withResolvers();
  const server = options.framing === "tcp" ? new TcpServer(wire, options) : new RtuServer(wire, options);
  const end = () => wire.destroy();
  wire.on("error", end);
  wire.on("end", end);
  wire.once("close", resolve);
  wire.on("data", (chunk) => server.receive(chunk));
  options.signal.addEventListener("abort", end, { once: true });
  if (options.signal.aborted) end();
  if (!wire.closed) await promise;
  options.signal.removeEventListener("abort", end);
  server.stop?.();
  return server.dropped;
}
class TcpServer {
  dropped = 0;
  #wire;
  #units;
  #splitter = new MbapSplitter();
  constructor(wire, options) {
    this.#wire = wire;
    this.#units = options.units;
    wire.on("drain", () => this.#serve());
  }
  receive(chunk) {
    this.#splitter.push(chunk);
    this.#serve();
  }
  /** A master that does not read its answers gets no more of them: reading stops until it does. */
  #serve() {
    while (!this.#wire.destroyed && !this.#wire.writableNeedDrain) {
      const frame = this.#nextFrame();
      if (frame === void 0) {
        this.#wire.resume();
        return;
      }
      this.#wire.write(encodeMbap(frame.transactionId, frame.unit, this.#answer(frame)));
    }
    this.#wire.pause();
  }
  #nextFrame() {
    try {
      return this.#splitter.next();
    } catch {
      this.#wire.destroy();
      return void 0;
    }
  }
  /** §7, exception 11: whoever fronts several units says so when one of them is absent. */
  #answer({ unit, pdu }) {
    const image = this.#units.get(unit);
    return image === void 0 ? exceptionResponse(pdu[0], 11) : respond(pdu, image);
  }
}
class RtuServer {
  dropped = 0;
  #wire;
  #options;
  #answers = /* @__PURE__ */ new Set();
  #received = NOTHING;
  #gap;
  constructor(wire, options) {
    this.#wire = wire;
    this.#options = options;
  }
  receive(chunk) {
    this.#gap?.cancel();
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#take(false);
    if (this.#received.length > 0) this.#gap = this.#options.clock.after(GAP_MS, () => this.#take(true));
  }
  stop() {
    this.#gap?.cancel();
    for (const timer of this.#answers) timer.cancel();
    this.#answers.clear();
  }
  /** @param over - nothing follows: what is incomplete is garbage */
  #take(over) {
    const bytes = this.#received;
    let start = 0;
    while (start < bytes.length) {
      const length = this.#requestLength(bytes, start);
      const end = start + length;
      if (length > 0 && end > bytes.length && !over) break;
      if (length > 0 && end <= bytes.length && hasValidCrc(bytes, start, end)) {
        this.#answer(bytes[start], bytes.subarray(start + 1, end - 2));
        start = end;
      } else {
        start++;
      }
    }
    this.#received = start < bytes.length ? bytes.subarray(start) : NOTHING;
  }
  /**
   * How long a request at `start` would be, CRC included; 0: none of ours begins here. A function we do not know has
   * no known length: the frame then is what was received up to here, if its CRC agrees.
   */
  #requestLength(bytes, start) {
    const unit = bytes[start];
    if (unit !== BROADCAST && !this.#options.units.has(unit)) return 0;
    const there = bytes.length - start;
    if (there < 2) return 4;
    const functionCode = bytes[start + 1];
    if (functionCode >= FUNCTION.readCoils && functionCode <= FUNCTION.writeSingleRegister) return 8;
    if (functionCode === FUNCTION.writeMultipleCoils || functionCode === FUNCTION.writeMultipleRegisters) {
      return there < 7 ? 9 : 9 + bytes[start + 6];
    }
    return functionCode < 128 && there <= MAX_PDU_BYTES + 3 && hasValidCrc(bytes, start, bytes.length) ? there : 0;
  }
  #answer(unit, pdu) {
    const { units, clock, silenceMs = 4 } = this.#options;
    if (unit === BROADCAST) {
      if (pdu[0] > FUNCTION.readInputRegisters) for (const image of units.values()) respond(pdu, image);
      return;
    }
    if (this.#answers.size >= MAX_ANSWERS || this.#wire.writableNeedDrain) {
      this.dropped++;
      return;
    }
    const frame = encodeRtu(unit, respond(pdu, units.get(unit)));
    const timer = clock.after(silenceMs, () => {
      this.#answers.delete(timer);
      if (this.#wire.writable) this.#wire.write(frame);
    });
    this.#answers.add(timer);
  }
}
export {
  serveModbus
};
//# sourceMappingURL=server.js.map
