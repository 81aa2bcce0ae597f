import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { connect, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
const repoRoot = join(import.meta.dirname, "..", "..", "..");
const required = process.env.HPMQ_REQUIRE_PEERS === "true";
function hasProgram(name) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
function needs(...programs) {
  const absent = programs.filter((name) => !hasProgram(name));
  if (absent.length === 0) return {};
  if (required) throw new Error(`peers are absent: ${absent.join(", ")}; run test/peers/install`);
  return { skip: `not installed: ${absent.join(", ")} (test/peers/install installs them)` };
}
function startPeer(t, program, args, options = {}) {
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe"],
    cwd: options.cwd ?? repoRoot,
    env: { ...process.env, ...options.env }
  });
  let stdout = "";
  let stderr = "";
  const changed = /* @__PURE__ */ new Set();
  const tell = () => {
    for (const listener of [...changed]) listener();
  };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    tell();
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
    tell();
  });
  child.stdin.on("error", () => {
  });
  let over = false;
  const ended = new Promise((resolve) => {
    child.on("error", (error) => {
      stderr += String(error);
      over = true;
      resolve(-1);
      tell();
    });
    child.on("close", (code, signal) => {
      over = true;
      resolve(code ?? signal ?? -1);
      tell();
    });
  });
  const kill = async (signal = "SIGKILL") => {
    child.kill(signal);
    return ended;
  };
  t.teardown(() => kill());
  const sees = (pattern, timeoutMs = 1e4) => new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      changed.delete(check);
    };
    const fail = (why) => {
      done();
      reject(
        new Error(
          `${program} ${why} before ${pattern}; stdout: ${stdout.slice(-2e3)} stderr: ${stderr.slice(-2e3)}`
        )
      );
    };
    const check = () => {
      const match = pattern.exec(stdout) ?? pattern.exec(stderr);
      if (match !== null) {
        done();
        resolve(match);
      } else if (over) fail("ended");
    };
    const timer = setTimeout(() => fail(`said nothing for ${timeoutMs} ms`), timeoutMs);
    changed.add(check);
    check();
  });
  return {
    child,
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    sees,
    write: (text) => void child.stdin.write(text),
    ended,
    kill
  };
}
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
async function listening(port, timeoutMs = 1e4) {
  const deadline = Date.now() + timeoutMs;
  for (; ; ) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (open) return;
    if (Date.now() > deadline) throw new Error(`nothing listens on port ${port} after ${timeoutMs} ms`);
    await sleep(25);
  }
}
async function eventually(check, timeoutMs = 1e4) {
  const deadline = Date.now() + timeoutMs;
  for (; ; ) {
    const value = await check();
    if (value !== void 0 && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`not so after ${timeoutMs} ms: ${check}`);
    await sleep(20);
  }
}
export {
  eventually,
  freePort,
  hasProgram,
  listening,
  needs,
  repoRoot,
  startPeer
};
//# sourceMappingURL=peers.js.map
