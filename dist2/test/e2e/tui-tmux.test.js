import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t, {} from "tap";
import { hpmqEntry, startTestGateway, tempFolder } from "../support/gateway.js";
import { eventually, needs } from "../support/peers.js";
const config = `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports: { sim: { type: memory } }
devices:
  boiler:
    adapter: simulator
    port: sim
    every: 500ms
    points:
      temperature: { wave: sine, min: 40, max: 80, period: 20s, unit: \xB0C, decimals: 1 }
      setpoint: { wave: constant, value: 60, unit: \xB0C, write: { min: 10, max: 90 } }
`;
function terminal(t2, columns, rows) {
  const server = join(tempFolder(t2), "tmux");
  const tmux = (...args) => execFileSync("tmux", ["-S", server, "-f", "/dev/null", ...args], {
    encoding: "utf8",
    env: { ...process.env, TMUX: "", LC_ALL: "C.UTF-8" }
  });
  tmux(
    "-u",
    "new-session",
    "-d",
    "-x",
    String(columns),
    "-y",
    String(rows),
    "-s",
    "a",
    "env PS1=READY: bash --norc --noprofile"
  );
  t2.teardown(() => tmux("kill-server"));
  const screen = () => tmux("capture-pane", "-p", "-t", "a");
  return {
    type: (...keys) => void tmux("send-keys", "-t", "a", ...keys),
    screen,
    async sees(pattern) {
      try {
        return await eventually(() => pattern.test(screen()) && screen(), 15e3);
      } catch (error) {
        throw new Error(`${pattern} was not on the screen:
${screen()}`, { cause: error });
      }
    },
    resize: (c, r) => void tmux("resize-window", "-t", "a", "-x", String(c), "-y", String(r))
  };
}
t.test("screens, a write, a resize, and the shell is as it was", needs("tmux", "stty"), async (t2) => {
  const gateway = await startTestGateway(t2, config);
  const folder = tempFolder(t2);
  const at = (name) => join(folder, name);
  const ui = terminal(t2, 80, 24);
  const start = (env = "") => ui.type(`${env} ${process.execPath} ${hpmqEntry} --socket ${gateway.socket} tui; echo ended $?`, "Enter");
  await ui.sees(/READY:/);
  ui.type(`stty -a > ${at("before")}`, "Enter");
  start();
  await ui.sees(/plant-7 ▸ overview[\s\S]*broker[\s\S]*no alarms/);
  ui.type("2");
  await ui.sees(/▸ boiler +● online/);
  ui.type("Enter");
  await ui.sees(/setpoint +60 +°C +● good/);
  ui.type("5");
  await ui.sees(/tail hpmq\/#[\s\S]*"v":/);
  ui.type("8");
  await ui.sees(/gateway is up/);
  ui.type("?");
  await ui.sees(/everywhere/);
  ui.type("Escape");
  await ui.sees(/┌─ logs \(/);
  ui.type("3");
  await ui.sees(/points \(2\)/);
  ui.type("/", "setp", "Enter");
  await ui.sees(/points \(1\/2\)/);
  ui.type("w");
  await ui.sees(/write boiler\/setpoint/);
  ui.type("95", "Enter");
  await ui.sees(/90/);
  ui.type("BSpace", "BSpace", "72.5", "Enter");
  await ui.sees(/60 °C → 72\.5 °C/);
  ui.type("Enter");
  await ui.sees(/verified 72\.5 °C/);
  ui.type("Escape");
  await ui.sees(/t tail/);
  ui.resize(140, 40);
  const wide = await ui.sees(/seen +/);
  t2.ok(
    wide.split("\n").some((line) => line.length > 100),
    "a wide terminal shows the detail beside the list"
  );
  ui.resize(50, 12);
  await ui.sees(/terminal too small: need 60×15, have 50×12/);
  ui.resize(80, 24);
  await ui.sees(/points \(1\/2\)/);
  for (const line of ui.screen().split("\n")) t2.ok(line.length <= 80, "no line is wider than the terminal");
  ui.type("C-c");
  await ui.sees(/ended 0/);
  ui.type("clear", "Enter");
  start();
  await ui.sees(/▸ overview/);
  const pid = execFileSync("pgrep", ["-f", `^${process.execPath} ${hpmqEntry} --socket ${gateway.socket} tui`], {
    encoding: "utf8"
  }).trim();
  process.kill(Number(pid), "SIGTERM");
  await ui.sees(/ended 143/);
  ui.type("clear", "Enter", `stty -a > ${at("after")}; echo written`, "Enter");
  await ui.sees(/^written/m);
  t2.equal(
    readFileSync(at("after"), "utf8").replace(/rows \d+; columns \d+/, ""),
    readFileSync(at("before"), "utf8").replace(/rows \d+; columns \d+/, "")
  );
});
t.test("the screen says when the gateway is gone", needs("tmux"), async (t2) => {
  const gateway = await startTestGateway(t2, config);
  const ui = terminal(t2, 80, 24);
  ui.type(`${process.execPath} ${hpmqEntry} --socket ${gateway.socket} tui`, "Enter");
  await ui.sees(/▸ overview/);
  await gateway.process.kill("SIGKILL");
  await ui.sees(/connection lost/);
  t2.match(ui.screen(), /retry/);
  ui.type("q");
});
//# sourceMappingURL=tui-tmux.test.js.map
