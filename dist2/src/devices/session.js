import { endpointName } from "../core/transport.js";
import { devicesError } from "./errors.js";
import { orAborted, settles } from "./wait.js";
const MIN_OPEN_TIMEOUT_MS = 5e3;
const RELEASE_TIMEOUT_MS = 2e3;
class Session {
  wire;
  /** Exchanges begun. */
  tried = 0;
  /** Exchanges that a device answered. */
  answered = 0;
  /** Exchanges without an answer since the last answer. */
  silent = 0;
  /** Exchanges in which the adapter threw something foreign; the first is logged. */
  defects = 0;
  #bus;
  #error;
  #name;
  #devices = /* @__PURE__ */ new Map();
  #listeners = /* @__PURE__ */ new Set();
  /** @param name - the endpoint as people read it */
  constructor(wire, name) {
    this.wire = wire;
    this.#name = name;
    wire.on("error", (cause) => this.close(this.#closed(cause)));
    wire.on("end", () => this.close(this.#closed()));
    wire.on("close", () => this.close(this.#closed()));
  }
  /** Why it is over; undefined while it is usable. */
  get error() {
    return this.#error;
  }
  set bus(bus) {
    this.#bus = bus;
  }
  /** The adapter's object for a device, made once per session. */
  device(name, options) {
    let device = this.#devices.get(name);
    if (device === void 0) {
      if (this.#bus === void 0) throw new TypeError("the bus is not open");
      device = this.#bus.device(options);
      this.#devices.set(name, device);
    }
    return device;
  }
  /** Monotonic ms before which the device is not to be asked. */
  readyAt(name) {
    return this.#devices.get(name)?.readyAt?.() ?? 0;
  }
  /** Calls back when the session ends, at once when it is over already. */
  onEnd(listener) {
    if (this.#error !== void 0) listener(this.#error);
    else this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
  /** Ends it: whoever waits on it is told before anything else happens. */
  close(error) {
    if (this.#error !== void 0) return;
    this.#error = error;
    for (const listener of [...this.#listeners]) listener(error);
    this.#listeners.clear();
  }
  /**
   * Frees bus and wire, so that the same line can be opened again.
   *
   * @returns false when that took too long, and one of both may still be held
   */
  async release(clock) {
    const bus = this.#bus === void 0 || await settles(clock, RELEASE_TIMEOUT_MS, this.#bus[Symbol.asyncDispose]());
    this.wire.destroy();
    if (this.wire.closed) return bus;
    const closed = new Promise((resolve) => this.wire.once("close", () => resolve()));
    return await settles(clock, RELEASE_TIMEOUT_MS, closed) && bus;
  }
  #closed(cause) {
    const code = cause?.code;
    return devicesError("PORT_CLOSED", `${this.#name} closed the wire${code === void 0 ? "" : ` (${code})`}`, {
      cause,
      details: { endpoint: this.#name }
    });
  }
}
async function openSession(o, signal) {
  const { config, clock } = o;
  const name = endpointName(config.endpoint);
  const timeoutMs = Math.max(MIN_OPEN_TIMEOUT_MS, config.timeout);
  const controller = new AbortController();
  const onStop = () => controller.abort(signal.reason);
  signal.addEventListener("abort", onStop, { once: true });
  const timer = clock.after(timeoutMs, () => {
    const details = { endpoint: name, timeoutMs };
    controller.abort(
      devicesError("PORT_CONNECT_TIMEOUT", `${name} could not be opened within ${timeoutMs} ms`, { details })
    );
  });
  let session;
  try {
    const opening = o.openTransport(config.endpoint, controller.signal);
    opening.then((wire) => {
      if (controller.signal.aborted) wire.destroy();
    }, ignore);
    session = new Session(await orAborted(opening, controller.signal), name);
    using _end = session.onEnd((error) => controller.abort(error));
    const context = { log: o.log, clock, endpoint: config.endpoint };
    const bus = o.adapter.open(session.wire, config.options, context);
    bus.then(async (late) => {
      if (controller.signal.aborted) await late[Symbol.asyncDispose]();
    }).catch(ignore);
    session.bus = await orAborted(bus, controller.signal);
    return session;
  } catch (error) {
    await session?.release(clock);
    throw error;
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", onStop);
  }
}
const ignore = () => {
};
export {
  Session,
  openSession
};
//# sourceMappingURL=session.js.map
