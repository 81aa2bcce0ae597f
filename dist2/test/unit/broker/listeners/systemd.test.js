import t from "tap";
import { activatedSockets } from "../../../../src/broker/listeners/systemd.js";
const entries = (env) => [...activatedSockets(env, 42)];
t.test("file descriptors from 3 on, by name (sd_listen_fds(3))", async (t2) => {
  t2.same(entries({ LISTEN_PID: "42", LISTEN_FDS: "3", LISTEN_FDNAMES: "mqtt:web:mqtt" }), [
    ["mqtt", [3, 5]],
    ["web", [4]]
  ]);
  t2.same(entries({ LISTEN_PID: "42", LISTEN_FDS: "2" }), [["unknown", [3, 4]]], "older than names");
  t2.same(entries({ LISTEN_PID: "42", LISTEN_FDS: "2", LISTEN_FDNAMES: "a" }), [
    ["a", [3]],
    ["unknown", [4]]
  ]);
});
t.test("what is not for this process, or makes no sense, is nothing", async (t2) => {
  t2.same(entries({}), []);
  t2.same(entries({ LISTEN_FDS: "1" }), []);
  t2.same(entries({ LISTEN_PID: "41", LISTEN_FDS: "1" }), []);
  for (const count of ["0", "-1", "1.5", "x", "", "99999999"])
    t2.same(entries({ LISTEN_PID: "42", LISTEN_FDS: count }), []);
});
//# sourceMappingURL=systemd.test.js.map
