/**
 * One serial bus with ten foreign slaves, three of them bad, seen from an MQTT client of a real gateway: is every value
 * that it publishes true, and how many reads do the good ones lose?
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadClient } from '../load/client.js';
import { startGateway } from '../load/processes.js';
import { openBusLine } from './line.js';
import { Witness } from './witness.js';

/** Of one exchange on the bus. */
export const TIMEOUT_MS = 200;
const GOOD = [1, 2, 3, 4, 5, 6, 7] as const;
const BAD = [8, 9, 10] as const;
/** Three ranges of two values each: too far apart for one request. */
const STARTS = [0, 300, 600] as const;

export interface BusOptions {
  /** How long the good units are alone, ms; 0: not measured. */
  readonly aloneMs: number;
  /** How long all ten are there, ms, after `settleMs`. */
  readonly togetherMs: number;
  /** Until the bad ones are known, ms. */
  readonly settleMs: number;
  readonly seed: number;
}

export interface BusResult {
  /** Exchanges whose values were published, of all units. */
  readonly reads: number;
  readonly values: number;
  /** Values that are not what the unit said, or not what it was asked now. */
  readonly wrong: number;
  readonly examples: readonly string[];
  /** Reads per second of the good units: alone, and beside the bad. */
  readonly alone: number;
  readonly together: number;
  /** `together` / `alone`. */
  readonly kept: number;
  /** Of the unit that kept least. */
  readonly keptByWorst: number;
  readonly slaves: Readonly<Record<string, number>>;
}

export async function runBus(options: BusOptions): Promise<BusResult> {
  const witness = new Witness(TIMEOUT_MS);
  const phase = (bad: boolean, settleMs: number, ms: number) => runPhase(witness, bad, settleMs, ms, options.seed);
  const alone =
    options.aloneMs > 0 ? await phase(false, Math.min(2_000, options.settleMs), options.aloneMs) : undefined;
  const together = await phase(true, options.settleMs, options.togetherMs);
  const sum = (rates: readonly number[]) => rates.reduce((total, rate) => total + rate, 0);
  const kept = together.rates.map((rate, i) => (alone === undefined ? Number.NaN : rate / alone.rates[i]!));
  return {
    reads: witness.reads,
    values: witness.values,
    wrong: witness.wrong,
    examples: witness.examples,
    alone: alone === undefined ? Number.NaN : sum(alone.rates),
    together: sum(together.rates),
    kept: alone === undefined ? Number.NaN : sum(together.rates) / sum(alone.rates),
    keptByWorst: Math.min(...kept),
    slaves: together.slaves,
  };
}

/** @returns reads per second of each good unit, after it has settled */
async function runPhase(witness: Witness, bad: boolean, settleMs: number, ms: number, seed: number) {
  await using stack = new AsyncDisposableStack();
  const line = await openBusLine(stack, { timeoutMs: TIMEOUT_MS, seed, bad });
  const units = bad ? [...GOOD, ...BAD] : GOOD;
  const gateway = await startGateway(stack, busYaml(line.path, units));
  const client = new LoadClient({ port: gateway.port }, 'witness');
  stack.defer(() => client.close());
  client.onPublish = (topic, payload) => witness.see(topic, payload.toString());
  await client.connack;
  await client.subscribe(['hpmq/bus/+/+', 0]);
  await sleep(settleMs);
  const before = GOOD.map((unit) => witness.readsOf(unit));
  const from = performance.now();
  await sleep(ms);
  const seconds = (performance.now() - from) / 1_000;
  const rates = GOOD.map((unit, i) => (witness.readsOf(unit) - before[i]!) / seconds);
  return { rates, slaves: await line.figures() };
}

/** As fast as the line allows: the wire is always full. */
function busYaml(path: string, units: readonly number[]): string {
  const points = STARTS.flatMap((start) => [start, start + 4]).map(
    (address) => `      p${address}: { address: 'holding:${address}', type: uint64, report: { mode: always } }`,
  );
  const devices = units.map((unit) =>
    [
      `  u${unit}:`,
      '    adapter: modbus',
      '    port: line',
      `    unit: ${unit}`,
      '    every: 20ms',
      '    points:',
      ...points,
    ].join('\n'),
  );
  return [
    'gateway: { id: bus }',
    'broker: { listeners: [{ type: tcp, port: 0 }] }',
    'ports:',
    `  line: { type: serial, path: ${path}, baudRate: 115200, parity: none, timeout: ${TIMEOUT_MS}ms }`,
    'devices:',
    ...devices,
    'log: { level: info }',
    '',
  ].join('\n');
}
