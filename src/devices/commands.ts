/**
 * Writes. One at a time per wire, before any read; each has a deadline until which it may wait, is checked when it comes
 * and again before it is sent, and ends with a result that says what is known: verified, written, refused, failed or
 * unknown. What may have been done is never done again, unless the point says that this does no harm.
 */
import type { Value } from '../core/adapter.js';
import type { Audit } from '../core/audit.js';
import type { Clock } from '../core/clock.js';
import { coreError, GatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { Scope } from '../core/scope.js';
import type { CommandStatus } from '../core/views.js';
import type { DeadMen } from './dead-men.js';
import type { DevicePoint } from './device-point.js';
import { devicesError } from './errors.js';
import { FairQueue } from './fair-queue.js';
import type { WriteResult } from './payload.js';
import { displayText, type Engineering, toEngineering, toRaw } from './point.js';
import type { Safeguards } from './safeguards.js';
import type { Supervisor } from './supervisor.js';
import { performWrite } from './write.js';

/** Commands that may wait per device. */
const QUEUE_LIMIT = 100;
/** A command that says nothing else must get the wire within this time, ms. */
export const DEFAULT_DEADLINE_MS = 5_000;
/** Before a command that may be done again is done again, ms. */
const AGAIN_MS = 500;

export interface WriteOrder {
  readonly target: Supervisor;
  readonly point: DevicePoint;
  readonly value: Engineering;
  /** The command must get the wire within this time, ms. */
  readonly withinMs: number;
  /** For the audit log: an origin, `control socket`. */
  readonly who: string;
  /** Takes the command back while it waits. */
  readonly signal?: AbortSignal | undefined;
  /** The value is the safe one of the point's dead man: no limit and no condition stops it. */
  readonly isRevert?: boolean;
}

interface Command extends WriteOrder {
  readonly raw: Value;
  /** The raw value in engineering units. */
  readonly to: Engineering;
  /** Monotonic ms. */
  readonly deadline: number;
  /** Aborts when the command is overdue or taken back; what is on the wire already goes on. */
  readonly waiting: AbortController;
  /** Value before it was sent, as people read it. */
  from: string | undefined;
  /** An attempt went without an answer: it may have been done. */
  perhapsDone: boolean;
  readonly settle: (result: WriteResult) => void;
}

export interface CommandsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly safeguards: Safeguards;
  readonly deadMen: DeadMen;
  readonly audit?: Audit | undefined;
}

/**
 * @throws GatewayError when the value may not be written to the point now: nothing may be sent
 */
export function checkWrite(target: Supervisor, point: DevicePoint, value: Engineering): Value {
  const { readOnlyReason, kind } = point.shadow;
  if (readOnlyReason !== undefined) {
    const hint = readOnlyReason.startsWith('the configuration') ? {} : { hint: 'choose a point that can be written' };
    throw devicesError('POINT_READ_ONLY', `${point.id} cannot be written: ${readOnlyReason}`, {
      details: { device: target.config.name, point: point.id },
      ...hint,
    });
  }
  return toRaw(value, point.config, kind);
}

/** The commands of one port. */
export class Commands implements AsyncDisposable {
  readonly #o: CommandsOptions;
  readonly #clock: Clock;
  readonly #scope: Scope;
  readonly #queue = new FairQueue<Command>(QUEUE_LIMIT);
  /** Those that wait, by point: a newer one may take their place. */
  readonly #latest = new Map<DevicePoint, Command>();
  #busy = false;

  constructor(options: CommandsOptions) {
    this.#o = options;
    this.#clock = options.clock;
    this.#scope = new Scope((error) => options.log.error({ err: error }, 'a command ended by a defect'));
  }

  /** @throws GatewayError when {@link submit} would refuse it now */
  check(target: Supervisor, point: DevicePoint, value: Engineering): void {
    const raw = checkWrite(target, point, value);
    this.#o.safeguards.check(point, toEngineering(raw, point.config) ?? value);
  }

  /** Never rejects: whatever happens is the result. */
  async submit(order: WriteOrder): Promise<WriteResult> {
    const { point, target } = order;
    const taken: { command?: Command } = {};
    const result = await new Promise<WriteResult>((resolve) => {
      try {
        taken.command = this.#take(order, resolve);
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        resolve(this.#ended(error, false));
      }
    });
    const { command } = taken;
    const isDone = result.status === 'verified' || result.status === 'written';
    // A dead man tries again and again.
    if (order.isRevert === true && !isDone) return result;
    const outcome = result.error === undefined ? result.status : `${result.status} ${result.error.code}`;
    this.#o.audit?.({
      who: order.who,
      action: order.isRevert === true ? 'revert point' : 'write point',
      target: `${target.config.name}.${point.id}`,
      outcome,
      ...(command?.from === undefined ? {} : { from: command.from }),
      to: displayText(command?.to ?? order.value, point.config),
    });
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#scope[Symbol.asyncDispose]();
    const stopped = coreError('STOPPED', 'the gateway is stopping');
    for (const command of this.#queue.drainAll()) command.settle(this.#ended(stopped, false));
    await closed;
  }

  /** @throws GatewayError when it is refused */
  #take(order: WriteOrder, resolve: (result: WriteResult) => void): Command {
    const { target, point, signal, withinMs } = order;
    const { safeguards } = this.#o;
    if (this.#scope.signal.aborted) throw coreError('STOPPED', 'the gateway is stopping');
    if (target.unavailable !== undefined) throw target.unavailable;
    const raw = checkWrite(target, point, order.value);
    const to = toEngineering(raw, point.config) ?? order.value;
    const waiting = new AbortController();
    const timer = this.#clock.after(withinMs, () => expire());
    const expire = () => {
      const message = `the command did not get the wire within ${withinMs} ms; nothing was sent`;
      waiting.abort(devicesError('COMMAND_EXPIRED', message));
    };
    const onAbort = () =>
      waiting.abort(devicesError('COMMAND_CANCELLED', 'the command was taken back; nothing was sent'));
    const settle = (result: WriteResult) => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      if (this.#latest.get(point) === command) this.#latest.delete(point);
      resolve(result);
    };
    const deadline = this.#clock.monotonic() + withinMs;
    const command: Command = { ...order, raw, to, deadline, waiting, from: undefined, perhapsDone: false, settle };
    const lane = target.config.name;
    waiting.signal.addEventListener('abort', () => {
      if (this.#queue.remove(lane, command)) settle(this.#ended(waiting.signal.reason as GatewayError, false));
    });
    try {
      if (withinMs <= 0) expire();
      if (signal?.aborted) onAbort();
      if (waiting.signal.aborted) throw waiting.signal.reason;
      if (order.isRevert !== true) {
        const isFirst = !this.#latest.has(point);
        // Behind others of the same point, what it changes shows only when they are done.
        if (isFirst) safeguards.check(point, to);
        safeguards.admit(point);
      }
      if (point.config.write?.coalesce === true) this.#supersede(point);
      if (!this.#queue.push(lane, command)) {
        throw devicesError('COMMAND_QUEUE_FULL', `${QUEUE_LIMIT} commands to ${lane} wait already`);
      }
    } catch (error) {
      timer.cancel();
      throw error;
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#latest.set(point, command);
    this.#kick();
    return command;
  }

  /** Of commands that wait, only the latest is wanted. */
  #supersede(point: DevicePoint): void {
    const older = this.#latest.get(point);
    const error = () => devicesError('COMMAND_SUPERSEDED', 'a newer command took its place; nothing was sent');
    if (older !== undefined && this.#queue.remove(older.target.config.name, older)) {
      older.settle(this.#ended(error(), false));
    }
  }

  #kick(): void {
    if (this.#busy || this.#scope.signal.aborted) return;
    const command = this.#queue.shift();
    if (command === undefined) return;
    this.#busy = true;
    this.#scope.run(async () => {
      try {
        const result = await this.#execute(command);
        if (result !== undefined) command.settle(result);
      } finally {
        this.#busy = false;
        this.#kick();
      }
    });
  }

  /** @returns undefined: it is tried again later */
  async #execute(command: Command): Promise<WriteResult | undefined> {
    const { target, point, to } = command;
    const { safeguards, deadMen } = this.#o;
    // The device may have gone away while the command waited.
    const { unavailable } = target;
    if (unavailable !== undefined) return this.#againOrEnded(command, unavailable);
    const arm = command.isRevert === true ? undefined : deadMen.arm(point, command.raw);
    await arm?.kept;
    const onWire = () => {
      // What held when the command came may not hold any more.
      if (command.isRevert !== true) safeguards.check(point, to);
      command.from = displayText(point.shadow.sample?.value, point.config);
      safeguards.sending(point, to);
    };
    const { result, perhapsDone } = await performWrite(command, onWire, command.waiting.signal, this.#clock);
    command.perhapsDone ||= perhapsDone;
    const ended = result instanceof GatewayError ? this.#ended(result, command.perhapsDone) : result;
    if (ended.status === 'verified' || ended.status === 'written') safeguards.sent(point, ended.value);
    else if (ended.status === 'unknown') safeguards.sent(point, undefined);
    arm?.done(ended.status);
    return ended.status === 'unknown' ? this.#againOrEnded(command, ended.error!) : ended;
  }

  /** Puts it back into the queue after a while, where that does no harm. @returns undefined: it did */
  #againOrEnded(command: Command, error: GatewayError): WriteResult | undefined {
    const { target, point, waiting, deadline } = command;
    const ended = () => this.#ended(error, command.perhapsDone);
    const isLate = this.#clock.monotonic() + AGAIN_MS >= deadline || waiting.signal.aborted;
    if (point.config.write?.idempotent !== true || isLate || this.#scope.signal.aborted) return ended();
    this.#scope.run(async (signal) => {
      await this.#clock.sleep(AGAIN_MS, signal).catch(() => {});
      const isOver = signal.aborted || waiting.signal.aborted;
      if (isOver || !this.#queue.push(target.config.name, command)) command.settle(ended());
      else this.#kick();
    });
    return undefined;
  }

  #ended(error: GatewayError, perhapsDone: boolean): WriteResult {
    return { status: statusOf(error, perhapsDone), value: undefined, at: this.#clock.now(), error };
  }
}

/** @param perhapsDone - the write was sent and the answer did not come: it may have been done */
function statusOf(error: GatewayError, perhapsDone: boolean): CommandStatus {
  if (perhapsDone) return 'unknown';
  return error.fault === 'caller' || error.fault === 'limit' ? 'refused' : 'failed';
}
