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
  /** So few messages per second that the time of the warm-up is not enough: so many messages are published in it at least. */
  readonly warmUpMessages?: number;
  /** So few messages per second that the load runs for some time before the figures, by the clock (`--settle`). */
  readonly settles?: boolean;
  start(target: Target, pid: number): Promise<Load>;
}
