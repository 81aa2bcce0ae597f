/** A call without an answer, as a value. */
import type { TrapCause } from '../core/function.js';

/**
 * queue: too many calls wait; open: the breaker is; depth: the message has been through too many functions; down: there is
 * no module; paused: it was, while the call waited.
 */
export type FailureCause = TrapCause | 'queue' | 'open' | 'depth' | 'down' | 'paused';

export class Failure {
  readonly cause: FailureCause;
  readonly message: string;

  constructor(cause: FailureCause, message: string) {
    this.cause = cause;
    this.message = message;
  }
}

/** It ends calls that have not begun. */
export class Abandoned extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Calls that the module was not asked for. */
export function wasUnasked({ cause }: Failure): boolean {
  return cause === 'down' || cause === 'open' || cause === 'queue' || cause === 'paused';
}

/** The frame that a function gave; undefined: nothing. */
export type Outcome = Buffer | undefined | Failure;
