import { generateKeyPairSync } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, {} from "tap";
import { AccessReload } from "../../src/access-reload.js";
import { createConfigSchema } from "../../src/config/schema.js";
import { readUsersFile } from "../../src/config/users.js";
import { silentLog } from "../../src/core/log.js";
import { tempFolder } from "../support/gateway.js";
import { ManualClock } from "../support/manual-clock.js";
const pem = () => String(generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }));
function start(t2) {
  const folder = tempFolder(t2);
  const [users, keys] = [join(folder, "users.yaml"), join(folder, "keys.pem")];
  writeFileSync(users, "users: { anna: {}, bert: {} }\nrules: [{ allow: all, topics: 'a/#' }]\n");
  writeFileSync(keys, pem());
  const auth = { users: "users.yaml", rules: [{ deny: "all", topics: "x/#" }], jwt: { keys: "keys.pem" } };
  const inputs = { folder, env: {}, hostName: "h" };
  const { access } = createConfigSchema([], inputs).parse({ broker: { auth } }).broker;
  const clock = new ManualClock();
  const applied = [];
  const audits = [];
  const reload = new AccessReload({
    access: { ...access, ...readUsersFile(users) },
    apply: (next) => void applied.push(next),
    clock,
    log: silentLog,
    audit: ({ action, outcome }) => void audits.push(`${action}: ${outcome}`)
  });
  t2.teardown(() => reload[Symbol.dispose]());
  const look = async () => {
    for (let i = 0; i < 3; i++) {
      await clock.advance(2e3);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { users, keys, applied, audits, reload, look, clock };
}
t.test("users: what is added, removed and changed; the rules of the configuration stay", async (t2) => {
  const { users, applied, audits, look } = start(t2);
  await look();
  t2.strictSame(applied, [], "nothing changed");
  writeFileSync(`${users}.new`, "users: { anna: { disabled: true }, carla: {} }\n");
  renameSync(`${users}.new`, users);
  await look();
  t2.equal(applied.length, 1);
  t2.match(applied[0], {
    users: [
      { name: "anna", disabled: true },
      { name: "carla", disabled: false }
    ],
    rules: [{ effect: "deny", topics: ["x/#"] }]
  });
  t2.equal(applied[0].rules.length, 1, "the rules of the file are gone with it");
  t2.strictSame(audits, ["reload access: done: ~anna +carla -bert"]);
});
t.test("a bad file: the old ones stay in force, an alarm says where, and goes with the mistake", async (t2) => {
  const { users, applied, audits, reload, look, clock } = start(t2);
  const since = clock.now();
  writeFileSync(users, "users:\n  anna: { role: [x] }\n  bert: { password: hunter2 }\n");
  await look();
  t2.strictSame(applied, []);
  const [alarm] = reload.alarms();
  t2.match(alarm, {
    severity: "error",
    subject: `file:${users}`,
    error: { code: "ACCESS_FILE_INVALID", fault: "config" }
  });
  t2.match(alarm.error.message, /users.yaml:2:11: users.anna.role: unknown key "role" \(and 1 more\)$/);
  t2.ok(alarm.since > since);
  t2.notMatch(JSON.stringify([alarm, audits]), /hunter2/);
  rmSync(users);
  await look();
  t2.match(reload.alarms()[0]?.error.message, /cannot read the users: there is no such file/);
  t2.equal(reload.alarms()[0]?.since, alarm.since, "it is one and the same trouble");
  writeFileSync(users, "users: { anna: {}, bert: {} }\n");
  await look();
  t2.strictSame(reload.alarms(), []);
  t2.equal(applied.length, 1);
  t2.strictSame(audits, [
    "reload access: ACCESS_FILE_INVALID",
    "reload access: ACCESS_FILE_INVALID",
    "reload access: done"
  ]);
});
t.test("keys of tokens", async (t2) => {
  const { keys, applied, reload, look } = start(t2);
  const next = pem();
  writeFileSync(keys, next);
  await look();
  t2.equal(applied.length, 1);
  t2.match(String(applied[0].jwt.keys.content), next);
  t2.equal(applied[0].users.length, 2, "users as they were");
  writeFileSync(keys, "nothing");
  await look();
  t2.equal(applied.length, 1);
  t2.match(reload.alarms()[0]?.error.message, /neither a JWK Set/);
});
//# sourceMappingURL=access-reload.test.js.map
