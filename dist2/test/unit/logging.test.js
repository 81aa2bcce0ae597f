import t from "tap";
import { createAudit } from "../../src/core/audit.js";
import { errorsOf } from "../../src/core/errors.js";
import { createLogging } from "../../src/logging.js";
function capture(options = {}) {
  const written = [];
  const logging = createLogging({ level: "info", pretty: false, ...options, write: (text) => void written.push(text) });
  return { ...logging, written };
}
t.test("secrets are hidden wherever they stand", async (t2) => {
  const { log, written, lines } = capture();
  const testError = errorsOf({ TEST: { fault: "bug", hint: "none" } });
  const inner = Object.assign(new Error("inner"), { Token: "hunter2" });
  const error = testError("TEST", "it failed", { cause: inner, details: { password: "hunter2" } });
  Object.assign(error, { link: { tls: [{ key: "hunter2", cert: "public" }] } });
  log.child({ svc: "links", token: "hunter2" }).error({ error, password: "hunter2", a: { b: { c: { secret: "hunter2" } } } }, "down");
  log.warn({ err: error, key: { passphrase: "hunter2" } }, "again");
  t2.equal(written.length, 2);
  t2.notMatch(written.join(""), /hunter2/);
  t2.match(written[0], /"cert":"public"/);
  t2.notMatch(JSON.stringify([...lines()]), /hunter2/);
  t2.match([...lines()][0], { level: "error", service: "links", message: "down", fields: { password: "[secret]" } });
});
t.test("NDJSON: one line each, with level, time, message and the fields", async (t2) => {
  const { log, written } = capture({ level: "debug" });
  log.child({ svc: "broker" }).debug({ client: "a\nb" }, "two\nlines");
  log.trace("not written");
  t2.equal(written.length, 1);
  t2.match(written[0], /^[^\n]+\n$/);
  t2.match(JSON.parse(written[0]), { level: 20, time: Number, svc: "broker", client: "a\nb", msg: "two\nlines" });
});
t.test("for a person: one line each, in which nothing from the field moves the cursor", async (t2) => {
  const { log, written } = capture({ pretty: true });
  log.child({ svc: "broker" }).info({ client: "\x1B[2Jevil\x85\u202E", n: 7 }, "connected\nforged line");
  t2.match(
    written[0],
    /^\d\d:\d\d:\d\d\.\d{3} info {2}broker {3}connected\\nforged line client=\\u001b\[2Jevil\\u0085\\u202e n=7\n$/
  );
});
t.test("the ring has the newest 1,000 lines; a listener gets each until it is disposed", async (t2) => {
  const { log, lines, onLine } = capture();
  const heard = [];
  const listener = onLine((line) => void heard.push(line));
  for (let i = 0; i < 1001; i++) log.info({ i }, "line");
  listener[Symbol.dispose]();
  log.info("unheard");
  t2.equal(heard.length, 1001);
  const kept = [...lines()];
  t2.equal(kept.length, 1e3);
  t2.match([kept[0]?.fields.i, kept.at(-1)?.message], [2, "unheard"]);
});
t.test("the audit log is written whatever the level, and kept in the ring", async (t2) => {
  const { audit, log, written, lines } = capture({ level: "error" });
  log.info("not written");
  createAudit(audit)({ who: "control socket", action: "publish", target: "a".repeat(300), outcome: "done" });
  t2.equal(written.length, 1);
  t2.match(JSON.parse(written[0]), {
    svc: "audit",
    audit: true,
    who: "control socket",
    action: "publish",
    target: `${"a".repeat(199)}\u2026`,
    outcome: "done"
  });
  t2.match([...lines()], [{ service: "audit", message: "audit" }]);
});
//# sourceMappingURL=logging.test.js.map
