/** What the call under way publishes, within the limits of its function. */
import type { FunctionLimits } from '../core/function.js';
import type { RateLimit } from '../core/rate-limit.js';
import type { MessageRecord } from './frame-reader.js';
import type { SlotStats } from './slot-stats.js';

export class Published {
  readonly #limits: FunctionLimits;
  readonly #rate: RateLimit;
  readonly #stats: SlotStats;
  #records: MessageRecord[] = [];
  #bytes = 0;

  constructor(limits: FunctionLimits, rate: RateLimit, stats: SlotStats) {
    this.#limits = limits;
    this.#rate = rate;
    this.#stats = stats;
  }

  /** Of another call there is nothing. */
  begin(): void {
    this.#records = [];
    this.#bytes = 0;
  }

  /** @returns false: over a limit */
  add(record: MessageRecord): boolean {
    const { outputs, outputBytes } = this.#limits;
    const bytes = record.payload.length + record.topic.length;
    const isOver = this.#records.length >= outputs || this.#bytes + bytes > outputBytes;
    if (isOver || !this.#rate.take()) {
      this.#stats.rateLimited++;
      return false;
    }
    this.#records.push(record);
    this.#bytes += bytes;
    return true;
  }

  take(): readonly MessageRecord[] {
    const records = this.#records;
    this.begin();
    return records;
  }
}
