/**
 * What `hpmq device plan` predicts of a configuration before it runs, and what the wire then sees: three lines of
 * different speed, and two connections of different round trips.
 *
 *   1 a gateway reads one register of each device, and so gets to know the latencies
 *   2 `device plan --config` predicts the full configuration with them
 *   3 a gateway runs the full configuration; the wire between it and the foreign slave says what that took
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { PlanView } from '../../../src/api/contract.js';
import { startGateway } from '../../load/processes.js';
import { milliseconds, type Scenario, type Verdict } from '../../load/scenario.js';
import { repoRoot } from '../../support/peers.js';
import { api, online, type Wire, yamlOf } from './configuration.js';
import {
  compilePacedLine,
  compileSlave,
  pacedLine,
  rtuSlave,
  type Seen,
  slowConnection,
  tcpSlave,
  temporaryFolder,
  type WatchedWire,
} from './foreign.js';
import { scatter } from './scattered.js';

/** A prediction may be off by this share. */
const TOLERANCE = 0.2;

interface Layout {
  readonly name: string;
  /** A line: baud rate and bits of a character; or a connection: its round trip, ms. */
  readonly wire: { readonly baudRate: number; readonly bits: 10 | 11 } | { readonly rttMs: number };
  readonly units: Wire['units'];
  /** ms between two reads. Less than a round needs: it is read back to back. */
  readonly every: number;
}

const layouts: readonly Layout[] = [
  { name: '9600 8N1', wire: { baudRate: 9_600, bits: 10 }, units: { 1: scatter(40, 400) }, every: 2_500 },
  { name: '19200 8E1, too fast', wire: { baudRate: 19_200, bits: 11 }, units: { 1: scatter(60, 900) }, every: 300 },
  { name: '115200 8N1', wire: { baudRate: 115_200, bits: 10 }, units: { 1: scatter(100, 2_000) }, every: 1_000 },
  {
    name: 'TCP 10 ms, too fast',
    wire: { rttMs: 10 },
    units: { 1: scatter(50, 2_000), 2: scatter(60, 900) },
    every: 100,
  },
  { name: 'TCP 60 ms', wire: { rttMs: 60 }, units: { 1: scatter(50, 900) }, every: 1_000 },
];

interface Made {
  readonly watched: WatchedWire;
  readonly port: Wire['port'];
}

async function makeWire(stack: AsyncDisposableStack, slave: string, line: string, { wire }: Layout): Promise<Made> {
  if ('rttMs' in wire) {
    const { port } = await tcpSlave(stack, slave);
    const watched = await slowConnection(stack, port, wire.rttMs);
    return { watched, port: { type: 'tcp', host: '127.0.0.1', port: watched.port } };
  }
  const { baudRate, bits } = wire;
  const watched = await pacedLine(stack, line, baudRate, bits);
  await rtuSlave(stack, slave, watched.device, 1);
  const parity = bits === 11 ? 'even' : 'none';
  return { watched, port: { type: 'serial', path: watched.master, baudRate, parity } };
}

/** Prediction of a configuration by the command that people use. */
async function predict(socket: string, file: string): Promise<readonly PlanView[]> {
  const entry = join(repoRoot, 'dist', 'bin', 'hpmq.js');
  const args = [entry, '--socket', socket, '--config', file, 'device', 'plan', '--json'];
  const run = promisify(execFile)(process.execPath, args);
  // Exit code 1: more is asked for than is possible.
  const { stdout } = await run.catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }));
  return (JSON.parse(stdout) as { items: readonly PlanView[] }).items;
}

/** ms of silence that are kept between two frames on a line, and which nobody may use: the shortest there was. */
function silenceMs({ wire }: Layout, seen: readonly Seen[]): number {
  if ('rttMs' in wire) return 0;
  return Math.max(0, Math.min(...seen.slice(1).map(({ from }, i) => from - seen[i]!.to)));
}

/** @returns ms of one round, and the share of the time in which the wire was taken: exchanges, and the silence behind each */
function measured(seen: readonly Seen[], requests: number, layout: Layout): { cycleMs: number; load: number } {
  const { every } = layout;
  const silence = silenceMs(layout, seen);
  const first = seen[0]!;
  const span = seen.at(-1)!.from - first.from;
  const busy = seen.slice(0, -1).reduce((sum, { from, to }) => sum + (to - from) + silence, 0);
  // Rounds are told by the rest between them; where there is none it is read back to back.
  const rounds: Seen[][] = [];
  for (const one of seen) {
    const before = rounds.at(-1)?.at(-1);
    if (before === undefined || one.from - before.to > every / 10) rounds.push([one]);
    else rounds.at(-1)!.push(one);
  }
  // The first and the last may be cut off.
  const whole = rounds.slice(1, -1);
  const times = whole.map((round) => round.at(-1)!.to - round[0]!.from).sort((a, b) => a - b);
  const backToBack = (span / (seen.length - 1)) * requests;
  return { cycleMs: times.length > 0 ? times[times.length >> 1]! : backToBack, load: busy / span };
}

async function compare(layout: Layout, short: boolean, tools: { slave: string; line: string }): Promise<Verdict> {
  const seconds = short ? 2 : 8;
  await using stack = new AsyncDisposableStack();
  const { watched, port } = await makeWire(stack, tools.slave, tools.line, layout);
  const full = { name: 'bus', port, units: layout.units, every: `${layout.every}ms` };
  const one = Object.fromEntries(Object.keys(layout.units).map((unit) => [unit, [0]]));
  const file = join(temporaryFolder(stack), 'full.yaml');
  const yaml = yamlOf([full]);
  writeFileSync(file, yaml);

  let plans: readonly PlanView[];
  {
    await using small = new AsyncDisposableStack();
    const gateway = await startGateway(small, yamlOf([{ ...full, units: one, every: '150ms' }]));
    await online(api(gateway.socket));
    await sleep(1_200);
    plans = await predict(gateway.socket, file);
  }
  const { portCycleMs, portLoad } = plans[0]!;
  // Nobody can ask for more of a wire than there is.
  const load = Math.min(1, portLoad);

  const gateway = await startGateway(stack, yaml);
  const client = api(gateway.socket);
  await online(client);
  await sleep(2 * Math.max(layout.every, portCycleMs));
  watched.seen();
  await sleep(Math.max(seconds * 1_000, 4 * Math.max(layout.every, portCycleMs)));
  let requests = 0;
  for (const { device } of plans) {
    requests += (await client.request('GET /v1/devices/{device}/plan', { params: { device } })).reads.length;
  }
  const found = measured(watched.seen(), requests, layout);
  const [busy] = (await client.request('GET /v1/ports')).items;

  const failures: string[] = [];
  const hold = (what: string, predicted: number, seen: number) => {
    const off = Math.abs(predicted - seen) / seen;
    if (!(off <= TOLERANCE)) failures.push(`${what}: predicted ${predicted.toFixed(3)}, seen ${seen.toFixed(3)}`);
  };
  // A machine that does other things, too, says nothing about time.
  if (!short) {
    hold('ms of one round', portCycleMs, found.cycleMs);
    hold('load', load, found.load);
  }
  if (plans.some(({ isMeasured }) => !isMeasured)) failures.push('the latencies were not measured');
  return {
    scenario: `forecast ${layout.name}`,
    failures,
    figures: {
      requests: `${plans.reduce((sum, { reads }) => sum + reads.length, 0)} predicted, ${requests}`,
      'predicted round': milliseconds(portCycleMs),
      seen: milliseconds(found.cycleMs),
      'predicted load': load.toFixed(3),
      'seen on the wire': found.load.toFixed(3),
      'counted by the port': busy!.busyShare.toFixed(3),
      latency: milliseconds(plans[0]!.latencyMs),
    },
  };
}

export const forecasts: Scenario = async function* ({ short, only }) {
  await using stack = new AsyncDisposableStack();
  const tools = { slave: compileSlave(stack), line: compilePacedLine(stack) };
  const played = short ? [layouts[2]!, layouts[4]!] : layouts;
  for (const layout of played.filter(({ name }) => name.includes(only))) yield await compare(layout, short, tools);
};
