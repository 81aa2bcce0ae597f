/**
 * Runs of one read, sorted by receiver, so that each receiver is asked and written to once, not once per run: what costs
 * is to get at a receiver, not to copy a hundred bytes (test/bench F).
 *
 *   run 0 ─▶ a, b      a: run 0, 1, 3
 *   run 1 ─▶ a, c  ─▶  b: run 0, 2
 *   run 2 ─▶ b         c: run 1
 *   run 3 ─▶ a
 *
 * Which runs lie on a pile is a chain through arrays that all piles share: nothing is allocated.
 */
import type { Message } from '../../core/message.js';
import { Run } from './frames.js';
import { NONE, type Pile, type Piled } from './pile.js';
import { isAlike, type Route, type Target } from './route.js';

/** Kept at a time. */
const MAX_RUNS = 256;
/** To whom a run goes that is laid on piles. */
export const MAX_RECEIVERS = 7;
const MAX_LINKS = MAX_RUNS * MAX_RECEIVERS;
/** Rounds are counted within 30 bits: more are no small integers to the runtime. */
const ROUNDS = 2 ** 30;

export class Piles implements Piled {
  readonly runs: Run[] = [];
  readonly routes: (Route | undefined)[] = [];
  /** Of each run the messages, for receivers that want more than bytes. */
  readonly messages: (Message[] | undefined)[] = [];
  readonly #piles: (Pile | undefined)[] = [];
  readonly #runOf = new Uint16Array(MAX_LINKS);
  readonly #next = new Int16Array(MAX_LINKS);
  #round = 1;
  /** Runs. */
  count = 0;
  #links = 0;
  /** Piles begun in this round. */
  size = 0;

  get isFull(): boolean {
    return this.count === MAX_RUNS;
  }

  /** Unless it {@link isFull}. @returns the run, to be filled */
  add(route: Route): Run {
    const { count, runs } = this;
    this.count = count + 1;
    this.routes[count] = route;
    const run = runs[count];
    if (run !== undefined) return run;
    const made = new Run();
    runs.push(made);
    this.messages.push(undefined);
    return made;
  }

  /**
   * Lays the last run on the pile of one of at most {@link MAX_RECEIVERS} receivers.
   *
   * @returns false when there lies one of a subscription that is treated otherwise, which goes first
   */
  lay(run: Run, target: Target): boolean {
    const { pile } = target;
    const link = this.#links;
    if (pile.round !== this.#round) this.#begin(pile, target, link);
    else if (pile.target !== target && !isAlike(pile.target as Target | undefined, target)) return false;
    else this.#next[pile.last] = link;
    this.#links = link + 1;
    this.#runOf[link] = this.count - 1;
    this.#next[link] = NONE;
    pile.last = link;
    pile.messages += run.messages;
    pile.bytes += run.end - run.start;
    pile.payloadBytes += run.payloadBytes;
    if (run.largest > pile.largest) pile.largest = run.largest;
    return true;
  }

  #begin(pile: Pile, target: Target, link: number): void {
    pile.target = target;
    pile.round = this.#round;
    pile.first = link;
    pile.messages = 0;
    pile.bytes = 0;
    pile.payloadBytes = 0;
    pile.largest = 0;
    this.#piles[this.size++] = pile;
  }

  /** In the order in which they were begun. */
  pile(index: number): Pile {
    return this.#piles[index]!;
  }

  runOf(link: number): number {
    return this.#runOf[link]!;
  }

  next(link: number): number {
    return this.#next[link]!;
  }

  /** All piles are given out: the next ones are begun, of the same runs. */
  nextRound(): void {
    for (let i = 0; i < this.size; i++) {
      this.#piles[i]!.target = undefined;
      this.#piles[i] = undefined;
    }
    this.#round = (this.#round + 1) % ROUNDS;
    this.size = 0;
    this.#links = 0;
  }

  /** Forgets the runs; what they were read from is not held any longer. */
  clear(): void {
    for (let i = 0; i < this.count; i++) {
      this.runs[i]!.clear();
      this.routes[i] = undefined;
      this.messages[i] = undefined;
    }
    this.count = 0;
  }
}
