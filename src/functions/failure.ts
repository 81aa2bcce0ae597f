/** A call without an answer, as a value. */
import type { TrapCause } from '../core/function.js';

/**
 * queue: too many calls wait; open: the breaker is; depth: the message has been through too many functions; down: there is
 * no module.
 */
export type FailureCause = TrapCause | 'queue' | 'open' | 'depth' | 'down';

export class Failure {
  readonly cause: FailureCause;
  readonly message: string;

  constructor(cause: FailureCause, message: string) {
    this.cause = cause;
    this.message = message;
  }
}

/** The frame that a function gave; undefined: nothing. */
export type Outcome = Buffer | undefined | Failure;
