import t from 'tap';
import type { Define, Snapshot } from '../../../src/metrics/define.js';
import { defineWires } from '../../../src/metrics/wires.js';
import { FakeView } from '../../support/fake-view.js';

t.test('devices and ports with their counters, one series for each', async (t) => {
  const view = new FakeView();
  const now = { devices: view.devices(), ports: view.ports() } as unknown as Snapshot;
  const series = new Map<string, number>();
  const define: Define = (name, _help, read, ...labels) =>
    read(now, (value, ...given) => {
      t.equal(given.length, labels.length, name);
      series.set(`${name}{${labels.map((label, i) => `${label}=${given[i]}`).join()}}`, value);
    });
  defineWires(define, define);
  t.equal(series.get('device_requests_total{device=boiler,port=line-a}'), 100);
  t.equal(series.get('device_exchange_p99_seconds{device=boiler,port=line-a}'), 0.044);
  t.equal(series.get('port_crc_errors_total{port=line-a}'), 2);
  t.equal(series.get('port_exceptions_total{port=line-a,code=2}'), 3);
  t.equal(series.get('port_busy_ratio{port=line-a}'), 0.25);
  t.equal(series.get('port_opens_total{port=line-a}'), 3);
  t.equal(series.get('port_load_ratio{port=line-a}'), 0.3);
});

t.test('what was never measured has no series', async (t) => {
  const nothing = { p50: null, p95: null, p99: null };
  const [port] = new FakeView().ports();
  const now = { devices: [], ports: [{ ...port!, exchangeMs: nothing }] } as unknown as Snapshot;
  const names: string[] = [];
  const define: Define = (name, _help, read) => read(now, () => names.push(name));
  defineWires(define, define);
  t.notOk(names.includes('port_exchange_p50_seconds'));
  t.ok(names.includes('port_requests_total'));
});
