/** `hpmq provision` on a folder that looks like the image: what lies on the boot partition, and what it becomes. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hpmq, startHpmq } from '../support/cli.js';
import { tempFolder } from '../support/gateway.js';
import { needs } from '../support/peers.js';
import { CONFIG, machine, SETTINGS, USERS } from '../support/provision-machine.js';

t.test('the first start: all of it is applied, and nothing secret is left on the boot partition', async (t) => {
  const box = machine(t);
  box.put('hpmq.yaml', CONFIG);
  box.put('hpmq/users.yaml', USERS);
  box.put('hpmq/.DS_Store', 'x');
  box.put('provision.yaml', SETTINGS);
  const { code, stdout, stderr } = await box.provision();
  t.equal(code, 0, stderr);
  t.match(stdout, /taken in: provision\.yaml/);
  t.equal(box.read('etc/hpmq/hpmq.yaml'), CONFIG);
  t.equal(box.read('etc/hpmq/users.yaml'), USERS);
  t.equal(box.read('etc/hpmq/secrets/join-token'), 'to-ken-1');
  t.equal(box.read('proc/sys/kernel/hostname'), 'plant-7');
  t.equal(readlinkSync(join(box.root, 'run/hpmq-system/localtime')), '/usr/share/zoneinfo/Europe/Berlin');
  t.match(box.read('run/hpmq-system/wifi.conf'), /country=DE/);
  t.equal(statSync(join(box.root, 'etc/hpmq/secrets/join-token')).mode & 0o777, 0o640);
  t.equal(statSync(join(box.root, 'data/system/provision.json')).mode & 0o777, 0o600);
  t.notMatch(box.read('data/system/provision.json'), 'to-ken-1', 'the token is in one place');
  t.strictSame(readdirSync(box.boot).sort(), ['hpmq', 'provision.log'], 'a foreign file stays, and its folder');
  t.notMatch(box.read('boot/firmware/provision.log'), /correct horse|to-ken-1/);
  t.match(box.read('boot/firmware/provision.log'), /plant-7: ok\n {2}taken in: provision\.yaml/);
});

t.test('every later start writes the same files, and changes nothing else', async (t) => {
  const box = machine(t);
  box.put('hpmq.yaml', CONFIG);
  box.put('hpmq/users.yaml', USERS);
  box.put('provision.yaml', SETTINGS);
  await box.provision();
  const wifi = box.read('run/hpmq-system/wifi.conf');
  const log = box.read('boot/firmware/provision.log');
  execFileSync('rm', ['-r', join(box.root, 'run')]);
  writeFileSync(join(box.root, 'etc/hpmq/hpmq.yaml'), `${CONFIG}# changed on the box\n`);
  const { code, stdout } = await box.provision();
  t.equal(code, 0);
  t.equal(stdout, '');
  t.equal(box.read('run/hpmq-system/wifi.conf'), wifi);
  t.match(box.read('etc/hpmq/hpmq.yaml'), /changed on the box/);
  t.equal(box.read('boot/firmware/provision.log'), log);
});

t.test('without any file the gateway gets the safe configuration, and nobody gets in', async (t) => {
  const box = machine(t);
  const { code, stderr } = await box.provision();
  t.equal(code, 0, stderr);
  t.match(box.read('etc/hpmq/hpmq.yaml'), /127\.0\.0\.1/);
  t.notOk(existsSync(join(box.root, 'run/hpmq-system/authorized_keys')));
  t.match(box.read('run/hpmq-system/shadow'), /^admin:\*:/m);
  t.match(box.read('run/issue.d/hpmq.issue'), /no login here/);
  t.equal((await hpmq(t, ['config', 'check', join(box.root, 'etc/hpmq/hpmq.yaml')])).code, 0);
});

t.test('a configuration that is wrong is refused with its place; the old one holds, the rest is applied', async (t) => {
  const box = machine(t);
  box.put('hpmq.yaml', CONFIG);
  box.put('hpmq/users.yaml', USERS);
  await box.provision();
  box.put('hpmq.yaml', CONFIG.replace('port: 1883', 'port: 188300'));
  box.put('provision.yaml', 'hostname: plant-8\n');
  const { code, stdout } = await box.provision();
  t.equal(code, 1);
  t.match(stdout, /hpmq\.yaml:3:\d+: broker\.listeners\[0\]\.port: .*188300/);
  t.equal(box.read('etc/hpmq/hpmq.yaml'), CONFIG);
  t.equal(box.read('proc/sys/kernel/hostname'), 'plant-8');
  const log = box.read('boot/firmware/provision.log');
  t.match(log, /plant-8: not everything was taken in\n/);
  t.match(log, /hpmq\.yaml:3:\d+: .*188300[^\n]*\n\s+hint: /);
  t.ok(existsSync(join(box.boot, 'hpmq.yaml')), 'what was refused stays to be corrected');
  t.notOk(existsSync(join(box.boot, 'provision.yaml')));

  box.put('hpmq.yaml', CONFIG.replace('plant-7', 'plant-9'));
  t.equal((await box.provision()).code, 0, 'corrected, it is taken in beside the users of before');
  t.match(box.read('etc/hpmq/hpmq.yaml'), /plant-9/);
  t.equal(box.read('etc/hpmq/hpmq.yaml.previous'), CONFIG);
});

t.test('files that the configuration needs are judged with it', async (t) => {
  const box = machine(t);
  box.put('hpmq.yaml', CONFIG);
  const first = await box.provision();
  t.equal(first.code, 1);
  t.match(first.stdout, /cannot read the users: there is no such file/);
  t.notMatch(first.stdout, /hpmq-provision-/, 'no path of ours');
  t.match(box.read('etc/hpmq/hpmq.yaml'), /127\.0\.0\.1/, 'the safe one holds');
  box.put('hpmq/users.yaml', 'users: { anna: { roles: x } }\n');
  const second = await box.provision();
  t.equal(second.code, 1);
  t.match(second.stdout, /users\.yaml:1:\d+/);
});

t.test('settings that are wrong change nothing of what was set before', async (t) => {
  const box = machine(t);
  box.put('provision.yaml', SETTINGS);
  await box.provision();
  box.put('provision.yaml', 'hostname: plant-8\ntimezone: Europe/Atlantis\n');
  const { code, stdout } = await box.provision();
  t.equal(code, 1);
  t.match(stdout, /provision\.yaml: timezone: there is no time zone Europe\/Atlantis/);
  t.equal(box.read('proc/sys/kernel/hostname'), 'plant-7');
  box.put('provision.yaml', 'network: {}\n');
  t.equal((await box.provision()).code, 0);
  t.notOk(existsSync(join(box.root, 'run/hpmq-system/wifi.conf')), 'an empty section takes back');
  t.equal(box.read('proc/sys/kernel/hostname'), 'plant-7', 'an absent one does not');
});

t.test('keys made by ssh-keygen, of every kind', needs('ssh-keygen'), async (t) => {
  const box = machine(t);
  const keys = ['ed25519', 'ecdsa', 'rsa'].map((kind) => {
    const file = join(box.root, `id_${kind}`);
    execFileSync('ssh-keygen', ['-q', '-t', kind, '-N', '', '-C', `anna ${kind}`, '-f', file]);
    return readFileSync(`${file}.pub`, 'utf8').trim();
  });
  box.put('authorized_keys', `${keys.slice(1).join('\n')}\n`);
  box.put('provision.yaml', `ssh: { keys: [ '${keys[0]}' ] }\n`);
  const { code, stdout } = await box.provision();
  t.equal(code, 0, stdout);
  t.equal(box.read('run/hpmq-system/authorized_keys'), `${keys.join('\n')}\n`);
  const listed = execFileSync('ssh-keygen', ['-l', '-f', join(box.root, 'run/hpmq-system/authorized_keys')], {
    encoding: 'utf8',
  });
  t.equal(listed.trim().split('\n').length, 3, 'OpenSSH reads all of them');

  box.put('authorized_keys', readFileSync(join(box.root, 'id_ed25519'), 'utf8'));
  const refused = await box.provision();
  t.equal(refused.code, 1);
  t.match(refused.stdout, /authorized_keys:1:1: this is a private key/);
});

t.test('killed at any moment, the next start completes it', async (t) => {
  const box = machine(t);
  // Each kill comes a little later; the last runs end by themselves.
  for (let after = 0; after < 600; after += 60) {
    box.put('hpmq.yaml', CONFIG);
    box.put('hpmq/users.yaml', USERS);
    box.put('provision.yaml', SETTINGS);
    const peer = startHpmq(t, ['provision', '--from', box.boot, '--root', box.root]);
    setTimeout(() => peer.child.kill('SIGKILL'), 100 + after);
    await peer.ended;
    const { code, stdout } = await box.provision();
    t.equal(code, 0, `${after} ms: ${stdout}`);
    t.equal(box.read('etc/hpmq/hpmq.yaml'), CONFIG);
    t.equal(box.read('etc/hpmq/secrets/join-token'), 'to-ken-1');
    t.match(box.read('run/hpmq-system/wifi.conf'), /country=DE/);
    t.notOk(existsSync(join(box.boot, 'provision.yaml')));
  }
});

t.test('a machine that is not the image is left alone; --check works anywhere and changes nothing', async (t) => {
  const box = machine(t);
  box.put('hpmq.yaml', CONFIG);
  box.put('provision.yaml', 'hostname: a_b\n');
  const empty = tempFolder(t);
  const refused = await hpmq(t, ['provision', '--from', box.boot, '--root', empty]);
  t.equal(refused.code, 64);
  t.match(refused.stderr, /PROVISION_NOT_THE_IMAGE/);
  t.strictSame(readdirSync(empty), []);
  const before = readdirSync(box.boot);
  const checked = await hpmq(t, ['provision', '--from', box.boot, '--root', empty, '--check', '--json']);
  t.equal(checked.code, 1);
  const { problems } = JSON.parse(checked.stdout);
  t.match(problems, [{ file: 'provision.yaml', line: 1 }, { message: /cannot read the users/ }]);
  t.strictSame(readdirSync(box.boot), before);
  t.equal((await hpmq(t, ['provision', '--from', join(empty, 'none'), '--check'])).code, 64);
});

t.test('damaged memory of earlier settings is told, and the machine starts', async (t) => {
  const box = machine(t);
  writeFileSync(join(box.root, 'data/system/provision.json'), '{"version":1,"settings":{"hostname":"a b"}}');
  chmodSync(join(box.root, 'data/system/provision.json'), 0o600);
  const { code, stdout } = await box.provision();
  t.equal(code, 1);
  t.match(stdout, /provision\.json: cannot be read/);
  t.match(box.read('etc/hpmq/hpmq.yaml'), /127\.0\.0\.1/);
});

t.test('settings of a newer version, after a way back to this slot: what this one knows of them holds', async (t) => {
  const box = machine(t);
  const wifi = { ssid: 'plant', password: 'correct horse', country: 'DE', hidden: false, band: 6 };
  const settings = {
    hostname: 'plant-7',
    network: { wifi, modem: { apn: 'x' } },
    timezone: 7,
    vpn: { key: 'se-cret' },
  };
  writeFileSync(join(box.root, 'data/system/provision.json'), JSON.stringify({ version: 2, settings, taken: 1 }));
  const { code, stdout } = await box.provision();
  t.equal(code, 1);
  t.match(stdout, /provision\.json: .*network\.wifi\.band/);
  t.match(stdout, /network\.modem.*vpn/s);
  t.notMatch(stdout, /se-cret|correct horse/);
  t.equal(box.read('run/hpmq-system/hostname'), 'plant-7\n');
  t.match(box.read('run/hpmq-system/wifi.conf'), /sae_password="correct horse"/);
});

t.test('links in the folder of the configuration: a card that is refused changes nothing behind them', async (t) => {
  const box = machine(t);
  const users = join(box.root, 'etc/hpmq/users.yaml');
  writeFileSync(`${users}.of-anna`, USERS);
  symlinkSync(`${users}.of-anna`, users);
  symlinkSync('/nowhere', join(box.root, 'etc/hpmq/dangling'));
  box.put('hpmq.yaml', CONFIG);
  box.put('hpmq/users.yaml', 'users: { anna: { roles: x } }\n');
  t.equal((await box.provision()).code, 1);
  t.equal(readFileSync(users, 'utf8'), USERS);
  t.ok(lstatSync(users).isSymbolicLink());
});

t.test('what a cut left is not written through, keeps no mode, and does not stay', async (t) => {
  const box = machine(t);
  const victim = join(box.root, 'victim');
  writeFileSync(victim, 'as it was', { mode: 0o644 });
  mkdirSync(join(box.root, 'etc/hpmq/secrets'));
  symlinkSync(victim, join(box.root, 'etc/hpmq/secrets/.join-token.hpmq-new'));
  writeFileSync(join(box.root, 'etc/hpmq/secrets/.other.hpmq-new'), 'se-cret');
  writeFileSync(join(box.root, 'data/system/.provision.json.hpmq-new'), '', { mode: 0o666 });
  box.put('provision.yaml', SETTINGS);
  box.put('authorized_keys.hpmq-taken', 'se-cret');
  box.put('hpmq/users.yaml.hpmq-taken', 'se-cret');
  symlinkSync(victim, join(box.boot, 'provision.yaml.hpmq-taken'));
  const { code, stdout } = await box.provision();
  t.equal(code, 0, stdout);
  t.equal(readFileSync(victim, 'utf8'), 'as it was');
  t.equal(statSync(join(box.root, 'data/system/provision.json')).mode & 0o777, 0o600);
  t.strictSame(readdirSync(join(box.root, 'etc/hpmq/secrets')), ['join-token']);
  t.strictSame(readdirSync(box.boot).sort(), ['hpmq', 'provision.log']);
  t.strictSame(readdirSync(join(box.boot, 'hpmq')), []);
});

t.test('files that a computer has not written whole are told, and the rest is applied', async (t) => {
  const box = machine(t);
  box.put('hpmq.yaml', '\0'.repeat(300));
  box.put('authorized_keys', '\0'.repeat(80));
  box.put('provision.yaml', SETTINGS);
  const { code, stdout } = await box.provision();
  t.equal(code, 1);
  t.match(stdout, /authorized_keys: was not written whole[\s\S]*hpmq\.yaml: was not written whole/);
  t.match(box.read('run/hpmq-system/wifi.conf'), /country=DE/);
  t.ok(existsSync(join(box.boot, 'hpmq.yaml')));

  rmSync(join(box.boot, 'hpmq.yaml'));
  rmSync(join(box.boot, 'authorized_keys'));
  box.put('hpmq', 'a file');
  const again = await box.provision();
  t.equal(again.code, 1);
  t.match(again.stdout, /hpmq: is not a folder/);
});

t.test('the same file put there again is new', async (t) => {
  const box = machine(t);
  const taken = (name: string) => JSON.parse(box.read('data/system/provision.json')).taken[name];
  box.put('provision.yaml', SETTINGS);
  await box.provision();
  // As a cut between the removal and the last line of the memory leaves it.
  const memory = JSON.parse(box.read('data/system/provision.json'));
  const bytes = Buffer.from(SETTINGS.replace('plant-7', 'plant-8'));
  const hash = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(
    join(box.root, 'data/system/provision.json'),
    JSON.stringify({ ...memory, taken: { 'provision.yaml': hash } }),
  );
  await box.provision();
  t.equal(taken('provision.yaml'), undefined);
  box.put('provision.yaml', bytes.toString());
  t.equal((await box.provision()).code, 0);
  t.equal(box.read('proc/sys/kernel/hostname'), 'plant-8');
});
