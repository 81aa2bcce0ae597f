/** Metrics of devices and of the ports they are on. */
import type { DeviceView, PortView } from '../core/views.js';
import type { Define, SetValue, Snapshot } from './define.js';

type Counted = DeviceView | PortView;

const counters = [
  ['requests', 'Exchanges', (one: Counted) => one.requests],
  ['timeouts', 'Exchanges without an answer', (one: Counted) => one.timeouts],
  ['errors', 'Exchanges that failed, those without an answer included', (one: Counted) => one.errors],
  ['crc_errors', 'Answers with a wrong checksum', (one: Counted) => one.crcErrors],
  ['overruns', 'Reads skipped because the one before was not done', (one: Counted) => one.overruns],
] as const;

export function defineWires(counter: Define, gauge: Define): void {
  const kinds = [
    [
      'device',
      ({ devices }: Snapshot) => devices,
      (one: Counted) => [one.name, (one as DeviceView).port],
      ['device', 'port'],
    ],
    ['port', ({ ports }: Snapshot) => ports, (one: Counted) => [one.name], ['port']],
  ] as const;
  for (const [kind, of, labelsOf, labels] of kinds) {
    const each = (value: (one: Counted) => number | null) => (now: Snapshot, set: SetValue) => {
      for (const one of of(now)) {
        const number = value(one);
        if (number !== null) set(number, ...labelsOf(one));
      }
    };
    for (const [name, help, value] of counters) counter(`${kind}_${name}_total`, help, each(value), ...labels);
    counter(
      `${kind}_exceptions_total`,
      'Refusals by the exception code of the protocol',
      (now, set) => {
        for (const one of of(now)) {
          for (const [code, count] of Object.entries(one.exceptions)) set(count, ...labelsOf(one), code);
        }
      },
      ...labels,
      'code',
    );
    for (const quantile of ['p50', 'p95', 'p99'] as const) {
      gauge(
        `${kind}_exchange_${quantile}_seconds`,
        `Duration of the last exchanges, ${quantile}`,
        each(({ exchangeMs }) => (exchangeMs[quantile] === null ? null : exchangeMs[quantile] / 1_000)),
        ...labels,
      );
    }
    gauge(
      `${kind}_busy_ratio`,
      'Share of the last minute in which the wire carried an exchange',
      each(({ busyShare }) => busyShare),
      ...labels,
    );
  }
  counter(
    'port_opens_total',
    'Times the wire was opened',
    ({ ports }, set) => {
      for (const { name, opens } of ports) set(opens, name);
    },
    'port',
  );
  gauge(
    'port_load_ratio',
    'Share of its time that is asked for, as predicted',
    ({ ports }, set) => {
      for (const { name, load } of ports) set(load, name);
    },
    'port',
  );
}
