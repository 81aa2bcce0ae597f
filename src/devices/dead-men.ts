/**
 * Dead men: a point that is written returns to a safe value when no further command comes in time.
 *
 *   command ─▶ armed (on disk, before anything is sent) ── next command ─▶ armed anew
 *                 └── time is up, also while the gateway was off ─▶ safe value written, again and again until it is done
 */
import type { Value } from '../core/adapter.js';
import { backoffDelays } from '../core/backoff.js';
import type { Clock, Timer } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { Scope } from '../core/scope.js';
import type { Store, StoredTable } from '../core/store.js';
import type { CommandStatus } from '../core/views.js';
import type { DevicePoint } from './device-point.js';
import type { WriteResult } from './payload.js';
import { sameRaw, toRaw } from './point.js';

/** Between two attempts to write the safe value. */
const RETRY = { first: 500, max: 10_000 } as const;

interface Armed {
  readonly point: DevicePoint;
  /** Unix ms, for the store. */
  readonly dueAt: number;
  /** Monotonic ms. */
  readonly due: number;
  timer: Timer | undefined;
}

export interface DeadMenOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** What is armed survives the end of the gateway there; undefined: it does not. */
  readonly store?: Store | undefined;
  /** Writes the safe value. */
  readonly revert: (point: DevicePoint, value: number | boolean | string) => Promise<WriteResult>;
}

export class DeadMen implements AsyncDisposable {
  readonly #o: DeadMenOptions;
  readonly #table: StoredTable | undefined;
  readonly #scope: Scope;
  readonly #armed = new Map<DevicePoint, Armed>();
  /** The safe value of these is being written. */
  readonly #reverting = new Map<DevicePoint, AbortController>();

  constructor(options: DeadMenOptions) {
    this.#o = options;
    this.#table = options.store?.table('dead-man');
    this.#scope = new Scope((error) => options.log.error({ err: error }, 'a dead man ended by a defect'));
  }

  /** Goes on with what was armed when the gateway ended. */
  start(points: Iterable<DevicePoint>): void {
    const byKey = new Map([...points].map((point) => [keyOf(point), point]));
    for (const [key, value] of [...(this.#table?.entries() ?? [])]) {
      const point = byKey.get(key);
      const revert = point?.config.write?.revert;
      if (point === undefined || revert === undefined) {
        this.#table?.delete(key);
        continue;
      }
      const dueAt = Number(value.toString());
      // A clock that was set meanwhile makes it no longer than it is at most.
      const left = Math.min(revert.after, Math.max(0, dueAt - this.#o.clock.now()));
      this.#set(point, Number.isFinite(left) ? left : 0);
    }
  }

  /**
   * A command is about to be sent.
   *
   * @returns undefined: the point has no dead man; `kept` resolves when it is on disk that it is armed
   */
  arm(point: DevicePoint, raw: Value): { kept: Promise<void>; done: (status: CommandStatus) => void } | undefined {
    const revert = point.config.write?.revert;
    if (revert === undefined) return undefined;
    const before = this.#armed.get(point);
    this.#reverting.get(point)?.abort();
    this.#set(point, revert.after);
    const isSafe = this.#isSafe(point, raw);
    return {
      // When it cannot be kept the command is sent all the same: the dead man lives as long as the gateway does.
      kept: (this.#o.store?.commit() ?? Promise.resolve()).catch(() => {}),
      done: (status) => {
        if (status === 'unknown') return;
        const isDone = status === 'verified' || status === 'written';
        if (isDone && isSafe) this.#disarm(point);
        else if (!isDone) {
          // It did not come through: what was, is.
          if (before === undefined) this.#disarm(point);
          else this.#set(point, Math.max(0, before.due - this.#o.clock.monotonic()));
        }
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { timer } of this.#armed.values()) timer?.cancel();
    await this.#scope[Symbol.asyncDispose]();
  }

  #isSafe(point: DevicePoint, raw: Value): boolean {
    const safe = point.config.write!.revert!.value;
    try {
      return sameRaw(raw, toRaw(safe, point.config, point.shadow.kind));
    } catch {
      return false;
    }
  }

  #set(point: DevicePoint, left: number): void {
    const { clock } = this.#o;
    this.#armed.get(point)?.timer?.cancel();
    const dueAt = Math.round(clock.now() + left);
    const armed: Armed = { point, dueAt, due: clock.monotonic() + left, timer: undefined };
    armed.timer = clock.after(left, () => this.#fire(point));
    this.#armed.set(point, armed);
    this.#table?.set(keyOf(point), Buffer.from(String(dueAt)), false);
  }

  #disarm(point: DevicePoint): void {
    this.#armed.get(point)?.timer?.cancel();
    this.#armed.delete(point);
    this.#table?.delete(keyOf(point));
  }

  /** Until it is done, or a command comes. */
  #fire(point: DevicePoint): void {
    const { clock, log, random, revert } = this.#o;
    const value = point.config.write!.revert!.value;
    const ended = new AbortController();
    this.#reverting.set(point, ended);
    this.#scope.run(async (stopped) => {
      const over = AbortSignal.any([stopped, ended.signal]);
      for (const delay of backoffDelays(RETRY, random)) {
        const { status, error } = await revert(point, value);
        if (status === 'verified' || status === 'written') {
          log.warn(
            { device: point.shadow.device, point: point.id, value },
            'no command came in time: safe value written',
          );
          if (!ended.signal.aborted) this.#disarm(point);
          break;
        }
        log.debug({ device: point.shadow.device, point: point.id, code: error?.code }, 'safe value not written yet');
        if (over.aborted) break;
        await clock.sleep(delay, over).catch(() => {});
        if (over.aborted) break;
      }
      if (this.#reverting.get(point) === ended) this.#reverting.delete(point);
    });
  }
}

function keyOf(point: DevicePoint): string {
  return `${point.shadow.device}/${point.id}`;
}
