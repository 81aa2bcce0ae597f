import type { Run } from './frames.js';

/** The end of a chain. */
export const NONE = -1;

/** The runs that lie on piles: `for (let link = pile.first; link >= 0; link = piled.next(link))`. */
export interface Piled {
  readonly runs: readonly Run[];
  /** Where the run of a link is in {@link runs}. */
  runOf(link: number): number;
  next(link: number): number;
}

/** What one receiver gets of the frames of a read. One per session, used again and again. */
export class Pile {
  /** The target (route.ts) by which it was begun. */
  target: object | undefined = undefined;
  /** It was begun in this round of piles.ts; of an earlier one nothing counts. */
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
