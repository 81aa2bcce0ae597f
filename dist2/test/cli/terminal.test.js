import t, {} from "tap";
import { plainEnv, startFakeGateway } from "../support/cli.js";
import { hpmqEntry } from "../support/gateway.js";
import { needs, startPeer } from "../support/peers.js";
function onTerminal(t2, socket, args, env = {}) {
  const command = `stty cols 60; unset FORCE_COLOR; ${process.execPath} ${hpmqEntry} --socket ${socket} ${args}; echo "code=$?"`;
  return startPeer(t2, "socat", ["-", `SYSTEM:'${command}',pty,setsid,ctty,stderr`], { env: { ...plainEnv, ...env } });
}
t.test("tables are cut to the terminal and coloured, unless it is unwanted", needs("socat", "stty"), async (t2) => {
  const { socket } = await startFakeGateway(t2);
  const colored = onTerminal(t2, socket, "point list");
  await colored.sees(/code=0/);
  t2.match(colored.stdout(), "\x1B[31mbad");
  t2.match(colored.stdout(), "\u2026");
  const plain = onTerminal(t2, socket, "point list", { NO_COLOR: "1" });
  await plain.sees(/code=0/);
  t2.notMatch(plain.stdout(), "\x1B[31m");
  for (const line of plain.stdout().split("\r\n")) t2.ok([...line].length <= 60, line);
});
t.test("a critical point asks for its name", needs("socat", "stty"), async (t2) => {
  const { socket, view } = await startFakeGateway(t2);
  const wrong = onTerminal(t2, socket, "point write boiler.release 1");
  await wrong.sees(/is critical\. Type its name to write 1: /);
  wrong.write("yes\n");
  await wrong.sees(/nothing was written[\s\S]*code=64/);
  t2.strictSame(view.written, []);
  const right = onTerminal(t2, socket, "point write boiler.release 1");
  await right.sees(/Type its name/);
  right.write("release\n");
  await right.sees(/verified 1\s+code=0/);
  t2.match(view.written, [{ point: "release", value: 1 }]);
  for (const key of ["", ""]) {
    const left = onTerminal(t2, socket, "point write boiler.release 1");
    await left.sees(/Type its name/);
    left.write(key);
    await left.sees(/code=/);
    t2.match(left.stdout(), /\n.*error:.* nothing was written[\s\S]*code=64/, "Ctrl-C and Ctrl-D: nobody confirmed");
  }
  t2.equal(view.written.length, 1);
});
//# sourceMappingURL=terminal.test.js.map
