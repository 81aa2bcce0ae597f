/**
 * Writes. One at a time per wire, before any read; each has a deadline until which it may wait, is checked before
 * anything is sent, and ends with a result that says what is known: verified, written, refused, failed or unknown.
 */
import type { Value } from '../core/adapter.js';
import type { Clock } from '../core/clock.js';
import { coreError, GatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { Scope } from '../core/scope.js';
import type { CommandStatus } from '../core/views.js';
import type { DevicePoint } from './device-point.js';
import { devicesError } from './errors.js';
import { FairQueue } from './fair-queue.js';
import type { WriteResult } from './payload.js';
import { type Engineering, sameRaw, toEngineering, toRaw } from './point.js';
import type { Supervisor } from './supervisor.js';

/** Commands that may wait per device. */
const QUEUE_LIMIT = 100;
/** A command that says nothing else must get the wire within this time, ms. */
export const DEFAULT_DEADLINE_MS = 5_000;

export interface WriteOrder {
  readonly target: Supervisor;
  readonly point: DevicePoint;
  readonly value: Engineering;
  /** The command must get the wire within this time, ms. */
  readonly withinMs: number;
  /** Takes the command back while it waits. */
  readonly signal?: AbortSignal | undefined;
}

interface Command extends WriteOrder {
  readonly raw: Value;
  /** Aborts when the command is overdue or taken back; what is on the wire already goes on. */
  readonly waiting: AbortSignal;
  readonly settle: (result: WriteResult) => void;
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
  readonly #clock: Clock;
  readonly #scope: Scope;
  readonly #queue = new FairQueue<Command>(QUEUE_LIMIT);
  #busy = false;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#scope = new Scope((error) => log.error({ err: error }, 'a command ended by a defect'));
  }

  /** Never rejects: whatever happens is the result. */
  submit(order: WriteOrder): Promise<WriteResult> {
    const { target, point, signal } = order;
    return new Promise((resolve) => {
      const refuse = (error: GatewayError) => resolve(this.#ended(error, false));
      if (this.#scope.signal.aborted) return refuse(coreError('STOPPED', 'the gateway is stopping'));
      const error = target.unavailable;
      if (error !== undefined) return refuse(error);
      let raw: Value;
      try {
        raw = checkWrite(target, point, order.value);
      } catch (thrown) {
        if (thrown instanceof GatewayError) return refuse(thrown);
        throw thrown;
      }
      const controller = new AbortController();
      const expire = () => {
        const message = `the command did not get the wire within ${order.withinMs} ms; nothing was sent`;
        controller.abort(devicesError('COMMAND_EXPIRED', message));
      };
      const timer = this.#clock.after(order.withinMs, expire);
      if (order.withinMs <= 0) expire();
      const onAbort = () =>
        controller.abort(devicesError('COMMAND_CANCELLED', 'the command was taken back; nothing was sent'));
      const settle = (result: WriteResult) => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        resolve(result);
      };
      const command: Command = { ...order, raw, waiting: controller.signal, settle };
      const lane = target.config.name;
      controller.signal.addEventListener('abort', () => {
        if (this.#queue.remove(lane, command)) settle(this.#ended(controller.signal.reason as GatewayError, false));
      });
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
      if (controller.signal.aborted) return settle(this.#ended(controller.signal.reason as GatewayError, false));
      if (!this.#queue.push(lane, command)) {
        return settle(
          this.#ended(devicesError('COMMAND_QUEUE_FULL', `${QUEUE_LIMIT} commands to ${lane} wait already`), false),
        );
      }
      this.#kick();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#scope[Symbol.asyncDispose]();
    const stopped = coreError('STOPPED', 'the gateway is stopping');
    for (const command of this.#queue.drainAll()) command.settle(this.#ended(stopped, false));
    await closed;
  }

  #kick(): void {
    if (this.#busy || this.#scope.signal.aborted) return;
    const command = this.#queue.shift();
    if (command === undefined) return;
    this.#busy = true;
    this.#scope.run(async () => {
      try {
        command.settle(await this.#execute(command));
      } finally {
        this.#busy = false;
        this.#kick();
      }
    });
  }

  async #execute(command: Command): Promise<WriteResult> {
    const { target, point, raw, value } = command;
    // The device may have gone away while the command waited.
    const unavailable = target.unavailable;
    if (unavailable !== undefined) return this.#ended(unavailable, false);
    const outcome = await target.write(async (device, signal) => {
      if (device.write === undefined) {
        throw devicesError('POINT_READ_ONLY', `${point.id} cannot be written: the adapter of the device cannot write`);
      }
      await device.write(point.point, raw, signal);
    }, command.waiting);
    if (!outcome.ok) {
      // An adapter that knows better than the clock says so in `details.sent`: false, it never got out; true, it did.
      const { sent } = outcome.error.details;
      return this.#ended(outcome.error, sent === undefined ? outcome.timedOut || outcome.lost : sent === true);
    }
    if (point.config.write?.verify !== true) {
      target.refresh(point);
      return {
        status: 'written',
        value: toEngineering(raw, point.config) ?? value,
        at: this.#clock.now(),
        error: undefined,
      };
    }
    return this.#verify(command);
  }

  /** What the device says it has now is the truth, not what it was told. */
  async #verify({ target, point, raw, value }: Command): Promise<WriteResult> {
    const outcome = await target.readNow(point, 'command');
    const at = this.#clock.now();
    const reading = outcome.ok ? outcome.value : undefined;
    const sample = reading === undefined ? undefined : point.sampleOf(reading);
    if (reading?.value === undefined || sample?.value === undefined) {
      // The device confirmed the write; only the read-back is missing.
      return { status: 'written', value, at, error: outcome.ok ? sample?.error : outcome.error };
    }
    if (sameRaw(raw, reading.value)) return { status: 'verified', value: sample.value, at, error: undefined };
    const error = devicesError('COMMAND_NOT_VERIFIED', `${point.id} has ${sample.value} after ${value} was written`, {
      details: { device: target.config.name, point: point.id },
    });
    return { status: 'failed', value: sample.value, at, error };
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
