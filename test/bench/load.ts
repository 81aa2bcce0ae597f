import type { Target } from './client.js';
import type { Latencies } from './counters.js';

/** Of a load that is measured in turns these are told apart, s. */
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

/** Publishes nothing between `pause` and `resume`; what is out still arrives. */
export interface PausableLoad extends Load {
  pause(): void;
  resume(): void;
}

interface Described {
  readonly id: string;
  readonly title: string;
}

/** The brokers are measured one after the other. */
export interface LoneScenario extends Described {
  readonly takesTurns?: false;
  /** Strict durability matters to it. */
  readonly isDurable?: boolean;
  start(target: Target, pid: number): Promise<Load>;
}

/**
 * So few messages per second that two things would be a part of the figures: what a process does once in its life (V8 looks
 * for memory to give back some 8 s after a start, for 5 s), and in what state its host has the machine. So they begin
 * after a time of the load (`--settle`), and the brokers take turns.
 */
export interface TurnsScenario extends Described {
  readonly takesTurns: true;
  start(target: Target, pid: number): Promise<PausableLoad>;
}

export type Scenario = LoneScenario | TurnsScenario;
