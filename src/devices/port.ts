/**
 * One physical wire and its only owner.
 *
 *   commands ─┐
 *   asks     ─┼─▶ PortQueue ──▶ one exchange at a time (`parallel`: so many) ──▶ bus (adapter) ──▶ wire
 *   polls    ─┘                 rest `pause`
 *
 * Rules: the wire carries one exchange at a time, unless it is one that can carry more; what is next, the queue decides;
 * every exchange has a deadline; when the wire fails, the exchanges in flight fail at once and the wire is opened again;
 * with `closeAfter` the wire is closed while nobody needs it, which is no failure: the port stays up, and the next exchange
 * opens it; nothing here throws, an exchange's failure is its outcome.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { backoffDelays } from '../core/backoff.js';
import { coreError, GatewayError, toGatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { Scope } from '../core/scope.js';
import type { ServiceState } from '../core/service.js';
import { isConnection } from '../core/transport.js';
import type { ServiceView } from '../core/views.js';
import { devicesError } from './errors.js';
import { type Exchange, notSent, type Outcome, perform } from './exchange.js';
import { type Job, LANE_LIMIT, PortQueue } from './port-queue.js';
import { PortStats } from './port-stats.js';
import { Recorder } from './recorder.js';
import { openSession, type Session, type SessionOptions } from './session.js';
import { Bell } from './wait.js';

/** Between two attempts to open the wire. */
const REOPEN = { first: 250, max: 5_000 } as const;
/**
 * Unanswered exchanges in a row after which a TCP connection is made anew: a device that lost power leaves a half-open
 * connection that the kernel may keep for minutes after the device is back.
 */
const SILENT_LIMIT = 3;

export interface PortOptions extends SessionOptions {
  /** Options of each device on the port, parsed by the adapter's `device` schema. */
  readonly devices: ReadonlyMap<string, unknown>;
  readonly random: () => number;
  /** Called with every wire that is opened, before onUp: for those who listen. */
  readonly onOpen?: (session: Session) => void;
  /** The wire is open. */
  readonly onUp: () => void;
  /** The wire could not be opened; called for every attempt. */
  readonly onDown: (error: GatewayError) => void;
}

export class Port implements AsyncDisposable {
  readonly name: string;
  readonly stats: PortStats;
  readonly recorder: Recorder;
  readonly #o: PortOptions;
  readonly #log: Log;
  readonly #scope: Scope;
  readonly #queue: PortQueue;
  #state: ServiceState = 'starting';
  #since: number;
  #error: GatewayError | undefined;
  #nextTryAt: number | undefined;
  /** Rung when there is something to do on the wire. */
  readonly #work: Bell;
  /** Rung to open the wire now. */
  readonly #again: Bell;
  /** Rung to cut the rests between exchanges short. */
  readonly #ended: Bell;
  #current: Session | undefined;
  /** Failures to open since the last answer of a device: the first and the last are logged. */
  #failures = 0;
  #delays: Generator<number, never>;

  constructor(options: PortOptions) {
    this.#o = options;
    this.name = options.config.name;
    this.stats = new PortStats(options.clock);
    this.recorder = new Recorder(options.clock);
    this.#log = options.log.child({ port: this.name });
    this.#since = options.clock.now();
    this.#queue = new PortQueue(options.clock, options.devices.size, options.config.timeout);
    this.#work = new Bell(options.clock);
    this.#again = new Bell(options.clock);
    this.#ended = new Bell(options.clock);
    this.#delays = backoffDelays(REOPEN, options.random);
    this.#scope = new Scope((error) => this.#log.error({ err: error }, 'port ended by a defect'));
  }

  /** Why the wire is not open; undefined while it is, and before the first attempt ended. */
  get error(): GatewayError | undefined {
    return this.#error;
  }

  get isUp(): boolean {
    return this.#state === 'up' || this.#state === 'degraded';
  }

  /** Exchanges on the wire at a time. */
  get parallel(): number {
    return this.#o.config.parallel ?? 1;
  }

  /** Unix ms of the next attempt to open. */
  get nextTryAt(): number | undefined {
    return this.#nextTryAt;
  }

  start(): void {
    this.#scope.run((signal) => this.#live(signal));
  }

  view(): ServiceView {
    const base = { name: `port:${this.name}`, state: this.#state, since: this.#since };
    return this.#error === undefined ? base : { ...base, reason: this.#error.message, hint: this.#error.hint };
  }

  /** Tries to open now instead of at the next attempt. */
  retry(): void {
    this.#again.ring();
  }

  /** A device spoke by itself: the wire works. */
  heard(): void {
    if (this.#current === undefined) return;
    this.#current.answered++;
    this.#answered();
  }

  exchange<T>(exchange: Exchange<T>): Promise<Outcome<T>> {
    return new Promise((resolve) => {
      const { signal, device } = exchange;
      const refuse = (error: GatewayError) => resolve(notSent(error));
      if (this.#scope.signal.aborted) return refuse(coreError('STOPPED', 'the gateway is stopping'));
      if (this.#state === 'down' && this.#error !== undefined) return refuse(this.#error);
      const onAbort = () => {
        if (this.#queue.remove(job)) refuse(cancelled(signal));
      };
      const job: Job = {
        exchange: exchange as Exchange<unknown>,
        settle: (outcome) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(outcome as Outcome<T>);
        },
      };
      if (signal?.aborted) return refuse(cancelled(signal));
      if (!this.#queue.push(job)) {
        return refuse(
          devicesError('COMMAND_QUEUE_FULL', `${LANE_LIMIT} requests to ${device} wait for port ${this.name} already`),
        );
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#work.ring();
    });
  }

  /** Fails everything of one device that still waits for the wire. */
  cancel(device: string, error: GatewayError): void {
    this.#fail(this.#queue.drain(device), error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#enter('stopping', undefined);
    const closed = this.#scope[Symbol.asyncDispose]();
    this.#again.ring();
    this.#work.ring();
    await closed;
    this.#failAll(coreError('STOPPED', 'the gateway is stopping'));
  }

  async #live(signal: AbortSignal): Promise<void> {
    let isResting = false;
    while (!signal.aborted) {
      try {
        if (isResting) await this.#demand(signal);
        isResting = !signal.aborted && (await this.#session(signal));
      } catch (error) {
        if (signal.aborted) return;
        isResting = false;
        this.#down(toGatewayError(error));
        await this.#rest(signal);
      }
    }
  }

  /** Until the wire that was closed is needed. */
  async #demand(signal: AbortSignal): Promise<void> {
    for (let { due } = this.#queue; due !== 0 && !signal.aborted; due = this.#queue.due) await this.#work.wait(due);
  }

  /** @returns whether the wire stays closed until it is needed */
  async #session(signal: AbortSignal): Promise<boolean> {
    const session = await openSession({ ...this.#o, log: this.#log, recorder: this.recorder }, signal);
    let isUnneeded = false;
    try {
      this.stats.opens++;
      this.#enter('up', undefined);
      this.#current = session;
      this.#o.onOpen?.(session);
      this.#o.onUp();
      isUnneeded = await this.#serve(session, signal);
    } finally {
      this.#current = undefined;
      if (!(await session.release(this.#o.clock))) this.#log.warn('bus or wire did not close in time');
    }
    if (isUnneeded) return true;
    if (!signal.aborted) await this.#lost(session, signal);
    return false;
  }

  /** After the loss of an open wire: at once again when it had worked, else with growing delays. */
  async #lost(session: Session, signal: AbortSignal): Promise<void> {
    const error = session.error ?? devicesError('PORT_CLOSED', `the wire of port ${this.name} closed`);
    if (session.answered > 0) {
      this.#log.debug({ code: error.code, answered: session.answered }, 'wire lost, opening again');
      this.#enter('degraded', error);
      return;
    }
    // A connection that opens but stays silent is the device's fault, and one nobody used is nobody's.
    if (session.tried > 0 && error.code !== 'PORT_SILENT') this.#down(error);
    else this.#enter('degraded', error);
    await this.#rest(signal);
  }

  /** @returns whether it ended because nobody needs the wire, rather than by a failure or the end of the port */
  async #serve(session: Session, signal: AbortSignal): Promise<boolean> {
    const onStop = () => session.close(coreError('STOPPED', 'the gateway is stopping'));
    if (signal.aborted) onStop();
    signal.addEventListener('abort', onStop, { once: true });
    using _end = session.onEnd(() => {
      this.#work.ring();
      this.#ended.ring();
    });
    const readyAt = (device: string) => session.readyAt(device);
    const active = new Set<Promise<void>>();
    let isUnneeded = false;
    let idleSince = this.#o.clock.monotonic();
    while (session.error === undefined) {
      const isFull = active.size >= this.parallel;
      const job = isFull ? undefined : this.#queue.next(readyAt);
      if (job === undefined) {
        const idleMs = active.size > 0 ? undefined : this.#closesIn(session, idleSince);
        if (idleMs === 0) {
          // Whoever got an answer may be about to ask again.
          await turn();
          isUnneeded = session.error === undefined && this.#queue.due !== 0;
          if (isUnneeded) break;
          continue;
        }
        await this.#work.wait(soonest(isFull ? undefined : this.#queue.wait(readyAt), idleMs));
        continue;
      }
      const running = this.#run(session, job).finally(() => {
        active.delete(running);
        idleSince = this.#o.clock.monotonic();
        this.#work.ring();
      });
      active.add(running);
    }
    await Promise.all(active);
    signal.removeEventListener('abort', onStop);
    // The far side may be the first to close what is idle.
    const wasIdle = session.answered > 0 && session.lost === 0 && session.error?.code === 'PORT_CLOSED';
    return !signal.aborted && (isUnneeded || (this.#o.config.closeAfter !== undefined && wasIdle));
  }

  /** ms until the wire is closed because nobody needs it; undefined: it is not. */
  #closesIn(session: Session, idleSince: number): number | undefined {
    const { closeAfter } = this.#o.config;
    if (closeAfter === undefined || session.isHeard || this.#queue.due === 0) return undefined;
    const at = Math.max(idleSince + closeAfter, session.quietAt);
    return Math.max(0, Math.ceil(at - this.#o.clock.monotonic()));
  }

  async #run(session: Session, job: Job): Promise<void> {
    await this.#exchange(session, job);
    if (this.#o.config.pause > 0 && session.error === undefined) await this.#ended.wait(this.#o.config.pause);
    // Whoever got an answer may have the next, more urgent request ready: let it ask before a poll gets the wire.
    await turn();
  }

  async #exchange(session: Session, job: Job): Promise<void> {
    const { config, devices, clock } = this.#o;
    session.tried++;
    const options = devices.get(job.exchange.device);
    this.stats.begin();
    const outcome = await perform(job.exchange, session, options, config.timeout, clock, this.#log);
    this.#queue.done(job, outcome.ms);
    this.stats.end(outcome);
    if (!outcome.ok && outcome.lost) session.lost++;
    if (outcome.ok) {
      session.answered++;
      session.silent = 0;
      this.#answered();
    } else if (outcome.timedOut && ++session.silent >= SILENT_LIMIT && isConnection(config.endpoint)) {
      const message = `${session.silent} exchanges in a row were not answered on port ${this.name}`;
      session.close(devicesError('PORT_SILENT', message, { cause: outcome.error }));
    }
    job.settle(outcome);
  }

  /** A device answered: the wire works, the schedule of attempts starts over. */
  #answered(): void {
    if (this.#failures > 0) this.#log.info({ failures: this.#failures }, 'port works again');
    this.#failures = 0;
    this.#delays = backoffDelays(REOPEN, this.#o.random);
  }

  #down(error: GatewayError): void {
    if (this.#failures++ === 0) this.#log.warn({ code: error.code, reason: error.message }, 'port does not work');
    this.#enter('down', error);
    this.#failAll(error);
    this.#o.onDown(error);
  }

  #enter(state: ServiceState, error: GatewayError | undefined): void {
    if (this.#state === 'stopping') return;
    if (this.#state !== state) this.#since = this.#o.clock.now();
    this.#state = state;
    this.#error = error;
  }

  async #rest(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const ms = this.#delays.next().value;
    this.#nextTryAt = this.#o.clock.now() + ms;
    await this.#again.wait(ms);
    this.#nextTryAt = undefined;
  }

  #failAll(error: GatewayError): void {
    this.#fail(this.#queue.drainAll(), error);
  }

  #fail(jobs: readonly Job[], error: GatewayError): void {
    for (const job of jobs) job.settle(notSent(error));
  }
}

function soonest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

/** Why a request was taken back: the reason it gave, if it is one of ours. */
function cancelled(signal: AbortSignal | undefined): GatewayError {
  const reason: unknown = signal?.reason;
  return reason instanceof GatewayError
    ? reason
    : devicesError('COMMAND_CANCELLED', 'the request was taken back', { cause: reason });
}
