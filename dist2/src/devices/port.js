import { setImmediate as turn } from "node:timers/promises";
import { backoffDelays } from "../core/backoff.js";
import { coreError, GatewayError, toGatewayError } from "../core/errors.js";
import { Scope } from "../core/scope.js";
import { devicesError } from "./errors.js";
import { notSent, perform } from "./exchange.js";
import { FairQueue } from "./fair-queue.js";
import { openSession } from "./session.js";
import { Bell } from "./wait.js";
const REOPEN = { first: 250, max: 5e3 };
const LANE_LIMIT = 100;
const MAX_IN_A_ROW = 8;
const SILENT_LIMIT = 3;
class Port {
  name;
  #o;
  #log;
  #scope;
  #queues = {
    command: new FairQueue(LANE_LIMIT),
    ask: new FairQueue(LANE_LIMIT),
    poll: new FairQueue(LANE_LIMIT)
  };
  #inARow = 0;
  #state = "starting";
  #since;
  #error;
  #nextTryAt;
  /** Rung when there is something to do on the wire. */
  #work;
  /** Rung to open the wire now. */
  #again;
  /** Rung to cut the rest between two exchanges short. */
  #ended;
  /** Failures to open since the last answer of a device: the first and the last are logged. */
  #failures = 0;
  #delays;
  constructor(options) {
    this.#o = options;
    this.name = options.config.name;
    this.#log = options.log.child({ port: this.name });
    this.#since = options.clock.now();
    this.#work = new Bell(options.clock);
    this.#again = new Bell(options.clock);
    this.#ended = new Bell(options.clock);
    this.#delays = backoffDelays(REOPEN, options.random);
    this.#scope = new Scope((error) => this.#log.error({ err: error }, "port ended by a defect"));
  }
  /** Why the wire is not open; undefined while it is, and before the first attempt ended. */
  get error() {
    return this.#error;
  }
  get isUp() {
    return this.#state === "up" || this.#state === "degraded";
  }
  /** Unix ms of the next attempt to open. */
  get nextTryAt() {
    return this.#nextTryAt;
  }
  start() {
    this.#scope.run((signal) => this.#live(signal));
  }
  view() {
    const base = { name: `port:${this.name}`, state: this.#state, since: this.#since };
    return this.#error === void 0 ? base : { ...base, reason: this.#error.message, hint: this.#error.hint };
  }
  /** Tries to open now instead of at the next attempt. */
  retry() {
    this.#again.ring();
  }
  exchange(exchange) {
    return new Promise((resolve) => {
      const { signal, device, priority } = exchange;
      const refuse = (error) => resolve(notSent(error));
      if (this.#scope.signal.aborted) return refuse(coreError("STOPPED", "the gateway is stopping"));
      if (this.#state === "down" && this.#error !== void 0) return refuse(this.#error);
      const queue = this.#queues[priority];
      const onAbort = () => {
        if (queue.remove(device, job)) refuse(cancelled(signal));
      };
      const job = {
        exchange,
        settle: (outcome) => {
          signal?.removeEventListener("abort", onAbort);
          resolve(outcome);
        }
      };
      if (signal?.aborted) return refuse(cancelled(signal));
      if (!queue.push(device, job)) {
        return refuse(
          devicesError("COMMAND_QUEUE_FULL", `${LANE_LIMIT} requests to ${device} wait for port ${this.name} already`)
        );
      }
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#work.ring();
    });
  }
  /** Fails everything of one device that still waits for the wire. */
  cancel(device, error) {
    for (const queue of Object.values(this.#queues)) this.#fail(queue.drain(device), error);
  }
  async [Symbol.asyncDispose]() {
    this.#enter("stopping", void 0);
    const closed = this.#scope[Symbol.asyncDispose]();
    this.#again.ring();
    await closed;
    this.#failAll(coreError("STOPPED", "the gateway is stopping"));
  }
  async #live(signal) {
    while (!signal.aborted) {
      try {
        await this.#session(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#down(toGatewayError(error));
        await this.#rest(signal);
      }
    }
  }
  async #session(signal) {
    const session = await openSession({ ...this.#o, log: this.#log }, signal);
    try {
      this.#enter("up", void 0);
      this.#o.onUp();
      await this.#serve(session, signal);
    } finally {
      if (!await session.release(this.#o.clock)) this.#log.warn("bus or wire did not close in time");
    }
    if (!signal.aborted) await this.#lost(session, signal);
  }
  /** After the loss of an open wire: at once again when it had worked, else with growing delays. */
  async #lost(session, signal) {
    const error = session.error ?? devicesError("PORT_CLOSED", `the wire of port ${this.name} closed`);
    if (session.answered > 0) {
      this.#log.debug({ code: error.code, answered: session.answered }, "wire lost, opening again");
      this.#enter("degraded", error);
      return;
    }
    if (session.tried > 0 && error.code !== "PORT_SILENT") this.#down(error);
    else this.#enter("degraded", error);
    await this.#rest(signal);
  }
  async #serve(session, signal) {
    const onStop = () => session.close(coreError("STOPPED", "the gateway is stopping"));
    if (signal.aborted) onStop();
    signal.addEventListener("abort", onStop, { once: true });
    using _end = session.onEnd(() => {
      this.#work.ring();
      this.#ended.ring();
    });
    while (session.error === void 0) {
      const job = this.#next(session);
      if (job === void 0) {
        await this.#work.wait(this.#untilReady(session));
        continue;
      }
      await this.#exchange(session, job);
      if (this.#o.config.pause > 0 && session.error === void 0) await this.#ended.wait(this.#o.config.pause);
      await turn();
    }
    signal.removeEventListener("abort", onStop);
  }
  /** The job whose turn it is, of a device that can be asked now. */
  #next(session) {
    const { command, ask, poll } = this.#queues;
    const now = this.#o.clock.monotonic();
    const isReady = (device) => session.readyAt(device) <= now;
    const urgent = () => command.shift(isReady) ?? ask.shift(isReady);
    const pollsTurn = this.#inARow >= MAX_IN_A_ROW ? poll.shift(isReady) : void 0;
    const first = pollsTurn === void 0 ? urgent() : void 0;
    this.#inARow = first === void 0 ? 0 : this.#inARow + 1;
    return pollsTurn ?? first ?? poll.shift(isReady);
  }
  /** ms until the first device that has a job can be asked; undefined: there is no job. */
  #untilReady(session) {
    const waiting = Object.values(this.#queues).flatMap((queue) => [...queue.keys()]);
    if (waiting.length === 0) return void 0;
    const readyAt = Math.min(...waiting.map((device) => session.readyAt(device)));
    return Math.max(0, Math.ceil(readyAt - this.#o.clock.monotonic()));
  }
  async #exchange(session, job) {
    const { config, devices, clock } = this.#o;
    session.tried++;
    const options = devices.get(job.exchange.device);
    const outcome = await perform(job.exchange, session, options, config.timeout, clock, this.#log);
    if (outcome.ok) {
      session.answered++;
      session.silent = 0;
      this.#answered();
    } else if (outcome.timedOut && ++session.silent >= SILENT_LIMIT && config.endpoint.type === "tcp") {
      const message = `${session.silent} exchanges in a row were not answered on port ${this.name}`;
      session.close(devicesError("PORT_SILENT", message, { cause: outcome.error }));
    }
    job.settle(outcome);
  }
  /** A device answered: the wire works, the schedule of attempts starts over. */
  #answered() {
    if (this.#failures > 0) this.#log.info({ failures: this.#failures }, "port works again");
    this.#failures = 0;
    this.#delays = backoffDelays(REOPEN, this.#o.random);
  }
  #down(error) {
    if (this.#failures++ === 0) this.#log.warn({ code: error.code, reason: error.message }, "port does not work");
    this.#enter("down", error);
    this.#failAll(error);
    this.#o.onDown(error);
  }
  #enter(state, error) {
    if (this.#state === "stopping") return;
    if (this.#state !== state) this.#since = this.#o.clock.now();
    this.#state = state;
    this.#error = error;
  }
  async #rest(signal) {
    if (signal.aborted) return;
    const ms = this.#delays.next().value;
    this.#nextTryAt = this.#o.clock.now() + ms;
    await this.#again.wait(ms);
    this.#nextTryAt = void 0;
  }
  #failAll(error) {
    for (const queue of Object.values(this.#queues)) this.#fail(queue.drainAll(), error);
  }
  #fail(jobs, error) {
    for (const job of jobs) job.settle(notSent(error));
  }
}
function cancelled(signal) {
  const reason = signal?.reason;
  return reason instanceof GatewayError ? reason : devicesError("COMMAND_CANCELLED", "the request was taken back", { cause: reason });
}
export {
  Port
};
//# sourceMappingURL=port.js.map
