import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { runHpmq, tempFolder } from "../support/gateway.js";
import { repoRoot } from "../support/peers.js";
const folder = join(repoRoot, "test", "cli", "broken-configs");
const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
t.test(`${files.length} broken configurations, and one that is not there`, { timeout: 12e4 }, async (t2) => {
  const temp = tempFolder(t2);
  t2.ok(files.length >= 20);
  const waiting = [...files, "absent.yaml"];
  const runSome = async () => {
    for (let file = waiting.pop(); file !== void 0; file = waiting.pop()) {
      const socket = join(temp, `${file}.sock`);
      const { code, stdout, stderr } = await runHpmq(["run", "-c", file, "--socket", socket], { cwd: folder });
      t2.equal(code, 78, `${file}: exit code`);
      const where = file === "absent.yaml" ? /^absent\.yaml: .+\n {2}hint: .+/ : /^[^:]+:\d+:\d+: .+\n {2}hint: .+/;
      t2.match(stderr, where, `${file}: place, problem and hint`);
      t2.notMatch(stderr, /gateway is up|listens|\n {4}at /, `${file}: nothing starts, no stack`);
      t2.equal(stdout, "");
      t2.notOk(existsSync(socket), `${file}: no control socket`);
    }
  };
  await Promise.all([runSome(), runSome(), runSome()]);
});
//# sourceMappingURL=broken-configs.test.js.map
