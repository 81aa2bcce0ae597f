/** `hpmq run` on every broken configuration: it says where and what to do, exits 78, and starts nothing. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runHpmq, tempFolder } from '../support/gateway.js';
import { repoRoot } from '../support/peers.js';

const folder = join(repoRoot, 'test', 'cli', 'broken-configs');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

// Each file starts a process.
t.test(`${files.length} broken configurations, and one that is not there`, { timeout: 600_000 }, async (t) => {
  const temp = tempFolder(t);
  t.ok(files.length >= 20);
  const waiting = [...files, 'absent.yaml'];
  const runSome = async () => {
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      const socket = join(temp, `${file}.sock`);
      const { code, stdout, stderr } = await runHpmq(['run', '-c', file, '--socket', socket], { cwd: folder });
      t.equal(code, 78, `${file}: exit code`);
      const isAbsent = file === 'absent.yaml' || file === 'missing-users-file.yaml';
      const where = isAbsent ? /^[\w-]+\.yaml: .+\n {2}hint: .+/ : /^[^:]+:\d+:\d+: .+\n {2}hint: .+/;
      t.match(stderr, where, `${file}: place, problem and hint`);
      t.notMatch(stderr, /gateway is up|listens|\n {4}at /, `${file}: nothing starts, no stack`);
      t.equal(stdout, '');
      t.notOk(existsSync(socket), `${file}: no control socket`);
    }
  };
  await Promise.all([runSome(), runSome(), runSome()]);
});
