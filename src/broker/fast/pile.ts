import type { Target } from './route.js';

/** The end of a chain. */
export const NONE = -1;

/** What one receiver gets of the frames of a read. One per session, used again and again. */
export class Pile {
  /** By which subscription it was begun. */
  target: Target | undefined = undefined;
  /** It was begun in this round of {@link Piles}; of an earlier one nothing counts. */
  round = 0;
  /** The first and the last link of its chain. */
  first = NONE;
  last = NONE;
  /** Of all runs on it together. */
  messages = 0;
  bytes = 0;
  payloadBytes = 0;
  /** The longest frame, bytes. */
  largest = 0;
}
