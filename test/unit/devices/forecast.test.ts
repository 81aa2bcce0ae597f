/** Predictions against what a wire sees, in virtual time: exact, and without a machine that is busy with something else. */
import t from 'tap';
import modbus from '../../../adapters/modbus/index.js';
import { encodeMbap, MbapSplitter } from '../../../adapters/modbus/mbap.js';
import { encodeRtu } from '../../../adapters/modbus/rtu-frame.js';
import type { DeviceConfig, PortConfig } from '../../../src/core/config.js';
import { silentLog } from '../../../src/core/log.js';
import { configuredPlans } from '../../../src/core/plan-views.js';
import type { Endpoint } from '../../../src/core/transport.js';
import { createDevices } from '../../../src/devices/devices.js';
import { duplexPair } from '../../support/duplex-pair.js';
import { ManualClock, settle } from '../../support/manual-clock.js';
import { deviceConfig, FakeRouter, pointConfig } from './support.js';

interface Layout {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Of one character, ms; 0: a connection. */
  readonly characterMs: number;
  /** Of the device, ms. */
  readonly latencyMs: number;
  readonly units: Readonly<Record<number, readonly number[]>>;
  readonly every: number;
}

const line = (baudRate: number, parity: 'none' | 'even'): Endpoint => ({
  type: 'serial',
  path: '/dev/ttyX',
  baudRate,
  dataBits: 8,
  parity,
  stopBits: 1,
});
const tcp: Endpoint = { type: 'tcp', host: '10.0.0.7', port: 502 };
const some = (count: number, step: number) => Array.from({ length: count }, (_, i) => i * step + ((i * i) % step));

const layouts: readonly Layout[] = [
  {
    name: '9600 8N1',
    endpoint: line(9_600, 'none'),
    characterMs: 10_000 / 9_600,
    latencyMs: 12,
    units: { 1: some(40, 9) },
    every: 2_500,
  },
  {
    name: '19200 8E1, too fast',
    endpoint: line(19_200, 'even'),
    characterMs: 11_000 / 19_200,
    latencyMs: 7,
    units: { 1: some(60, 15) },
    every: 300,
  },
  {
    name: '115200 8N1',
    endpoint: line(115_200, 'none'),
    characterMs: 10_000 / 115_200,
    latencyMs: 3,
    units: { 1: some(100, 24) },
    every: 1_000,
  },
  {
    name: 'TCP 10 ms, too fast',
    endpoint: tcp,
    characterMs: 0,
    latencyMs: 10,
    units: { 1: some(50, 40), 2: some(50, 40) },
    every: 100,
  },
  { name: 'TCP 60 ms', endpoint: tcp, characterMs: 0, latencyMs: 60, units: { 1: some(50, 18) }, every: 1_000 },
];

function configOf({ endpoint, units, every }: Layout, addresses = units): [PortConfig, Record<string, DeviceConfig>] {
  const port: PortConfig = { name: 'line', endpoint, timeout: 2_000, pause: 0, options: modbus.port.parse({}) };
  const devices = Object.entries(addresses).map(([unit, registers]) => {
    const points = registers.map((register) => {
      const address = modbus.address.parse({ address: `holding:${register}` });
      return pointConfig(`r${register}`, 0, { address, every });
    });
    const name = `unit-${unit}`;
    return [
      name,
      deviceConfig(name, points, { adapter: 'modbus', options: modbus.device.parse({ unit: Number(unit) }) }),
    ];
  });
  return [port, Object.fromEntries(devices)];
}

/** Runs a configuration for a while. @returns when requests came and answers were complete, and the devices */
async function run(layout: Layout, port: PortConfig, devices: Record<string, DeviceConfig>, ms: number) {
  const clock = new ManualClock();
  const seen: { from: number; to: number }[] = [];
  const wire = () => {
    const [near, far] = duplexPair();
    const splitter = new MbapSplitter();
    const answer = (pdu: Buffer, wrap: (answer: Buffer) => Buffer) => {
      const quantity = pdu.readUInt16BE(3);
      const bytes = wrap(Buffer.concat([Buffer.of(pdu[0]!, 2 * quantity), Buffer.alloc(2 * quantity)]));
      const from = clock.monotonic();
      const took = layout.latencyMs + layout.characterMs * (8 + bytes.length);
      clock.after(took, () => {
        far.write(bytes);
        seen.push({ from, to: clock.monotonic() });
      });
    };
    far.on('data', (chunk: Buffer) => {
      if (layout.characterMs > 0) return answer(chunk.subarray(1, -2), (pdu) => encodeRtu(chunk[0]!, pdu));
      splitter.push(chunk);
      for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
        const { transactionId, unit, pdu } = frame;
        answer(Buffer.from(pdu), (body) => encodeMbap(transactionId, unit, body));
      }
    });
    return near;
  };
  const running = createDevices({
    ports: { line: port },
    devices,
    gatewayId: 'gw',
    adapters: new Map([['modbus', modbus]]),
    router: new FakeRouter(),
    openTransport: async () => wire(),
    log: silentLog,
    clock,
    random: () => 0.999_999,
  });
  await running.start(new AbortController().signal);
  await settle();
  await clock.advance(ms);
  return { seen, running, clock };
}

for (const layout of layouts) {
  t.test(`${layout.name}: a round and the load are predicted within a twentieth`, async (t) => {
    // One register of each device teaches the latency …
    const first = Object.fromEntries(Object.keys(layout.units).map((unit) => [unit, [0]]));
    const small = await run(layout, ...configOf({ ...layout, every: 500 }, first), 6_000);
    const latencies = new Map(small.running.devices().map(({ name, latencyMs }) => [name, latencyMs ?? undefined]));
    await small.running[Symbol.asyncDispose]();
    // … by which the full configuration is predicted …
    const [port, devices] = configOf(layout);
    const plans = configuredPlans({ line: port }, devices, [modbus], (name) => latencies.get(name));
    const { portCycleMs, portLoad } = plans[0]!;
    t.ok(plans.every(({ isMeasured }) => isMeasured));
    // … and then it runs.
    const { seen, running } = await run(layout, port, devices, 20 * Math.max(layout.every, portCycleMs));
    const requests = plans.reduce((sum, { reads }) => sum + reads.length, 0);
    t.equal(
      running.devices().reduce((sum, { plan }) => sum + plan.requests, 0),
      requests,
      'the same plan',
    );
    const settled = seen.slice(2 * requests);
    const from = settled[0]!.from;
    const rounds = Math.floor((settled.length - 1) / requests);
    const isTooFast = plans.some(({ groups }) => groups.some(({ every, needsMs }) => needsMs > every));
    t.equal(isTooFast, layout.name.endsWith('too fast'));
    const span = settled[rounds * requests]!.from - from;
    const period = span / rounds;
    // Back to back a round takes until the next begins; else from its first request to its last answer.
    const roundMs = isTooFast ? period : settled[requests - 1]!.to - from;
    const near = (what: string, predicted: number, measured: number) =>
      t.ok(Math.abs(predicted - measured) <= 0.05 * measured, `${what}: ${predicted} predicted, ${measured} measured`);
    near('round', portCycleMs, roundMs);
    if (isTooFast) {
      const needs = plans.map(({ groups }) => groups[0]!.needsMs);
      const slowest = Math.max(...needs);
      near('what it needs', slowest, period);
    }
    const [counted] = running.ports();
    near('load', Math.min(1, portLoad), counted!.busyShare);
    await running[Symbol.asyncDispose]();
  });
}

t.test('what a device sends by itself needs no request', async (t) => {
  const layout = layouts.find(({ endpoint }) => endpoint.type === 'serial') ?? layouts[0]!;
  const [port, devices] = configOf(layout);
  const asked = configuredPlans({ line: port }, devices, [modbus]);
  t.ok(asked.every(({ reads }) => reads.length > 0));
  const heard = configuredPlans({ line: { ...port, options: { passive: true } } }, devices, [modbus]);
  t.equal(heard.length, asked.length);
  t.ok(heard.every(({ reads, groups, load }) => reads.length === 0 && groups.length === 0 && load === 0));
});
