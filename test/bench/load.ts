import type { Target } from './client.js';
import type { Latencies } from './counters.js';

/** Of a load that settles these are told apart, s. */
export const FIRST_SECONDS = 10;

/** A load that runs until it is stopped. */
export interface Load {
  /** Messages published so far. */
  readonly published: number;
  /** Messages delivered so far, to all subscribers. */
  readonly delivered: number;
  /** Messages that did not come within a second. */
  readonly lost: number;
  /** What the broker delivers is not what was published: its figures mean nothing. */
  readonly fault: string | undefined;
  readonly latencies: Latencies;
  stop(): void;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** Strict durability matters to it. */
  readonly isDurable?: boolean;
  /**
   * So few messages per second that what a process does once in its life would be a part of the figures: they begin after a
   * time of the load, by the clock (`--settle`). V8 looks for memory to give back some 8 s after a start, for 5 s.
   */
  readonly settles?: boolean;
  start(target: Target, pid: number): Promise<Load>;
}
