/** A history of fixed content: a temperature of one sample a minute, and a text. */
import type { HistoryListView } from '../../src/api/contract.js';
import type { HistoryQuery, HistoryView, PeriodView, SampleView } from '../../src/core/history.js';
import { historyError } from '../../src/history/errors.js';

const MINUTE = 60_000;

export class FakeHistory {
  isOff = false;
  readonly asked: HistoryQuery[] = [];
  readonly #now: number;
  readonly #samples: Readonly<Record<string, readonly SampleView[]>>;

  constructor(now: number) {
    this.#now = now;
    const temperature = Array.from({ length: 5 }, (_, i): SampleView => {
      const at = now - (5 - i) * MINUTE;
      return i === 2 ? { at, value: null, quality: 'bad' } : { at, value: 71 + i / 4, quality: 'good' };
    });
    this.#samples = {
      'boiler/temperature': temperature,
      'scale/text': [{ at: now - MINUTE, value: 'net, "1.5"', quality: 'good' }],
    };
  }

  list(): HistoryListView {
    if (this.isOff) return { summary: null, items: [] };
    const now = this.#now;
    return {
      summary: {
        ...{ series: 2, recorded: 6, dropped: 0, waiting: 1, bytes: 65_536, maxBytes: 1e9, keep: 30 * 86_400_000 },
      },
      items: [
        ...[
          {
            device: 'boiler',
            point: 'temperature',
            unit: '°C',
            samples: 5,
            first: now - 5 * MINUTE,
            last: now - MINUTE,
          },
        ],
        { device: 'scale', point: 'text', samples: 1, first: now - MINUTE, last: now - MINUTE },
      ],
    };
  }

  query(query: HistoryQuery): HistoryView {
    if (this.isOff) throw historyError('HISTORY_OFF', 'nothing is recorded');
    this.asked.push(query);
    const { device, point, from, to, every, limit } = query;
    const all = this.#samples[`${device}/${point}`];
    if (all === undefined) throw historyError('HISTORY_UNKNOWN', `nothing is recorded of ${device}/${point}`);
    const samples = all.filter(({ at }) => at >= from && at < to);
    const rows = samples.slice(0, limit);
    const next = samples[limit]?.at;
    const rest = { ...(next === undefined ? {} : { next }), ...(point === 'temperature' ? { unit: '°C' } : {}) };
    if (every === undefined) return { device, point, from, to, every: null, samples: rows, ...rest };
    const periods = rows.map(({ at, value, quality }): PeriodView => {
      const number = quality === 'good' ? Number(value) : null;
      const count = number === null ? 0 : 1;
      return { at, count, min: number, max: number, mean: number, last: number, others: 1 - count };
    });
    return { device, point, from, to, every, periods, ...rest };
  }
}
