import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoRoot, startPeer } from "./peers.js";
const hpmqEntry = join(repoRoot, "dist", "bin", "hpmq.js");
function tempFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), "hpmq-t-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
function runHpmq(args, options = {}) {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [hpmqEntry, ...args],
      { cwd: options.cwd ?? repoRoot, env: { ...process.env, ...options.env }, timeout: 3e4 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    );
  });
}
async function startTestGateway(t, yaml) {
  const folder = tempFolder(t);
  const file = join(folder, "hpmq.yaml");
  const socket = join(folder, "c.sock");
  writeFileSync(file, yaml);
  const peer = startPeer(t, process.execPath, [hpmqEntry, "run", "-c", file, "--socket", socket]);
  const [, port] = await peer.sees(/"listeners":\["[^"]*:(\d+)"/, 15e3);
  return {
    process: peer,
    mqttPort: Number(port),
    socket,
    hpmq: (...args) => runHpmq(["--socket", socket, ...args])
  };
}
export {
  hpmqEntry,
  runHpmq,
  startTestGateway,
  tempFolder
};
//# sourceMappingURL=gateway.js.map
