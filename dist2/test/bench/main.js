import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { brokers, customBroker } from "./brokers.js";
import { measure, median } from "./measure.js";
import { pin, pinning } from "./process.js";
import { table } from "./report.js";
import { scenarios } from "./scenarios.js";
const HELP = `Usage: npm run bench -- [options]

  --seconds N         length of one measurement, after the warm-up (default 2)
  --rounds N          measurements of each broker in each scenario; the median is shown (default 3)
  --brokers a,b       only these of ${brokers.map(({ name }) => name).join(", ")}
  --scenarios A,B     only these of ${scenarios.map(({ id }) => id).join(", ")}
  --broker 'n=cmd'    one more broker: a name and a command line with {port}; may be repeated
  --json              one JSON document instead of tables
`;
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    brokers: { type: "string" },
    scenarios: { type: "string" },
    broker: { type: "string", multiple: true, default: [] },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false }
  }
});
function chosen(all, nameOf, names) {
  if (names === void 0) return all;
  return names.split(",").map((name) => {
    const found = all.find((item) => nameOf(item) === name.trim());
    if (found === void 0) throw new Error(`"${name}" is not one of ${all.map(nameOf).join(", ")}`);
    return found;
  });
}
async function run() {
  const seconds = Number(values.seconds);
  const rounds = Number(values.rounds);
  if (!(seconds > 0) || !(rounds >= 1)) throw new Error("--seconds and --rounds must be positive numbers");
  const compared = [...chosen(brokers, ({ name }) => name, values.brokers), ...values.broker.map(customBroker)];
  const loads = chosen(scenarios, ({ id }) => id, values.scenarios);
  if (pinning !== void 0) pin(process.pid, pinning.generator);
  const rows = [];
  for (const scenario of loads) {
    const results = new Map(compared.map(({ name }) => [name, []]));
    const problems = /* @__PURE__ */ new Map();
    for (const broker of compared) {
      const absent = broker.absent();
      if (absent !== void 0) problems.set(broker.name, absent);
    }
    for (let round = 0; round < rounds; round++) {
      for (const broker of compared) {
        if (problems.has(broker.name)) continue;
        if (process.stderr.isTTY) process.stderr.write(`\r\x1B[K${scenario.id} ${round + 1}/${rounds} ${broker.name}`);
        try {
          results.get(broker.name).push(await measure(broker, scenario, seconds));
        } catch (error) {
          problems.set(broker.name, error instanceof Error ? error.message : String(error));
        }
      }
    }
    for (const { name } of compared) {
      const all = results.get(name);
      const row = { scenario: scenario.id, title: scenario.title, broker: name };
      const problem = problems.get(name);
      if (problem !== void 0 || all.length === 0) rows.push({ ...row, problem: problem ?? "no result" });
      else {
        const cpu = all.map(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion);
        rows.push({ ...row, result: median(all), cpuRange: [Math.min(...cpu), Math.max(...cpu)] });
      }
    }
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1B[K");
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version, pinned: pinning };
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ machine, seconds, rounds, rows }, void 0, 2)}
`);
    return;
  }
  const cores = pinning === void 0 ? "one core for both" : `broker on core ${pinning.broker}, generator on core ${pinning.generator}`;
  process.stdout.write(
    `${machine.cpu}, ${machine.cores} cores, ${cores}, Node ${machine.node}; ${rounds} \xD7 ${seconds} s, medians
CPU s/M: CPU seconds of the broker process per million messages published; ratio: to mosquitto.

${table(rows, "mosquitto")}`
  );
}
if (values.help) process.stdout.write(HELP);
else {
  try {
    await run();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}
`);
    process.exit(64);
  }
}
//# sourceMappingURL=main.js.map
