/** The configuration read in a thread: the same as without one, bytes and problems included. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadAdapters } from '../../src/builtin.js';
import { ConfigError } from '../../src/config/errors.js';
import { loadConfig } from '../../src/config/load.js';
import { effectiveYaml } from '../../src/config/show.js';
import { readUsersFile } from '../../src/config/users.js';
import { loadConfigApart, readUsersApart } from '../../src/config-thread.js';
import { tempFolder } from '../support/gateway.js';
import { repoRoot } from '../support/peers.js';

async function inThisThread(file: string, cwd: string) {
  const adapters = await loadAdapters();
  const loaded = loadConfig({ file, env: process.env, cwd, adapters });
  return { config: loaded.config, file: loaded.file, yaml: effectiveYaml(loaded, adapters) };
}

t.test('the example is what it is without a thread', async (t) => {
  const file = join(repoRoot, 'hpmq.example.yaml');
  t.strictSame(await loadConfigApart(file, repoRoot), { kind: 'config', ...(await inThisThread(file, repoRoot)) });
});

t.test('secrets are Buffers on this side, too', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'secret'), 'a secret of at least thirty-two bytes!');
  const file = join(folder, 'hpmq.yaml');
  writeFileSync(
    file,
    'gateway: { id: g, data: data }\nbroker: { auth: { users: { anna: {} }, jwt: { secret: { file: secret } } } }\n',
  );
  const { config } = await loadConfigApart(file, folder);
  t.strictSame(config, (await inThisThread(file, folder)).config);
  const keys = config.broker.access?.jwt?.keys;
  t.ok(keys !== undefined && 'secret' in keys && Buffer.isBuffer(keys.secret));
});

t.test('every problem comes with its place', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'hpmq.yaml');
  writeFileSync(file, 'gateway: { idd: 1 }\nbroker: { listeners: 7 }\n');
  const problemsOf = async (promise: Promise<unknown>) => {
    const error: unknown = await promise.catch((reason: unknown) => reason);
    if (!(error instanceof ConfigError)) throw error;
    return { message: error.message, problems: error.problems };
  };
  const here = await problemsOf(inThisThread(file, folder));
  t.ok(here.problems.length >= 2);
  t.strictSame(await problemsOf(loadConfigApart(file, folder)), here);
});

t.test('a users file, good and bad', async (t) => {
  const file = join(tempFolder(t), 'users.yaml');
  writeFileSync(file, "users: { anna: {} }\nrules: [{ allow: all, topics: 'a/#' }]\n");
  t.strictSame(await readUsersApart(file), readUsersFile(file));
  writeFileSync(file, 'users: { anna: { role: [x] } }\n');
  await t.rejects(readUsersApart(file), { code: 'CONFIG_INVALID', message: /unknown key "role"/ });
});
