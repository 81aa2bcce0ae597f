/** Holds the model between the reducer and the screen. Keys show at once; what the gateway says, at most twice a second. */
import type { Clock, Timer } from '../core/clock.js';
import { reduce } from './model.js';
import type { Action, Model } from './state.js';

export const FRAME_MS = 500;

const fromGateway: ReadonlySet<Action['type']> = new Set<Action['type']>(['event', 'clients', 'tick']);

export class Store implements Disposable {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #model: Model;
  #timer: Timer | undefined;

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
    if (fromGateway.has(action.type)) this.#timer ??= this.#clock.after(FRAME_MS, () => this.#tell());
    else this.#tell();
  };

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#listeners.clear();
  }

  #tell(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const listener of [...this.#listeners]) listener();
  }
}
