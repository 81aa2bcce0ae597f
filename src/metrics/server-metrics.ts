/** Metrics of the servers towards masters of others. */
import type { ServerView } from '../core/views.js';
import type { Define, SetValue, Snapshot } from './define.js';

export function defineServers({ counter, gauge }: { readonly counter: Define; readonly gauge: Define }): void {
  const each = (value: (one: ServerView) => number | null) => (now: Snapshot, set: SetValue) => {
    for (const one of now.servers) {
      const number = value(one);
      if (number !== null) set(number, one.name);
    }
  };
  gauge(
    'server_masters',
    'Masters connected over TCP',
    each((one) => one.masters),
    'server',
  );
  counter(
    'server_connections_total',
    'Masters accepted',
    each((one) => one.connections),
    'server',
  );
  counter(
    'server_refused_total',
    'Masters not accepted',
    each((one) => one.refused),
    'server',
  );
  counter(
    'server_requests_total',
    'Requests of masters that were answered',
    each((one) => one.requests),
    'server',
  );
  counter(
    'server_dropped_total',
    'Requests of masters that were not answered',
    each((one) => one.dropped),
    'server',
  );
  counter(
    'server_exceptions_total',
    'Answers to masters that refused, by the exception code of the protocol',
    ({ servers }, set) => {
      for (const { name, exceptions } of servers) {
        for (const [code, count] of Object.entries(exceptions)) set(count, name, code);
      }
    },
    'server',
    'code',
  );
}
