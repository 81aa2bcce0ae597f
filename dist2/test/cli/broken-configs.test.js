import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { loadAdapters } from "../../src/builtin.js";
import { ConfigError, problemBlock } from "../../src/config/errors.js";
import { loadConfig } from "../../src/config/load.js";
import { scale } from "../support/fake-adapters.js";
import { repoRoot } from "../support/peers.js";
const folder = join(repoRoot, "test", "cli", "broken-configs");
const withScale = /* @__PURE__ */ new Set(["two-adapters-on-one-port.yaml"]);
const adapters = await loadAdapters();
const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
t.ok(files.length >= 20, `${files.length} broken files`);
for (const file of files) {
  t.test(file, async (t2) => {
    const expected = readFileSync(join(folder, file.replace(".yaml", ".txt")), "utf8");
    try {
      loadConfig({ file, env: {}, cwd: folder, adapters: withScale.has(file) ? [...adapters, scale] : adapters });
      t2.fail("it was accepted");
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      t2.equal(error.code, "CONFIG_INVALID");
      t2.equal(error.fault, "config");
      const text = error.problems.map(problemBlock).join("\n").replaceAll(folder, "FOLDER");
      t2.equal(`${text}
`, expected);
      t2.notMatch(text, /hunter2/, "no secret in a message");
    }
  });
}
//# sourceMappingURL=broken-configs.test.js.map
