/** One client floods: the others' round trips, before and during it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pin, pinning } from '../../bench/process.js';
import { startGateway, startWorker, type Worker } from '../processes.js';
import { type FloodKind, floods as kinds } from '../roles/flood.js';
import type { ProbeResult } from '../roles/probe.js';
import { brokerYaml, milliseconds, type Scenario, type Verdict } from '../scenario.js';

const ALLOWED_RATIO = 2;
/** Below it the machine's own noise is larger than what is measured, ms. */
const FLOOR_MS = 1;

export async function measure(probe: Worker<'probe'>, ms: number): Promise<ProbeResult> {
  probe.say('start');
  await sleep(ms);
  probe.say('stop');
  return JSON.parse(await probe.next()) as ProbeResult;
}

export const floods: Scenario = async ({ short, entry }) => {
  await using stack = new AsyncDisposableStack();
  const [rounds, ms] = short ? [1, 300] : [3, 2_000];
  const gateway = await startGateway(stack, brokerYaml({ connections: 100 }), {}, entry);
  const { port } = gateway;
  // The broker has a core of its own, as a gateway has: what is shared is the broker, not the processor.
  if (pinning !== undefined && !short) pin(gateway.pid, pinning.broker);
  const probe = startWorker(stack, 'probe', { port, clients: short ? 5 : 20, rate: 100 });
  await probe.hear('connected');
  await measure(probe, ms / 2);
  const verdicts: Verdict[] = [];
  for (const kind of kinds) {
    const before: ProbeResult[] = [];
    const during: ProbeResult[] = [];
    let cpu = 0;
    for (let round = 0; round < rounds; round++) {
      before.push(await measure(probe, ms));
      await using flooding = new AsyncDisposableStack();
      const flooder = startWorker(flooding, 'flood', { port, kind });
      await flooder.hear('connected');
      const cpuBefore = gateway.cpuSeconds();
      flooder.say('start');
      await sleep(ms / 8);
      during.push(await measure(probe, ms));
      cpu += gateway.cpuSeconds() - cpuBefore;
      flooder.say('close');
      await flooder.result;
      await sleep(ms / 8);
    }
    verdicts.push(verdict(kind, before, during, cpu / rounds / ((ms * 1.125) / 1_000), short));
  }
  return verdicts;
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

function verdict(
  kind: FloodKind,
  before: readonly ProbeResult[],
  during: readonly ProbeResult[],
  load: number,
  short: boolean,
): Verdict {
  const p99 = (results: readonly ProbeResult[]) => median(results.map((result) => result.p99));
  const p50 = (results: readonly ProbeResult[]) => median(results.map((result) => result.p50));
  const ratio = p99(during) / Math.max(p99(before), FLOOR_MS);
  const failures: string[] = [];
  if (!short && ratio > ALLOWED_RATIO) failures.push(`p99 rose ${ratio.toFixed(2)} times, more than ${ALLOWED_RATIO}`);
  const lost = during.reduce((all, { sent, received }) => all + Math.max(0, sent - received - 100), 0);
  if (lost > 0) failures.push(`${lost} messages of the others were not delivered in time`);
  return {
    scenario: `floods ${kind}`,
    failures,
    figures: {
      'p99 before': milliseconds(p99(before)),
      during: milliseconds(p99(during)),
      ratio: ratio.toFixed(2),
      'p50 before': milliseconds(p50(before)),
      'p50 during': milliseconds(p50(during)),
      'CPU of the broker': `${Math.round(load * 100)} %`,
    },
  };
}
