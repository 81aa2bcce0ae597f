/** Holds the model between the reducer and the screen. Keys show at once; what the gateway says, at most twice a second. */
import type { Clock, Timer } from '../core/clock.js';
import { reduce } from './model.js';
import type { Action, Model } from './state.js';

export const FRAME_MS = 500;
/** What comes together is drawn together. */
const GATHER_MS = 50;

const fromGateway: ReadonlySet<Action['type']> = new Set<Action['type']>(['event', 'clients', 'tick']);

export class Store implements Disposable {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #model: Model;
  #timer: Timer | undefined;
  /** When news of the gateway was drawn last, monotonic ms. */
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(model: Model, clock: Clock) {
    this.#model = model;
    this.#clock = clock;
  }

  get model(): Model {
    return this.#model;
  }

  readonly snapshot = (): Model => this.#model;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  readonly dispatch = (action: Action): void => {
    const next = reduce(this.#model, action);
    if (next === this.#model) return;
    this.#model = next;
    if (!fromGateway.has(action.type)) this.#tell();
    else this.#timer ??= this.#clock.after(this.#wait(), () => this.#drawNews());
  };

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#listeners.clear();
  }

  /** News after a quiet time are drawn soon, those after them in their turn. */
  #wait(): number {
    return Math.max(GATHER_MS, FRAME_MS - (this.#clock.monotonic() - this.#drawnAt));
  }

  #drawNews(): void {
    this.#drawnAt = this.#clock.monotonic();
    this.#tell();
  }

  #tell(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const listener of [...this.#listeners]) listener();
  }
}
