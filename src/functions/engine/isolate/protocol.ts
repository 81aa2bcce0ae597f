/** What goes between the gateway's thread and that of isolated functions. Frames travel packed, many to a message. */
import type { MessagePort } from 'node:worker_threads';
import type { Hook, HostCalls, TrapCause } from '../../../core/function.js';
import type { Compiled } from '../instance.js';

/** What the thread is started with. */
export interface ThreadData {
  readonly job: 'isolate';
  /** One number: see {@link running}; another: see {@link answered}. */
  readonly state: SharedArrayBuffer;
  /** Answers to {@link Ask} come in here, while the thread waits. */
  readonly answers: MessagePort;
}

/** Places in {@link ThreadData.state}. */
export const place = {
  /** Sequence of the call that runs now; 0: none. */
  running: 0,
  /** 1: an answer to a call of the host is there. */
  answered: 1,
} as const;

/** Calls of the host that the thread waits for. */
export type Asked = Exclude<keyof HostCalls, 'log' | 'now' | 'http'>;

export interface CallHead {
  readonly instance: number;
  readonly sequence: number;
  readonly hook: Hook;
  readonly length: number;
}

export type ToThread =
  | {
      readonly kind: 'load';
      readonly instance: number;
      readonly compiled: Compiled;
      readonly has: readonly Asked[];
      /** Answers are sent at once. */
      readonly isUrgent: boolean;
    }
  | { readonly kind: 'unload'; readonly instance: number }
  /** Calls of it that are there and have not begun are not to begin. */
  | { readonly kind: 'drop'; readonly instance: number }
  | { readonly kind: 'calls'; readonly heads: readonly CallHead[]; readonly frames: Uint8Array }
  | { readonly kind: 'http'; readonly request: number; readonly response: string | undefined; readonly fault: string };

export interface AnswerHead {
  readonly sequence: number;
  /** −1: nothing was given. */
  readonly length: number;
  readonly trap?: TrapCause;
  readonly message?: string;
  /** It did not begin: see `drop`. */
  readonly isDropped?: boolean;
  readonly fuelUsed: number;
  readonly memory: number;
}

export interface Ask {
  readonly kind: 'ask';
  readonly instance: number;
  readonly name: Asked;
  readonly values: readonly (string | Uint8Array)[];
}

export type FromThread =
  | { readonly kind: 'answers'; readonly heads: readonly AnswerHead[]; readonly frames: Uint8Array }
  | { readonly kind: 'log'; readonly instance: number; readonly level: number; readonly text: string }
  | { readonly kind: 'http'; readonly instance: number; readonly request: number; readonly text: string }
  /** Nobody waits for the answer any more. */
  | { readonly kind: 'http-over'; readonly request: number }
  | Ask;

/** The answer to an {@link Ask}. */
export type Told = { readonly value: string | number | boolean | Uint8Array | undefined } | { readonly fault: string };
