/** What is recorded of points. */
import type { Snapshot } from './define.js';
import type { Definitions } from './definitions.js';

export function defineHistory({ counter, gauge }: Definitions): void {
  type Figures = NonNullable<Snapshot['history']>;
  const plain = (define: typeof gauge, name: string, help: string, of: (history: Figures) => number) =>
    define(name, help, ({ history }, set) => {
      if (history !== undefined) set(of(history));
    });
  plain(gauge, 'history_series', 'Points of which something is recorded', (history) => history.series);
  plain(gauge, 'history_bytes', 'Size of the history on disk', (history) => history.bytes);
  plain(gauge, 'history_waiting_samples', 'Samples that are not yet written', (history) => history.waiting);
  plain(counter, 'history_samples_total', 'Samples that were written', (history) => history.recorded);
  plain(
    counter,
    'history_dropped_samples_total',
    'Samples that were given up because the disk took nothing',
    (history) => history.dropped,
  );
}
