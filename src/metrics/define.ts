/** What a metric is made of. */
import type { StatusView } from '../api/contract.js';
import type { BrokerFigures } from '../broker/figures.js';
import type { HistorySummary } from '../core/history.js';
import type { StoreFigures } from '../core/store.js';
import type { DeviceView, FunctionView, LinkView, PortView, ServerView } from '../core/views.js';

export type SetValue = (value: number, ...labels: readonly string[]) => void;

/** Defines one metric. `read` gives the values of this moment; those not given any more are gone. */
export type Define = (
  name: string,
  help: string,
  read: (now: Snapshot, set: SetValue) => void,
  ...labels: readonly string[]
) => void;

export interface Snapshot {
  readonly status: StatusView;
  readonly figures: BrokerFigures;
  /** undefined: nothing is kept on disk. */
  readonly store: StoreFigures | undefined;
  /** undefined: nothing is recorded. */
  readonly history: HistorySummary | undefined;
  readonly devices: readonly DeviceView[];
  readonly ports: readonly PortView[];
  readonly servers: readonly ServerView[];
  readonly links: readonly LinkView[];
  readonly functions: readonly FunctionView[];
}
