/** Users and keys read again when their files change: a bad file changes nothing, and is told of until it is good. */
import { generateKeyPairSync } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { AccessReload } from '../../src/access-reload.js';
import { createConfigSchema } from '../../src/config/schema.js';
import { readUsersFile } from '../../src/config/users.js';
import type { AccessConfig } from '../../src/core/config.js';
import { silentLog } from '../../src/core/log.js';
import { tempFolder } from '../support/gateway.js';
import { ManualClock } from '../support/manual-clock.js';

const pem = () => String(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }));

function start(t: Test) {
  const folder = tempFolder(t);
  const [users, keys] = [join(folder, 'users.yaml'), join(folder, 'keys.pem')];
  writeFileSync(users, "users: { anna: {}, bert: {} }\nrules: [{ allow: all, topics: 'a/#' }]\n");
  writeFileSync(keys, pem());
  const auth = { users: 'users.yaml', rules: [{ deny: 'all', topics: 'x/#' }], jwt: { keys: 'keys.pem' } };
  const inputs = { folder, env: {}, hostName: 'h' };
  const { access } = createConfigSchema([], inputs).parse({ broker: { auth } }).broker;
  const clock = new ManualClock();
  const applied: AccessConfig[] = [];
  const audits: string[] = [];
  const reload = new AccessReload({
    access: { ...access!, ...readUsersFile(users) },
    apply: (next) => void applied.push(next),
    clock,
    log: silentLog,
    readUsers: async (file) => readUsersFile(file),
    audit: ({ action, outcome }) => void audits.push(`${action}: ${outcome}`),
  });
  t.teardown(() => reload[Symbol.dispose]());
  /** Looks twice: what changed must have stood still for one interval. */
  const look = async () => {
    for (let i = 0; i < 3; i++) {
      await clock.advance(2_000);
      // The files are asked for in a thread.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { users, keys, applied, audits, reload, look, clock };
}

t.test('users: what is added, removed and changed; the rules of the configuration stay', async (t) => {
  const { users, applied, audits, look } = start(t);
  await look();
  t.strictSame(applied, [], 'nothing changed');
  writeFileSync(`${users}.new`, 'users: { anna: { disabled: true }, carla: {} }\n');
  renameSync(`${users}.new`, users);
  await look();
  t.equal(applied.length, 1);
  t.match(applied[0], {
    users: [
      { name: 'anna', disabled: true },
      { name: 'carla', disabled: false },
    ],
    rules: [{ effect: 'deny', topics: ['x/#'] }],
  });
  t.equal(applied[0]!.rules.length, 1, 'the rules of the file are gone with it');
  t.strictSame(audits, ['reload access: done: ~anna +carla -bert']);
});

t.test('a bad file: the old ones stay in force, an alarm says where, and goes with the mistake', async (t) => {
  const { users, applied, audits, reload, look, clock } = start(t);
  const since = clock.now();
  writeFileSync(users, 'users:\n  anna: { role: [x] }\n  bert: { password: hunter2 }\n');
  await look();
  t.strictSame(applied, []);
  const [alarm] = reload.alarms();
  t.match(alarm, {
    severity: 'error',
    subject: `file:${users}`,
    error: { code: 'ACCESS_FILE_INVALID', fault: 'config' },
  });
  t.match(alarm!.error.message, /users.yaml:2:11: users.anna.role: unknown key "role" \(and 1 more\)$/);
  t.ok(alarm!.since > since);
  t.notMatch(JSON.stringify([alarm, audits]), /hunter2/);
  rmSync(users);
  await look();
  t.match(reload.alarms()[0]?.error.message, /cannot read the users: there is no such file/);
  t.equal(reload.alarms()[0]?.since, alarm!.since, 'it is one and the same trouble');
  writeFileSync(users, 'users: { anna: {}, bert: {} }\n');
  await look();
  t.strictSame(reload.alarms(), []);
  t.equal(applied.length, 1);
  t.strictSame(audits, [
    'reload access: ACCESS_FILE_INVALID',
    'reload access: ACCESS_FILE_INVALID',
    'reload access: done',
  ]);
});

t.test('keys of tokens', async (t) => {
  const { keys, applied, reload, look } = start(t);
  const next = pem();
  writeFileSync(keys, next);
  await look();
  t.equal(applied.length, 1);
  t.match(String((applied[0]!.jwt!.keys as { content: Buffer }).content), next);
  t.equal(applied[0]!.users.length, 2, 'users as they were');
  writeFileSync(keys, 'nothing');
  await look();
  t.equal(applied.length, 1);
  t.match(reload.alarms()[0]?.error.message, /neither a JWK Set/);
});
