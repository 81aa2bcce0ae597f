import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
function allowedCores() {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return list.split(",").flatMap((range) => {
    const [first2 = 0, last = first2] = range.split("-").map(Number);
    return Array.from({ length: last - first2 + 1 }, (_, i) => first2 + i);
  });
}
const [first, second] = allowedCores();
const pinning = first === void 0 || second === void 0 ? void 0 : { broker: first, generator: second };
function pin(pid, core) {
  execFileSync("taskset", ["-a", "-c", "-p", String(core), String(pid)], { stdio: "ignore" });
}
const TICKS_PER_SECOND = 100;
function cpuSeconds(pid) {
  try {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    }
    if (nanoseconds > 0) return nanoseconds / 1e9;
  } catch {
  }
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
function residentBytes(pid) {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}
export {
  cpuSeconds,
  pin,
  pinning,
  residentBytes
};
//# sourceMappingURL=process.js.map
