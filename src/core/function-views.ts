/** What people and machines see of functions. */

import type { ErrorView } from './errors.js';
import type { Capability, Hook } from './function.js';

export type FunctionState = 'up' | 'paused' | 'open' | 'half-open' | 'down';

export interface FunctionVersionView {
  /** `sha256:` and hex. */
  readonly digest: string;
  /** Where it came from: a path, an image reference, `deployed`. */
  readonly source: string;
  /** Unix ms. */
  readonly deployedAt: number;
  readonly current: boolean;
  /** It was rolled back because it failed. */
  readonly failed: boolean;
}

export interface FunctionView {
  readonly name: string;
  readonly state: FunctionState;
  readonly since: number;
  /** Why it is down, or its last failure while the breaker is open. */
  readonly error?: ErrorView;
  /** When its image, which could not be had, is asked for again; Unix ms. */
  readonly retryAt?: number;
  /** The path or image reference of the configuration. */
  readonly source: string;
  /** What calls it, such as `upstream raw/#`, `timer 10s`. */
  readonly triggers: readonly string[];
  readonly abi: 'hpmq-fn/1' | 'wapc' | null;
  readonly hooks: readonly Hook[];
  readonly needs: readonly Capability[];
  readonly isolate: 'inline' | 'worker';
  readonly onError: 'pass' | 'drop' | 'dead-letter';
  /** Newest first. */
  readonly versions: readonly FunctionVersionView[];
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly messagesOut: number;
  /** Of the last calls; null: none yet. */
  readonly ms: { readonly p50: number | null; readonly p95: number | null; readonly max: number | null };
  readonly fuelUsed: number;
  /** Linear memory, bytes. */
  readonly memory: number;
  readonly memoryLimit: number;
  /** Calls that wait or run now. */
  readonly waiting: number;
  /** Calls without an answer, by cause. */
  readonly failures: Readonly<Record<string, number>>;
  readonly lastFailure?: { readonly cause: string; readonly message: string; readonly at: number };
  readonly passed: number;
  readonly dropped: number;
  readonly deadLetters: number;
  /** Dead letters and outputs that a rate limit took. */
  readonly rateLimited: number;
  readonly kv?: { readonly keys: number; readonly bytes: number; readonly quota: number };
  readonly previous: { readonly topics: number; readonly bytes: number };
}

export interface FunctionLogLine {
  /** Grows by one with each line of the function. */
  readonly sequence: number;
  readonly at: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
}
