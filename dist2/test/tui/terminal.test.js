import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, {} from "tap";
import { eventually, needs, repoRoot } from "../support/peers.js";
function startPane(t2, args = "") {
  const folder = mkdtempSync(join(tmpdir(), "hpmq-"));
  writeFileSync(
    join(folder, "run.sh"),
    [
      `stty -g > before`,
      // exec keeps the process number that was written down.
      `sh -c 'echo $$ > pid; exec "${process.execPath}" "${join(repoRoot, "dist/test/tui/launch.js")}" ${args}' 2> errors`,
      `echo $? > code`,
      `stty -g > after`,
      `touch done`,
      ""
    ].join("\n")
  );
  const tmux = (...command) => execFileSync("tmux", ["-S", join(folder, "tmux"), "-f", "/dev/null", ...command], { encoding: "utf8" });
  const env = ["-e", "LANG=C.UTF-8", "-e", "CI=false", "-e", "NO_COLOR=", "-e", "FORCE_COLOR="];
  tmux("new-session", "-d", "-x", "80", "-y", "24", "-c", folder, ...env, "sh run.sh; sleep 60");
  t2.teardown(() => {
    tmux("kill-server");
    rmSync(folder, { recursive: true, force: true });
  });
  const file = (name) => eventually(() => {
    try {
      return readFileSync(join(folder, name), "utf8") || void 0;
    } catch {
      return void 0;
    }
  }, 2e4);
  return {
    tmux,
    text: () => tmux("capture-pane", "-p"),
    keys: (...keys) => void tmux("send-keys", ...keys),
    file,
    pid: async () => Number(await file("pid"))
  };
}
async function sees(pane, pattern) {
  await eventually(() => pattern.test(pane.text()), 2e4);
}
async function isSane(t2, pane) {
  const after = await pane.file("after");
  t2.equal(after, await pane.file("before"), "stty is unchanged");
  t2.equal(
    pane.tmux("display-message", "-p", "#{cursor_flag} #{alternate_on}").trim(),
    "1 0",
    "cursor shown, main screen"
  );
}
t.test("start, filter, write, resize, quit", needs("tmux"), async (t2) => {
  const pane = startPane(t2);
  await sees(pane, /▸ overview/);
  pane.keys("3");
  await sees(pane, /boiler\/setpoint +70\.0/);
  pane.keys("/", "setp", "Enter");
  await sees(pane, /points \(1\/20\) \/setp/);
  pane.keys("w", "72.5", "Enter");
  await sees(pane, /70\.0 °C → 72\.5 °C/);
  pane.keys("Enter");
  await sees(pane, /● verified 72\.5 °C/);
  pane.keys("Enter");
  pane.tmux("resize-window", "-x", "140", "-y", "40");
  await sees(pane, /┐┌─ boiler\/setpoint ─/);
  t2.equal(
    pane.text().split("\n").filter((line) => /^ hpmq/.test(line)).length,
    1,
    "nothing of the old frame is left"
  );
  pane.keys("q");
  t2.equal((await pane.file("code")).trim(), "0");
  await isSane(t2, pane);
});
t.test("kill -TERM leaves a sane terminal", needs("tmux"), async (t2) => {
  const pane = startPane(t2);
  await sees(pane, /▸ overview/);
  process.kill(await pane.pid(), "SIGTERM");
  t2.equal((await pane.file("code")).trim(), "143");
  await isSane(t2, pane);
});
t.test("a stop from outside gives the terminal back, and going on takes it again", needs("tmux"), async (t2) => {
  const pane = startPane(t2);
  await sees(pane, /▸ overview/);
  const pid = await pane.pid();
  const tty = pane.tmux("display-message", "-p", "#{pane_tty}").trim();
  const modes = () => execFileSync("stty", ["-g", "-F", tty], { encoding: "utf8" });
  const raw = modes();
  const isStopped = () => / T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  process.kill(pid, "SIGTSTP");
  await eventually(isStopped);
  t2.equal(modes(), await pane.file("before"), "stty is as before");
  t2.equal(pane.tmux("display-message", "-p", "#{cursor_flag} #{alternate_on}").trim(), "1 0");
  process.kill(pid, "SIGCONT");
  await sees(pane, /▸ overview/);
  t2.equal(modes(), raw, "raw mode is on again");
  process.kill(pid, "SIGSTOP");
  await eventually(isStopped);
  execFileSync("stty", ["-F", tty, "sane"]);
  process.kill(pid, "SIGCONT");
  await eventually(() => modes() === raw);
  pane.keys("2");
  await sees(pane, /▸ devices/);
  t2.pass("keys are heard");
});
t.test("an error nobody caught leaves a sane terminal, and is read on it", needs("tmux"), async (t2) => {
  const pane = startPane(t2, "--crash-after 1500");
  await sees(pane, /▸ overview/);
  t2.not((await pane.file("code")).trim(), "0");
  t2.match(await pane.file("errors"), "crashed on purpose");
  await isSane(t2, pane);
});
//# sourceMappingURL=terminal.test.js.map
