/**
 * Thousands of points over Modbus TCP, read from a foreign slave: what they cost, and how long writes take meanwhile.
 * The bar is what Neuron's makers say of theirs: 10,000 tags at 1 s, 199 MB and 3 % of four cores; 100 writes under that
 * load, 523 ms on average and 778 ms at most.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway } from '../../load/processes.js';
import { megabytes, milliseconds, type Scenario, type Verdict } from '../../load/scenario.js';
import { api, deviceName, online, yamlOf } from './configuration.js';
import { compileSlave, tcpSlave } from './foreign.js';

const MOST_BYTES = 199e6;
const MOST_CORES = 0.12;
const MOST_MEAN_MS = 523;
const MOST_MAX_MS = 778;

interface Run {
  readonly points: number;
  readonly every: string;
  /** All values change with each read; else none does. */
  readonly isMoving: boolean;
  readonly writes: number;
  /** Judged by the bar. */
  readonly isJudged: boolean;
}

export async function measure(run: Run, seconds: number, warmUp: number, entry: string | undefined): Promise<Verdict> {
  await using stack = new AsyncDisposableStack();
  const program = compileSlave(stack);
  const slave = await tcpSlave(stack, program);
  if (run.isMoving) await slave.tell('moving');
  const wire = {
    name: 'plc',
    port: { type: 'tcp', host: '127.0.0.1', port: slave.port },
    units: { 1: Array.from({ length: run.points }, (_, index) => index) },
    every: run.every,
    point: { write: true },
  };
  const gateway = await startGateway(stack, yamlOf([wire]), {}, entry);
  const client = api(gateway.socket);
  await online(client);
  await sleep(warmUp * 1_000);

  await slave.tell('requests');
  const before = { cpu: gateway.cpuSeconds(), at: performance.now() };
  const status = await client.request('GET /v1/status');
  await sleep(seconds * 1_000);
  const cores = (gateway.cpuSeconds() - before.cpu) / ((performance.now() - before.at) / 1_000);
  const requests = Number((await slave.tell('requests')).split(' ')[1]);
  const after = await client.request('GET /v1/status');
  const bytes = gateway.residentBytes();
  const [device] = (await client.request('GET /v1/devices')).items;

  const failures: string[] = [];
  const took: number[] = [];
  for (let i = 0; i < run.writes; i++) {
    const point = `r${(i * 97) % run.points}`;
    const startedAt = performance.now();
    const result = await client.request('POST /v1/points/{device}/{point}/write', {
      params: { device: deviceName(wire, 1), point },
      body: { value: i },
    });
    took.push(performance.now() - startedAt);
    // Where the registers move by themselves what is read back is not what was written.
    if (result.status !== 'verified' && !run.isMoving) failures.push(`the write to ${point} ended ${result.status}`);
  }
  const mean = took.reduce((sum, ms) => sum + ms, 0) / Math.max(1, took.length);
  const longest = Math.max(0, ...took);
  if (after.points.good !== run.points) failures.push(`${after.points.good} of ${run.points} points are good`);
  if (run.isJudged) {
    if (bytes > MOST_BYTES) failures.push(`${megabytes(bytes)} resident, the bar is ${megabytes(MOST_BYTES)}`);
    if (cores > MOST_CORES) failures.push(`${cores.toFixed(3)} cores, the bar is ${MOST_CORES}`);
    if (mean > MOST_MEAN_MS) failures.push(`a write takes ${milliseconds(mean)}, the bar is ${MOST_MEAN_MS} ms`);
    if (longest > MOST_MAX_MS) failures.push(`a write took ${milliseconds(longest)}, the bar is ${MOST_MAX_MS} ms`);
    if (device!.overruns > 0) failures.push(`${device!.overruns} beats skipped`);
  }
  const received = after.messages.received - status.messages.received;
  return {
    scenario: titleOf(run),
    failures,
    figures: {
      cores: cores.toFixed(3),
      RSS: megabytes(bytes),
      'requests per second': (requests / seconds).toFixed(0),
      'messages per second': (received / seconds).toFixed(0),
      'beats skipped': device!.overruns,
      ...(took.length === 0 ? {} : { writes: took.length, mean: milliseconds(mean), max: milliseconds(longest) }),
    },
  };
}

const titleOf = ({ points, every, isMoving }: Run): string =>
  `points ${points} every ${every}, ${isMoving ? 'all changing' : 'standing still'}`;

export const points: Scenario = async function* ({ short, only, entry }) {
  const runs: readonly Run[] = short
    ? [{ points: 500, every: '200ms', isMoving: true, writes: 5, isJudged: false }]
    : [
        { points: 10_000, every: '1s', isMoving: false, writes: 100, isJudged: true },
        { points: 10_000, every: '1s', isMoving: true, writes: 100, isJudged: true },
        { points: 1_000, every: '100ms', isMoving: false, writes: 100, isJudged: true },
        { points: 1_000, every: '100ms', isMoving: true, writes: 100, isJudged: true },
      ];
  for (const run of runs.filter((one) => titleOf(one).includes(only))) {
    yield await measure(run, short ? 1 : 10, short ? 0 : 5, entry);
  }
};
