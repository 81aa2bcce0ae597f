/** A line that shows how far something is: on a terminal redrawn in place, elsewhere one line per phase. */
import type { Stream } from './output.js';

const WIDTH = 30;
/** Redrawn at most so often, ms. */
const INTERVAL = 100;

export class Bar {
  readonly #isTerminal: boolean;
  readonly #stream: Stream;
  #phase = '';
  #drawn = '';
  #at = 0;

  constructor(isTerminal: boolean, stream: Stream) {
    this.#isTerminal = isTerminal;
    this.#stream = stream;
  }

  /** @param percent - 0 to 100; null: nobody knows */
  show(phase: string, percent: number | null): void {
    const isNew = phase !== this.#phase;
    this.#phase = phase;
    if (!this.#isTerminal) {
      if (isNew) this.#stream.write(`${phase} …\n`);
      return;
    }
    const now = performance.now();
    if (!isNew && percent !== 100 && now - this.#at < INTERVAL) return;
    this.#at = now;
    const filled = percent === null ? 0 : Math.round((percent / 100) * WIDTH);
    const bar = percent === null ? '' : ` [${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${percent} %`;
    const text = `${phase}${bar}`;
    this.#stream.write(`\r${text.padEnd(this.#drawn.length)}`);
    this.#drawn = text;
  }

  end(): void {
    if (this.#drawn !== '') this.#stream.write('\n');
    this.#drawn = '';
    this.#phase = '';
  }
}
