/** One client floods: the others' round trips, before and during it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pin, pinning, standBack } from '../../bench/process.js';
import { startGateway, startWorker, type Worker } from '../processes.js';
import { type FloodKind, floods as kinds } from '../roles/flood.js';
import { type ProbeResult, quiet } from '../roles/probe.js';
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

export const floods: Scenario = async function* ({ short, entry, only }) {
  await using stack = new AsyncDisposableStack();
  const [rounds, ms] = short ? [1, 200] : [7, 600];
  const gateway = await startGateway(stack, brokerYaml({ connections: 100 }), {}, entry);
  const { port } = gateway;
  // The broker has a core of its own, as a gateway has: what is shared is the broker, not the processor.
  const cores = short ? undefined : pinning;
  if (cores !== undefined) pin(gateway.pid, cores.broker);
  const probe = startWorker(stack, 'probe', { port, clients: short ? 5 : 20, rate: 100 });
  await probe.hear('connected');
  if (cores !== undefined) pin(probe.pid, cores.generator);
  for (const kind of kinds.filter((name) => name.includes(only))) {
    await using flooding = new AsyncDisposableStack();
    const flooder = startWorker(flooding, 'flood', { port, kind });
    await flooder.hear('connected');
    if (cores !== undefined) {
      pin(flooder.pid, cores.generator);
      standBack(flooder.pid);
    }
    const before: ProbeResult[] = [];
    const during: ProbeResult[] = [];
    let busy = 0;
    for (let round = 0; round < rounds; round++) {
      await sleep(ms);
      before.push(await measure(probe, ms));
      flooder.say('start');
      await sleep(ms / 6);
      const [cpuBefore, startedAt] = [gateway.cpuSeconds(), performance.now()];
      during.push(await measure(probe, ms));
      busy += ((gateway.cpuSeconds() - cpuBefore) * 1_000) / (performance.now() - startedAt);
      flooder.say('stop');
    }
    yield verdict(kind, before, during, busy / rounds, short);
  }
};

function verdict(
  kind: FloodKind,
  before: readonly ProbeResult[],
  during: readonly ProbeResult[],
  load: number,
  short: boolean,
): Verdict {
  const [calm, flooded] = [quiet(before), quiet(during)];
  const ratio = flooded.p99 / Math.max(calm.p99, FLOOR_MS);
  const failures: string[] = [];
  if (!short && ratio > ALLOWED_RATIO) failures.push(`p99 rose ${ratio.toFixed(2)} times, more than ${ALLOWED_RATIO}`);
  if (during.some(({ received }) => received === 0)) failures.push('the others received nothing');
  return {
    scenario: `floods ${kind}`,
    failures,
    figures: {
      'p99 before': milliseconds(calm.p99),
      during: milliseconds(flooded.p99),
      ratio: ratio.toFixed(2),
      'p50 before': milliseconds(calm.p50),
      'p50 during': milliseconds(flooded.p50),
      'of the probe itself': `${milliseconds(calm.own)} → ${milliseconds(flooded.own)}`,
      'CPU of the broker': `${Math.round(load * 100)} %`,
    },
  };
}
