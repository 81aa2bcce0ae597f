/** A new version beside the current one: what people and machines see of it. */

export interface ShadowOptions {
  /** Payloads that are JSON are compared by value. */
  readonly jsonEqual: boolean;
  /** Differences up to which the candidate is as good. */
  readonly allow: number;
  /** Differences that are shown. */
  readonly show: number;
}

export interface ShadowRun extends ShadowOptions {
  /** ms; undefined: until it is ended. */
  readonly live: number | undefined;
  /** The candidate takes the place of the current version when it is as good. */
  readonly promote: boolean;
}

export interface ShadowDifference {
  /** From 1, of the calls that were compared. */
  readonly number: number;
  readonly hook: string;
  /** Topic, or device; empty where a call has none. */
  readonly about: string;
  /** `- ` current, `+ ` candidate. */
  readonly lines: readonly string[];
}

export interface ShadowSide {
  /** `sha256:` and hex. */
  readonly digest: string;
  readonly source: string;
  /** Calls without an answer. */
  readonly failures: number;
  /** Of one call, mean; null: none yet. */
  readonly fuel: number | null;
  /** Of one call, mean, µs. */
  readonly us: number | null;
}

export interface ShadowView {
  readonly function: string;
  readonly state: 'running' | 'over';
  /** Unix ms. */
  readonly startedAt: number;
  readonly endsAt: number | null;
  readonly current: ShadowSide;
  readonly candidate: ShadowSide;
  /** Calls that were compared. */
  readonly messages: number;
  readonly equal: number;
  readonly different: number;
  /** Calls that came faster than the candidate answered, and were not compared. */
  readonly skipped: number;
  readonly differences: readonly ShadowDifference[];
  /** Why the candidate is not as good; null: it is. */
  readonly refusal: string | null;
  readonly promoted: boolean;
}
