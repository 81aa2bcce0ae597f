/** What a function says, and what is said of it: the newest lines, and no more of them than a person could want. */
import type { Clock } from '../core/clock.js';
import type { FunctionLogLine } from '../core/function-views.js';
import { RateLimit } from '../core/rate-limit.js';
import { Ring } from '../core/ring.js';

const KEPT_LINES = 500;
const MAX_TEXT = 1_000;
const LINES_PER_SECOND = 50;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export class FunctionLog {
  readonly #clock: Clock;
  readonly #lines = new Ring<FunctionLogLine>(KEPT_LINES);
  readonly #limit: RateLimit;
  readonly #listeners = new Set<(line: FunctionLogLine) => void>();
  #sequence = 0;
  #left = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#limit = new RateLimit(LINES_PER_SECOND, clock);
  }

  /** @param level - 0 debug … 3 error */
  add(level: number, text: string): void {
    if (!this.#limit.take()) {
      this.#left++;
      return;
    }
    if (this.#left > 0) {
      const left = this.#left;
      this.#left = 0;
      this.#push('warn', `${left} lines were left out: more than ${LINES_PER_SECOND} per second`);
    }
    const name = LEVELS[Math.min(3, Math.max(0, Math.trunc(level)))] ?? 'info';
    // A terminal shows these lines.
    const clean = text.slice(0, MAX_TEXT).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?');
    this.#push(name, text.length > MAX_TEXT ? `${clean}…` : clean);
  }

  /** @param after - a sequence */
  lines(after = 0, limit = KEPT_LINES): readonly FunctionLogLine[] {
    const found = [...this.#lines].filter(({ sequence }) => sequence > after);
    return after > 0 ? found.slice(0, limit) : found.slice(-limit);
  }

  onLine(listener: (line: FunctionLogLine) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #push(level: FunctionLogLine['level'], text: string): void {
    const line = { sequence: ++this.#sequence, at: this.#clock.now(), level, text };
    this.#lines.push(line);
    for (const listener of this.#listeners) listener(line);
  }
}
