/** `hpmq service`, on a system in a folder; `npm run package:check` does the same on one that runs. */
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { serviceUnit, udevRules } from '../../src/systemd/unit.js';
import { hpmq } from '../support/cli.js';
import { tempFolder } from '../support/gateway.js';
import { needs } from '../support/peers.js';

function start(t: Test) {
  const root = join(tempFolder(t), 'root');
  const program = join(tempFolder(t), 'hpmq-linux');
  mkdirSync(root);
  writeFileSync(program, 'first\n');
  chmodSync(program, 0o700);
  const at = (path: string) => join(root, path);
  return {
    root,
    program,
    at,
    read: (path: string) => readFileSync(at(path), 'utf8'),
    service: (verb: string, ...more: readonly string[]) => hpmq(t, ['service', verb, '--root', root, ...more]),
    install: (...more: readonly string[]) =>
      hpmq(t, ['service', 'install', '--root', root, '--executable', program, ...more]),
  };
}

const UNIT = 'etc/systemd/system/hpmq.service';
const peers = needs('systemctl');

t.test(
  'install: program, unit, rules, user, configuration, enabled; again there is nothing to do',
  peers,
  async (t) => {
    const { install, at, read, program, root } = start(t);
    const dry = await install('--dry-run');
    t.equal(dry.code, 0);
    t.notOk(existsSync(at('etc')), 'a dry run does nothing');
    const done = await install();
    t.equal(done.code, 0, done.stderr);
    t.equal(dry.stdout.replace(/^would /gm, ''), done.stdout, 'and says what would be done');
    t.equal(statSync(at('usr/local/bin/hpmq')).mode & 0o777, 0o755);
    t.match(read(UNIT), 'ExecStart=/usr/local/bin/hpmq run --config /etc/hpmq/hpmq.yaml\n');
    t.match(read('etc/sysusers.d/hpmq.conf'), /^u hpmq .*\nm hpmq dialout$/m);
    t.match(read('etc/udev/rules.d/60-hpmq.rules'), 'latency_timer');
    t.equal((await hpmq(t, ['config', 'check', at('etc/hpmq/hpmq.yaml')])).code, 0);
    t.equal(readlinkSync(at('etc/systemd/system/multi-user.target.wants/hpmq.service')), `/${UNIT}`);
    const again = await install();
    t.strictSame(again, { code: 0, stdout: '', stderr: 'nothing to do: it is installed already\n' });

    writeFileSync(program, 'second\n');
    writeFileSync(at('etc/hpmq/hpmq.yaml'), '# ours\n');
    t.equal((await install()).stdout, `copy ${program} to ${join(root, 'usr/local/bin/hpmq')}\n`);
    t.equal(read('usr/local/bin/hpmq'), 'second\n');
    t.equal(read('etc/hpmq/hpmq.yaml'), '# ours\n', 'the configuration is not ours any more');
  },
);

t.test('uninstall keeps configuration and data; --purge asks first', peers, async (t) => {
  const { install, service, at } = start(t);
  await install();
  mkdirSync(at('var/lib/hpmq'), { recursive: true });
  t.equal((await service('uninstall')).code, 0);
  for (const path of [UNIT, 'usr/local/bin/hpmq', 'etc/sysusers.d/hpmq.conf', 'etc/udev/rules.d/60-hpmq.rules']) {
    t.notOk(existsSync(at(path)), path);
  }
  t.ok(existsSync(at('etc/hpmq/hpmq.yaml')) && existsSync(at('var/lib/hpmq')));
  t.match(await service('uninstall'), { code: 0, stdout: '', stderr: /nothing to do/ });
  t.match(await service('uninstall', '--purge'), { code: 64, stderr: /CLI_NOT_CONFIRMED/ });
  t.ok(existsSync(at('var/lib/hpmq')));
  t.equal((await service('uninstall', '--purge', '--yes')).code, 0);
  t.notOk(existsSync(at('etc/hpmq')) || existsSync(at('var/lib/hpmq')));
});

t.test('what is not ours is left alone', peers, async (t) => {
  const { install, service, at, read } = start(t);
  mkdirSync(at('etc/systemd/system'), { recursive: true });
  writeFileSync(at(UNIT), '[Service]\nExecStart=/opt/hpmq\n');
  t.match(await install(), { code: 64, stderr: /SERVICE_FOREIGN_FILE/ });
  t.notOk(existsSync(at('usr')), 'and nothing was begun');
  t.match(await service('uninstall'), { code: 0, stderr: /nothing to do/ });
  t.match(read(UNIT), '/opt/hpmq');
  const other = start(t);
  mkdirSync(other.at('lib/systemd/system'), { recursive: true });
  writeFileSync(other.at('lib/systemd/system/hpmq.service'), '');
  t.match(await other.install(), { code: 64, stderr: /a package has installed the service/ });
});

t.test('what cannot be: no executable, no such root, no systemd', async (t) => {
  const { root } = start(t);
  t.match(await hpmq(t, ['service', 'install', '--root', root]), { code: 64, stderr: /SERVICE_NO_EXECUTABLE/ });
  t.match(await hpmq(t, ['service', 'install', '--root', root, '--executable', join(root, 'none')]), {
    code: 64,
    stderr: /there is no file/,
  });
  t.match(await hpmq(t, ['service', 'uninstall', '--root', join(root, 'none')]), {
    code: 78,
    stderr: /there is no folder/,
  });
  if (!existsSync('/run/systemd/system')) {
    t.match(await hpmq(t, ['service', 'status']), { code: 64, stderr: /this box is not run by systemd/ });
  }
});

t.test('paths with blanks, quotes, specifiers and variables stay paths', async (t) => {
  const unit = serviceUnit({ executable: '/opt/my "box"/%h/$HOME/hpmq', config: '/etc/hpmq/hpmq.yaml' });
  t.match(unit, '\nExecStart="/opt/my \\"box\\"/%%h/$$HOME/hpmq" run --config /etc/hpmq/hpmq.yaml\n');
});

t.test('udev rules: every line is a rule, a comment or empty; no modem is among the vendors', async (t) => {
  const lines = udevRules()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of lines) t.match(line, /^(\w+(\{\w+\})?(==|!=|=)"[^"]+"(, )?)+$/);
  // Huawei, ZTE, Quectel, Sierra, SIMCom, u-blox.
  for (const vendor of ['12d1', '19d2', '2c7c', '1199', '1e0e', '1546']) t.notMatch(udevRules(), `"${vendor}"`);
});
