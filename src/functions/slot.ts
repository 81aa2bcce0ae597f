/**
 * One function: its versions, the one that runs, and what keeps it in bounds.
 *
 *   deploy ─▶ compile, check, instantiate ─▶ swap (between two calls) ─▶ on disk
 *   call   ─▶ paused? down? breaker? ─▶ SlotCalls ─▶ answer or Failure      never throws, never rejects
 */
import type { Clock } from '../core/clock.js';
import type { FunctionConfig } from '../core/config.js';
import { GatewayError, toGatewayError } from '../core/errors.js';
import type { CompileFunction, Hook, HostCalls } from '../core/function.js';
import type { FunctionState } from '../core/function-views.js';
import type { Log } from '../core/log.js';
import { RateLimit } from '../core/rate-limit.js';
import { Allowance } from './allowance.js';
import { Breaker } from './breaker.js';
import type { Chain } from './chain.js';
import { Effects, noting } from './effects.js';
import { functionError } from './errors.js';
import { Failure, type Outcome, wasUnasked } from './failure.js';
import type { MessageRecord } from './frame-reader.js';
import { FunctionLog } from './function-log.js';
import { Previous } from './previous.js';
import { Published } from './published.js';
import type { Witness } from './shadow.js';
import { type Running, SlotCalls } from './slot-calls.js';
import { SlotStats } from './slot-stats.js';
import { SlotVersions, type Version } from './slot-versions.js';
import type { VersionFolder, VersionState } from './version-folder.js';

/** A new version that opens the breaker within this time is rolled back, ms. */
const PROBATION = 600_000;
const PREVIOUS_TOPICS = 10_000;
const PREVIOUS_BYTES = 4 * 1_048_576;

export interface SlotOptions {
  readonly config: FunctionConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly compile: CompileFunction;
  readonly folder: VersionFolder | undefined;
  /** @param publish - takes what the module publishes; false: over a limit */
  host(log: FunctionLog, publish: (record: MessageRecord) => boolean): HostCalls;
  /** Messages that a call published, once it has ended well. */
  publish(slot: Slot, records: readonly MessageRecord[], chain: Chain | undefined): void;
  /** Another version runs. */
  onSwapped(slot: Slot): void;
  /** It is paused now, or back; it is up or down. */
  onChanged(slot: Slot): void;
  /** {@link Slot.state} is another one. */
  onState(): void;
}

interface Asked {
  readonly hook: Hook;
  /** Monotonic ms. */
  readonly startedAt: number;
  readonly chain: Chain | undefined;
  readonly seen: Seen | undefined;
}

/** Of one call, for a witness. */
interface Seen {
  readonly witness: Witness;
  readonly frame: Buffer;
  readonly effects: Effects;
}

export class Slot {
  readonly config: FunctionConfig;
  readonly stats: SlotStats;
  readonly lines: FunctionLog;
  readonly previous = new Previous(PREVIOUS_TOPICS, PREVIOUS_BYTES);
  readonly breaker: Breaker;
  /** Of messages that it adds. */
  readonly rate: RateLimit;
  /** When what the configuration names is asked for again, Unix ms. */
  retryAt: number | undefined;
  /** Told of all calls, while there is one. */
  witness: Witness | undefined;
  readonly #o: SlotOptions;
  readonly #log: Log;
  readonly #calls: SlotCalls;
  #running: Running | undefined;
  readonly #versions: SlotVersions;
  readonly #published: Published;
  #isPaused = false;
  #error: GatewayError | undefined;
  #rolledBack: GatewayError | undefined;
  #since: number;
  #effects: Effects | undefined;
  #changing: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  /** The version that runs has answered who may connect. */
  #hasDecided = false;
  /** Monotonic ms of the last swap. */
  #swappedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SlotOptions) {
    const { config, clock, log } = options;
    this.#o = options;
    this.config = config;
    this.stats = new SlotStats(clock);
    this.lines = new FunctionLog(clock);
    this.breaker = new Breaker(config.breaker, clock);
    this.rate = new RateLimit(config.limits.rate, clock);
    this.#log = log.child({ function: config.name });
    this.#published = new Published(config.limits, this.rate, this.stats);
    this.#versions = new SlotVersions({ ...options, log: this.#log });
    const onBug = (error: unknown) => this.#log.error({ error }, 'a function met a defect');
    this.#calls = new SlotCalls({ queue: config.limits.queue, clock, onBug });
    this.#since = clock.now();
  }

  get name(): string {
    return this.config.name;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get state(): FunctionState {
    if (this.#isPaused) return 'paused';
    if (this.#running === undefined) return 'down';
    return this.breaker.state === 'closed' ? 'up' : this.breaker.state;
  }

  get since(): number {
    return this.#since;
  }

  get running(): Running | undefined {
    return this.#running;
  }

  get current(): Version | undefined {
    return this.#versions.current;
  }

  get versions(): readonly Version[] {
    return this.#versions.all;
  }

  get waiting(): number {
    return this.#calls.pending;
  }

  /** Why it is down. */
  get error(): GatewayError | undefined {
    return this.#error;
  }

  /** What people should know though it runs: it was rolled back; its state is not on disk. */
  get notices(): readonly GatewayError[] {
    return [this.#rolledBack, this.#versions.error].filter((one) => one !== undefined);
  }

  /** Never throws; a promise never rejects. @param chain - what the call's messages come of */
  call(hook: Hook, frame: Buffer, chain?: Chain): Outcome | Promise<Outcome> {
    const running = this.#running;
    if (running === undefined) return this.#without('down', this.#error?.message ?? 'no module is loaded');
    if (!this.breaker.admits()) return this.#without('open', 'it failed repeatedly and rests');
    const startedAt = this.#o.clock.monotonic();
    const { witness } = this;
    const seen = witness === undefined ? undefined : { witness, frame: Buffer.from(frame), effects: new Effects() };
    const before = (by: Running) => {
      by.instance.giveFuel?.(this.#fuelFor(by, hook, seen, startedAt));
      this.#published.begin();
      this.#effects = seen?.effects;
    };
    const after = (outcome: Outcome, by: Running) => this.#answered(by, outcome, { hook, startedAt, chain, seen });
    const outcome = this.#calls.call(running, hook, frame, before, after);
    if (!(outcome instanceof Failure) || outcome.cause !== 'queue') return outcome;
    this.breaker.spared();
    return this.#without('queue', outcome.message);
  }

  /**
   * The answer was of no use: that counts like a trap, unless the module was not asked, or it was the fault of another.
   *
   * @param ms - that all messages waited for it
   */
  failed(failure: Failure, ms = 0): Failure {
    this.#note(failure);
    if (failure.cause === 'ended') this.breaker.spared();
    if (['queue', 'depth', 'ended'].includes(failure.cause) || this.#running === undefined) return failure;
    if (!this.breaker.failed(ms)) return failure;
    this.#since = this.#o.clock.now();
    this.#running.allowance.reset();
    const seconds = this.config.breaker.rest / 1_000;
    this.#log.warn({ cause: failure.cause }, 'a function failed repeatedly and rests');
    this.lines.add(3, `the breaker is open for ${seconds} s: it failed repeatedly`);
    this.#o.onState();
    this.#calls.abandon(new Failure('open', 'it failed repeatedly and rests'));
    this.#backOut();
    return failure;
  }

  /** It was of use at the door: see {@link failedAtDoor}. */
  decided(): void {
    this.#hasDecided = true;
  }

  /**
   * {@link failed}, at the door. Once the version has decided about somebody, its failures are the doing of who knocks: a rest
   * would keep out everybody else. Before, only their number counts, for the same reason.
   */
  failedAtDoor(failure: Failure): Failure {
    if (!this.#hasDecided) return this.failed(failure);
    this.breaker.spared();
    return this.#note(failure);
  }

  /** @throws GatewayError when it is not fit to run; what ran before goes on */
  deploy(bytes: Buffer, source: string, configured?: string): Promise<Version> {
    return this.#inTurn(async () => {
      const version = await this.load(bytes, source);
      this.#swap(version, this.#instance(version));
      this.#versions.add(version, configured);
      this.#rolledBack = undefined;
      await this.#save({ digest: version.digest, bytes });
      return version;
    });
  }

  /** Goes on with what was there at the last stop. @returns false: there is nothing of use */
  restore(state: VersionState): Promise<boolean> {
    return this.#inTurn(async () => {
      const version = await this.#versions.stored(state);
      if (version === undefined) return false;
      this.#isPaused = state.paused;
      this.#swap(version, this.#instance(version));
      this.#versions.restored(version, state);
      // It has proven itself before.
      this.#swappedAt = Number.NEGATIVE_INFINITY;
      this.#hasDecided = true;
      return true;
    });
  }

  /** To the newest of the older versions that did not fail. @throws GatewayError FUNCTION_NO_PREVIOUS */
  rollback(): Promise<Version> {
    return this.#inTurn(async () => {
      const target = this.#versions.older();
      if (target === undefined) {
        throw functionError('FUNCTION_NO_PREVIOUS', `${this.name} has no older version that did not fail`);
      }
      await this.#versions.warm(target);
      this.#swap(target, this.#instance(target));
      this.#rolledBack = undefined;
      await this.#save();
      return target;
    });
  }

  /** Compiles what a rollback would need. */
  warm(): Promise<void> {
    return this.#inTurn(async () => {
      const target = this.#versions.older();
      if (target !== undefined) await this.#versions.warm(target);
    });
  }

  /** It is not asked: messages go as if it were not there. */
  pause(isPaused: boolean): Promise<void> {
    if (isPaused === this.#isPaused) return Promise.resolve();
    if (isPaused && this.config.triggers.some(({ type }) => type === 'connect')) {
      throw functionError('FUNCTION_NOT_PAUSABLE', `${this.name} decides who may connect`);
    }
    this.#isPaused = isPaused;
    this.#since = this.#o.clock.now();
    if (!isPaused) this.#again();
    else this.#calls.abandon(new Failure('paused', 'it is paused'));
    this.#o.onChanged(this);
    this.#o.onState();
    return this.#inTurn(() => this.#save());
  }

  /**
   * At the door it is the doing of who knocks when it runs out: no reason to hear the next one badly. Two versions that are
   * compared have the same; what waits for others holds up nobody.
   */
  #fuelFor({ module, allowance }: Running, hook: Hook, seen: Seen | undefined, now: number): number {
    return hook === 'on_connect' || seen !== undefined || module.isAsync ? allowance.limit : allowance.at(now);
  }

  /** As if it had never failed. */
  #again(): void {
    this.breaker.reset();
    this.#running?.allowance.reset();
  }

  /** It cannot be loaded. */
  isDown(error: unknown): void {
    this.#error = toGatewayError(error);
    this.lines.add(3, this.#error.message);
    this.#log.error({ error: this.#error }, 'a function cannot be loaded');
    this.#o.onChanged(this);
    this.#o.onState();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#changing.catch(() => {});
    this.#running = undefined;
    this.#error = functionError('FUNCTION_NOT_LOADED', 'the gateway is stopping');
    await this.#calls.end(new Failure('down', 'the gateway is stopping'));
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changing
      .catch(() => {})
      .then(() => {
        if (this.#isClosed) throw functionError('FUNCTION_NOT_LOADED', 'the gateway is stopping');
        return change();
      });
    this.#changing = changed;
    changed.catch(() => {});
    return changed;
  }

  /** Compiles and checks a module; it does not run. @throws GatewayError when it is not fit to run */
  load(bytes: Buffer, source: string): Promise<Version> {
    return this.#versions.load(bytes, source);
  }

  #instance({ module }: Version): Running {
    const host = noting(
      this.#o.host(this.lines, (record) => this.#published.add(record)),
      () => this.#effects,
    );
    try {
      const allowance = new Allowance(this.config.limits.fuel);
      return { module: module!, instance: module!.instantiate(host), allowance, pending: 0, isOver: false };
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw functionError('FUNCTION_START_FAILED', `the module could not start: ${message}`, { cause: error });
    }
  }

  /** Between two calls. */
  #swap(version: Version, running: Running): void {
    this.#running = running;
    this.#versions.current = version;
    this.#error = undefined;
    this.#since = this.#o.clock.now();
    this.#swappedAt = this.#o.clock.monotonic();
    this.#hasDecided = false;
    this.breaker.reset();
    this.#calls.swapped(running);
    this.lines.add(1, `${version.digest.slice(0, 19)} runs, from ${version.source}`);
    this.#log.info({ digest: version.digest, source: version.source }, 'a version of a function runs');
    this.#o.onChanged(this);
    this.#o.onState();
    this.witness?.swapped();
    this.#o.onSwapped(this);
  }

  /** A version that fails soon after it was deployed makes room for the one before. */
  #backOut(): void {
    const failed = this.#versions.current;
    const target = this.#versions.older();
    if (failed === undefined || target === undefined) return;
    if (this.#o.clock.monotonic() - this.#swappedAt > Math.max(PROBATION, this.config.breaker.within)) return;
    failed.failed = true;
    const change = async () => {
      if (this.#versions.current !== failed) return;
      await this.#versions.warm(target);
      this.#swap(target, this.#instance(target));
      const message = `${failed.digest.slice(0, 19)} failed and was rolled back to ${target.digest.slice(0, 19)}`;
      this.#rolledBack = functionError('FUNCTION_ROLLED_BACK', message);
      this.lines.add(3, message);
      this.#log.warn({ from: failed.digest, to: target.digest }, 'a function was rolled back');
      await this.#save();
    };
    this.#inTurn(change).catch((error: unknown) => this.#log.error({ error }, 'a function could not be rolled back'));
  }

  #save(added?: { readonly digest: string; readonly bytes: Buffer }): Promise<void> {
    return this.#versions.save(this.#isPaused, added);
  }

  #answered(running: Running, outcome: Outcome, { hook, startedAt, chain, seen }: Asked): Outcome {
    if (outcome instanceof Failure && wasUnasked(outcome)) return this.#note(outcome);
    const now = this.#o.clock.monotonic();
    const fuel = running.instance.fuelUsed;
    this.stats.called(now - startedAt, now);
    this.stats.fuelUsed += fuel;
    const published = this.#published.take();
    this.#effects = undefined;
    if (seen !== undefined) {
      const { witness, frame, effects } = seen;
      const answer = { outcome, published, commands: effects.commands, fuel, ms: now - startedAt };
      witness.called(hook, frame, effects, answer);
    }
    const isRefused = outcome instanceof Failure && outcome.cause === 'refused';
    if (!(outcome instanceof Failure)) running.allowance.succeeded(fuel);
    else if (outcome.cause === 'fuel') running.allowance.ranOut(now);
    if (outcome instanceof Failure && !isRefused) {
      if (running.isOver) return this.#note(outcome);
      if (hook === 'on_connect') return this.failedAtDoor(outcome);
      return this.failed(outcome, running.module.isAsync ? 0 : now - startedAt);
    }
    if (!running.isOver && this.breaker.succeeded()) {
      this.#since = this.#o.clock.now();
      this.lines.add(1, 'it works again');
      this.#log.info('a function works again');
      this.#o.onState();
    }
    if (isRefused) return this.#note(outcome);
    if (published.length > 0) this.#o.publish(this, published, chain);
    return outcome;
  }

  #without(cause: 'down' | 'open' | 'queue', message: string): Failure {
    return this.#note(new Failure(cause, message));
  }

  #note(failure: Failure): Failure {
    const { cause, message } = failure;
    const isFirst = this.stats.failures[cause] === undefined;
    this.stats.failed(cause, message);
    if (cause === 'down' || cause === 'open' || cause === 'paused') return failure;
    this.lines.add(3, `${cause}: ${message}`);
    if (isFirst) this.#log.warn({ cause, reason: message }, 'a function failed');
    return failure;
  }
}
