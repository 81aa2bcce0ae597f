/**
 * What waits for one wire, and what gets it next.
 *
 *   command ▶ ask ▶ poll, and probe when the budget of absent devices allows it; fair per device within each
 *
 * A flood of commands and asks lets a poll through now and then; a device that is not ready to be asked holds up nobody.
 */
import type { Clock } from '../core/clock.js';
import type { Exchange, Outcome, Priority } from './exchange.js';
import { FairQueue } from './fair-queue.js';
import { ProbeBudget } from './probe-budget.js';

/** Exchanges of one device that may wait for the wire in one class. */
export const LANE_LIMIT = 100;
/** After so many commands and asks in a row, a poll that waits gets its turn. */
const MAX_IN_A_ROW = 8;

export interface Job {
  readonly exchange: Exchange<unknown>;
  readonly settle: (outcome: Outcome<unknown>) => void;
}

/** Monotonic ms before which a device is not to be asked. */
export type ReadyAt = (device: string) => number;

export class PortQueue {
  readonly #clock: Clock;
  readonly #budget: ProbeBudget;
  readonly #classes: Readonly<Record<Priority, FairQueue<Job>>> = {
    command: new FairQueue(LANE_LIMIT),
    ask: new FairQueue(LANE_LIMIT),
    poll: new FairQueue(LANE_LIMIT),
    probe: new FairQueue(LANE_LIMIT),
  };
  #inARow = 0;

  /**
   * @param devices - on the port
   * @param timeout - what an attempt to ask an absent device costs, ms
   */
  constructor(clock: Clock, devices: number, timeout: number) {
    this.#clock = clock;
    this.#budget = new ProbeBudget(clock, Math.max(2, devices) * timeout, 2 * timeout);
  }

  /** @returns false when too many exchanges of the device wait already */
  push(job: Job): boolean {
    const { priority, device } = job.exchange;
    return this.#classes[priority].push(device, job);
  }

  /** @returns whether it still waited */
  remove(job: Job): boolean {
    const { priority, device } = job.exchange;
    return this.#classes[priority].remove(device, job);
  }

  /** Takes out what waits of one device. */
  drain(device: string): readonly Job[] {
    return Object.values(this.#classes).flatMap((queue) => queue.drain(device));
  }

  drainAll(): readonly Job[] {
    return Object.values(this.#classes).flatMap((queue) => queue.drainAll());
  }

  /** The job whose turn it is, of a device that can be asked now. */
  next(readyAt: ReadyAt): Job | undefined {
    const { command, ask, poll, probe } = this.#classes;
    const now = this.#clock.monotonic();
    const isReady = (device: string) => readyAt(device) <= now;
    const pollsTurn = this.#inARow >= MAX_IN_A_ROW ? poll.shift(isReady) : undefined;
    const first = pollsTurn ?? command.shift(isReady) ?? ask.shift(isReady);
    this.#inARow = pollsTurn !== undefined || first === undefined ? 0 : this.#inARow + 1;
    if (first !== undefined) return first;
    // Before the polls: on a wire that is always full, later would be never.
    const mayProbe = probe.size > 0 && this.#budget.wait === 0;
    return (mayProbe ? probe.shift(isReady) : undefined) ?? poll.shift(isReady);
  }

  /** ms until a wire that is opened then has something to do; undefined: only a new job can change that. */
  get due(): number | undefined {
    return this.wait(() => 0);
  }

  /** The job is done. @param ms - time it had the wire */
  done({ exchange }: Job, ms: number): void {
    this.#classes[exchange.priority].charge(exchange.device, ms);
    if (exchange.priority === 'probe') this.#budget.spent(ms);
    else this.#budget.worked(ms);
  }

  /** ms until next() may have a job that it has not now; undefined: only a new job can change that. */
  wait(readyAt: ReadyAt): number | undefined {
    const now = this.#clock.monotonic();
    let soonest = Number.POSITIVE_INFINITY;
    for (const [priority, queue] of Object.entries(this.#classes)) {
      const atLeast = priority === 'probe' && queue.size > 0 ? now + this.#budget.wait : 0;
      for (const device of queue.keys()) soonest = Math.min(soonest, Math.max(atLeast, readyAt(device)));
    }
    return soonest === Number.POSITIVE_INFINITY ? undefined : Math.max(0, Math.ceil(soonest - now));
  }
}
