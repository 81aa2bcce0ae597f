import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { checkTemporaryFolder, defaultSocket, findSocket } from "../../../src/api/socket.js";
t.test("the default place depends on who runs it", async (t2) => {
  t2.equal(
    defaultSocket({ RUNTIME_DIRECTORY: "/run/hpmq:/run/other", XDG_RUNTIME_DIR: "/run/user/7" }, 7),
    "/run/hpmq/control.sock"
  );
  t2.equal(defaultSocket({ XDG_RUNTIME_DIR: "/run/user/7" }, 7), "/run/user/7/hpmq/control.sock");
  t2.equal(defaultSocket({}, 0), "/run/hpmq/control.sock");
  t2.equal(defaultSocket({ XDG_RUNTIME_DIR: "" }, 7), join(tmpdir(), "hpmq-7", "control.sock"));
});
t.test("a client prefers its user's gateway to the system's", async (t2) => {
  const env = { XDG_RUNTIME_DIR: "/run/user/7" };
  t2.equal(
    findSocket(env, 7, () => true),
    "/run/user/7/hpmq/control.sock"
  );
  t2.equal(
    findSocket(env, 7, (path) => path === "/run/hpmq/control.sock"),
    "/run/hpmq/control.sock"
  );
  t2.equal(
    findSocket(env, 7, () => false),
    "/run/user/7/hpmq/control.sock",
    "the one to name in the error"
  );
});
t.test("the folder in the shared temp directory must belong to this user alone", async (t2) => {
  const uid = 9e8 + process.pid;
  const folder = join(tmpdir(), `hpmq-${uid}`);
  const socket = join(folder, "control.sock");
  t2.teardown(() => rmSync(folder, { recursive: true, force: true }));
  checkTemporaryFolder(socket, uid);
  mkdirSync(folder, { mode: 448 });
  t2.throws(() => checkTemporaryFolder(socket, uid), {
    code: "API_SOCKET_FAILED",
    message: /does not belong to this user alone/
  });
  chmodSync(folder, 511);
  t2.throws(() => checkTemporaryFolder(socket, uid), { code: "API_SOCKET_FAILED" });
  checkTemporaryFolder(join(tmpdir(), "elsewhere.sock"), uid);
});
//# sourceMappingURL=socket.test.js.map
