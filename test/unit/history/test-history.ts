/** The file of the history as the worker has it, with what was written settled or not. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { HistoryQuery, HistorySample, HistoryValue, PeriodView, SampleView } from '../../../src/core/history.js';
import { HistoryDatabase } from '../../../src/history/database.js';
import { query } from '../../../src/history/query.js';
import { Settler } from '../../../src/history/settler.js';
import { tempFolder } from '../../support/gateway.js';

export const START = Date.UTC(2026, 0, 1);
export const ALL = { device: 'boiler', point: 'temperature', from: 0, to: 8e15, every: undefined, limit: 10_000 };

export class TestHistory extends HistoryDatabase {
  readonly settler = new Settler(this);
  put(...samples: readonly HistorySample[]): void {
    this.settler.wrote(this.write(samples, randomUUID()));
  }

  samplesOf(asked: Partial<HistoryQuery> = {}): readonly SampleView[] {
    return query(this, { ...ALL, ...asked })?.samples ?? [];
  }

  periodsOf(asked: Partial<HistoryQuery>): readonly PeriodView[] {
    return query(this, { ...ALL, ...asked })!.periods!;
  }
}

export function open(t: Test, folder = tempFolder(t)): TestHistory {
  const history = new TestHistory(join(folder, 'history.sqlite'));
  t.teardown(() => history.close());
  return history;
}

export function sample(at: number, value: HistoryValue | undefined, more: Partial<HistorySample> = {}): HistorySample {
  return { device: 'boiler', point: 'temperature', unit: '°C', value, quality: 'good', at, ...more };
}
