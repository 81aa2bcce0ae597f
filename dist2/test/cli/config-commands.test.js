import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { hpmq } from "../support/cli.js";
import { tempFolder } from "../support/gateway.js";
import { repoRoot } from "../support/peers.js";
const broken = join(repoRoot, "test", "cli", "broken-configs");
t.test("the example file is accepted, with the adapters that are built in", async (t2) => {
  const { code, stdout, stderr } = await hpmq(t2, ["config", "check", "hpmq.example.yaml"]);
  t2.equal(stderr, "");
  t2.equal(code, 0);
  t2.equal(stdout, `${join(repoRoot, "hpmq.example.yaml")}: ok, 3 ports, 3 devices, 8 points, 1 link
`);
});
t.test("the README shows what a mistake in the example really gives", async (t2) => {
  const [example, readme] = ["hpmq.example.yaml", "README.md"].map(
    (name) => readFileSync(join(repoRoot, name), "utf8")
  );
  const cwd = t2.testdir({ "hpmq.yaml": example.replace("port: line-a", "port: line-x") });
  const { code, stdout } = await hpmq(t2, ["config", "check"], { cwd });
  t2.equal(code, 1);
  t2.ok(readme.includes(stdout.replace(/^(?=.)/gm, "   ")), stdout);
});
t.test("check notes two points on one address, and accepts them", async (t2) => {
  const device = (unit) => `{ adapter: modbus, port: plc, unit: ${unit}, points: { a: { address: 'holding:1' }, b: { address: 'holding:1', type: int16 } } }`;
  const cwd = t2.testdir({
    "hpmq.yaml": `ports: { plc: { type: tcp, host: h, port: 502 } }
devices:
  boiler: ${device(1)}
  kessel: ${device(1)}
  other: ${device(2)}
`
  });
  const { code, stderr } = await hpmq(t2, ["config", "check"], { cwd });
  t2.equal(code, 0);
  t2.equal(
    stderr,
    `note: devices.kessel.points.a reads the same address of the same device as devices.boiler.points.a
note: devices.kessel.points.b reads the same address of the same device as devices.boiler.points.b
`
  );
  const json = await hpmq(t2, ["config", "check", "--json"], { cwd });
  t2.match(JSON.parse(json.stdout), { valid: true, notes: { length: 2 } });
});
t.test("check prints every problem on stdout and answers no", async (t2) => {
  const { code, stdout, stderr } = await hpmq(t2, ["config", "check", "open-listener.yaml"], { cwd: broken });
  t2.equal(code, 1);
  t2.equal(
    stdout,
    `open-listener.yaml:4:13: broker.listeners[0].host: 0.0.0.0:1883 would be reachable from the network without authentication
  hint: listen on 127.0.0.1, add \`broker.auth.users: users.yaml\`, or accept it with \`broker.auth.anonymous: true\`
`
  );
  t2.equal(stderr, "1 problem\n");
  const json = await hpmq(t2, ["config", "check", "-c", "many-problems.yaml", "--json"], { cwd: broken });
  t2.equal(json.code, 1);
  const { valid, problems } = JSON.parse(json.stdout);
  t2.equal(valid, false);
  t2.equal(problems.length, 7);
  t2.match(problems[0], { file: "many-problems.yaml", line: 1, column: 1, path: "gatewy" });
});
t.test("run with a broken file: every problem, exit 78, nothing started", async (t2) => {
  const socket = join(tempFolder(t2), "c.sock");
  const { code, stdout, stderr } = await hpmq(t2, ["run", "-c", "many-problems.yaml", "--socket", socket], {
    cwd: broken
  });
  t2.equal(code, 78);
  t2.equal(stdout, "");
  t2.equal(stderr.match(/^many-problems\.yaml:\d+:\d+: /gm)?.length, 7);
  t2.equal(stderr.match(/^ {2}hint: /gm)?.length, 7);
  t2.equal(stderr.split("\n").length, 15, "and no other line, so nothing was started");
  const missing = await hpmq(t2, ["run", "none.yaml", "--json"], { cwd: broken });
  t2.equal(missing.code, 78);
  t2.match(JSON.parse(missing.stdout), {
    error: { code: "CONFIG_INVALID", fault: "config", problems: [{ file: "none.yaml" }] }
  });
});
t.test("show: effective values with their origin; environment before file", async (t2) => {
  const cwd = t2.testdir({ "hpmq.yaml": "gateway: { id: plant-7 }\n" });
  const env = { HPMQ_LOG__LEVEL: "warn", XDG_CONFIG_HOME: cwd };
  const { code, stdout } = await hpmq(t2, ["config", "show", "--origin"], { cwd, env });
  t2.equal(code, 0);
  t2.match(stdout, "id: plant-7 # hpmq.yaml:1\n");
  t2.match(stdout, "level: warn # HPMQ_LOG__LEVEL\n");
  t2.match(stdout, "port: 1883 # default\n");
  const json = await hpmq(t2, ["config", "show", "--json"], { cwd, env });
  t2.match(JSON.parse(json.stdout), { file: join(cwd, "hpmq.yaml"), config: { log: { level: "warn" } } });
});
t.test("schema: JSON Schema with the built-in adapters", async (t2) => {
  const { code, stdout } = await hpmq(t2, ["config", "schema"]);
  t2.equal(code, 0);
  const schema = JSON.parse(stdout);
  t2.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  t2.match(JSON.stringify(schema), /"const":"modbus".*"const":"simulator"/);
});
//# sourceMappingURL=config-commands.test.js.map
