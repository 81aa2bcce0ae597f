import { setTimeout as sleep } from "node:timers/promises";
import { startBroker } from "./brokers.js";
import { cpuSeconds, residentBytes } from "./process.js";
const WARM_UP_CPU_SECONDS = 0.7;
async function measure(broker, scenario, seconds) {
  await using running = await startBroker(broker);
  const load = await scenario.start(running.port);
  try {
    await warmUp(running.pid, seconds * 2e3);
    load.latencies.clear();
    const before = { ...counts(load), cpu: cpuSeconds(running.pid), own: process.cpuUsage(), at: performance.now() };
    await sleep(seconds * 1e3);
    const after = { ...counts(load), cpu: cpuSeconds(running.pid), at: performance.now() };
    const own = process.cpuUsage(before.own);
    const elapsed = (after.at - before.at) / 1e3;
    const published = after.published - before.published;
    if (load.fault !== void 0) throw new Error(`${broker.name} ${load.fault}`);
    if (published === 0) throw new Error(`${broker.name} took no message in ${seconds} s`);
    return {
      cpuSecondsPerMillion: (after.cpu - before.cpu) / published * 1e6,
      publishedPerSecond: published / elapsed,
      deliveredPerSecond: (after.delivered - before.delivered) / elapsed,
      p50Ms: load.latencies.quantile(0.5),
      p99Ms: load.latencies.quantile(0.99),
      residentBytes: residentBytes(running.pid),
      generatorCpu: (own.user + own.system) / 1e6 / elapsed,
      lost: after.lost - before.lost
    };
  } finally {
    load.stop();
  }
}
async function warmUp(pid, atMostMs) {
  const enough = cpuSeconds(pid) + WARM_UP_CPU_SECONDS;
  const deadline = performance.now() + atMostMs;
  while (cpuSeconds(pid) < enough && performance.now() < deadline) await sleep(50);
}
function counts({ published, delivered, lost }) {
  return { published, delivered, lost };
}
function median(all) {
  const of = (figure) => {
    const sorted = all.map((one) => one[figure]).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  };
  return {
    cpuSecondsPerMillion: of("cpuSecondsPerMillion"),
    publishedPerSecond: of("publishedPerSecond"),
    deliveredPerSecond: of("deliveredPerSecond"),
    p50Ms: of("p50Ms"),
    p99Ms: of("p99Ms"),
    residentBytes: of("residentBytes"),
    generatorCpu: of("generatorCpu"),
    lost: of("lost")
  };
}
export {
  measure,
  median
};
//# sourceMappingURL=measure.js.map
