import { setTimeout as sleep } from "node:timers/promises";
import { pin, pinning } from "../../bench/process.js";
import { startGateway, startWorker } from "../processes.js";
import { floods as kinds } from "../roles/flood.js";
import { quiet } from "../roles/probe.js";
import { brokerYaml, milliseconds } from "../scenario.js";
const ALLOWED_RATIO = 2;
const FLOOR_MS = 1;
async function measure(probe, ms) {
  probe.say("start");
  await sleep(ms);
  probe.say("stop");
  return JSON.parse(await probe.next());
}
const floods = async ({ short, entry }) => {
  await using stack = new AsyncDisposableStack();
  const [rounds, ms] = short ? [1, 200] : [7, 600];
  const gateway = await startGateway(stack, brokerYaml({ connections: 100 }), {}, entry);
  const { port } = gateway;
  if (pinning !== void 0 && !short) pin(gateway.pid, pinning.broker);
  const probe = startWorker(stack, "probe", { port, clients: short ? 5 : 20, rate: 100 });
  await probe.hear("connected");
  const verdicts = [];
  for (const kind of kinds) {
    await using flooding = new AsyncDisposableStack();
    const flooder = startWorker(flooding, "flood", { port, kind });
    await flooder.hear("connected");
    const before = [];
    const during = [];
    let busy = 0;
    for (let round = 0; round < rounds; round++) {
      await sleep(ms);
      before.push(await measure(probe, ms));
      flooder.say("start");
      await sleep(ms / 6);
      const [cpuBefore, startedAt] = [gateway.cpuSeconds(), performance.now()];
      during.push(await measure(probe, ms));
      busy += (gateway.cpuSeconds() - cpuBefore) * 1e3 / (performance.now() - startedAt);
      flooder.say("stop");
    }
    verdicts.push(verdict(kind, before, during, busy / rounds, short));
  }
  return verdicts;
};
function verdict(kind, before, during, load, short) {
  const [calm, flooded] = [quiet(before), quiet(during)];
  const ratio = flooded.p99 / Math.max(calm.p99, FLOOR_MS);
  const failures = [];
  if (!short && ratio > ALLOWED_RATIO) failures.push(`p99 rose ${ratio.toFixed(2)} times, more than ${ALLOWED_RATIO}`);
  if (during.some(({ received }) => received === 0)) failures.push("the others received nothing");
  return {
    scenario: `floods ${kind}`,
    failures,
    figures: {
      "p99 before": milliseconds(calm.p99),
      during: milliseconds(flooded.p99),
      ratio: ratio.toFixed(2),
      "p50 before": milliseconds(calm.p50),
      "p50 during": milliseconds(flooded.p50),
      "CPU of the broker": `${Math.round(load * 100)} %`
    }
  };
}
export {
  floods,
  measure
};
//# sourceMappingURL=floods.js.map
