/** `hpmq user`: results, errors, and what is in the file afterwards. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import t, { type Test } from 'tap';
import type { Streams } from '../../src/cli/cli.js';
import { main } from '../../src/cli/program.js';
import { readUsersFile } from '../../src/config/users.js';
import { editUsersFile } from '../../src/config/users-edit.js';
import { parsePasswordHash, verifyPassword } from '../../src/core/password.js';
import { hpmq } from '../support/cli.js';
import type { Outcome } from '../support/gateway.js';
import { needs } from '../support/peers.js';

interface Input {
  readonly stdin?: string;
  readonly env?: Record<string, string>;
}

/** In this process, which is much quicker than sixty new ones. */
async function runHere(cwd: string, args: readonly string[], { stdin = '', env = {} }: Input): Promise<Outcome> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const here = process.cwd();
  process.chdir(cwd);
  try {
    const streams = { stdin: Readable.from([Buffer.from(stdin)]), stdout, stderr };
    const code = await main(args, streams as unknown as Streams, env);
    return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
  } finally {
    process.chdir(here);
  }
}

function start(t: Test, files: Record<string, string> = {}) {
  const cwd = t.testdir({ 'hpmq.yaml': 'broker: { auth: { users: users.yaml } }\n', ...files });
  const file = join(cwd, 'users.yaml');
  return {
    cwd,
    file,
    run: (args: readonly string[], options: Input = {}) => runHere(cwd, ['user', ...args], options),
    user: (name: string) => readUsersFile(file).users.find((one) => one.name === name),
    opens: (name: string, password: string) => {
      const user = readUsersFile(file).users.find((one) => one.name === name);
      return verifyPassword(parsePasswordHash(user!.password!)!, Buffer.from(password));
    },
  };
}

t.test('add creates the file, for its owner alone; the password comes from a pipe or a file', async (t) => {
  const { cwd, file, run, user, opens } = start(t, { secret: 'geheim\n' });
  const words = ['user', 'add', 'anna', '--role', 'operator', '--role', 'viewer'];
  const added = await hpmq(t, words, { cwd, stdin: 'pässword\n' });
  t.strictSame(added, {
    code: 0,
    stdout: 'anna: added\n',
    stderr: 'in users.yaml; a running gateway takes it over within seconds\n',
  });
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.match(readFileSync(file, 'utf8'), /^# Users of the MQTT broker; written by `hpmq user`/);
  t.equal(await opens('anna', 'pässword'), true);
  t.equal(await opens('anna', 'pässword\n'), false);
  t.match(user('anna'), { roles: ['operator', 'viewer'], disabled: false });
  const quiet = await run(['add', 'meter-7', '--client-id', 'meter-7*', '--password-file', 'secret', '-q', '--json']);
  t.equal(quiet.stderr, '');
  t.strictSame(JSON.parse(quiet.stdout), { user: 'meter-7', action: 'added', file });
  t.equal(await opens('meter-7', 'geheim'), true);
  t.strictSame(user('meter-7')?.clientIds, ['meter-7*']);
  const none = await run(['add', 'line-3', '--no-password']);
  t.equal(none.code, 0);
  t.equal(user('line-3')?.password, undefined);
  t.notOk(existsSync(join(cwd, 'users.yaml.new')));
});

t.test('passwd, disable, enable, rm; comments and rules of the file stay', async (t) => {
  const { file, run, user, opens } = start(t, {
    'users.yaml': `# Who works here
users:
  anna: { roles: [operator] } # since 2019
  bert: {}
rules:
  - { allow: all, topics: 'a/#' }
`,
  });
  t.equal((await run(['passwd', 'anna', '--scram'], { stdin: 'one' })).stdout, 'anna: changed\n');
  t.equal(await opens('anna', 'one'), true);
  t.match(user('anna')?.scram, /^SCRAM-SHA-256\$15000:/);
  await run(['passwd', 'anna'], { stdin: 'two' });
  t.equal(user('anna')?.scram, undefined, 'the credential of the old password is gone');
  t.equal((await run(['disable', 'anna'])).stdout, 'anna: disabled\n');
  t.equal(user('anna')?.disabled, true);
  t.equal((await run(['enable', 'anna'])).stdout, 'anna: enabled\n');
  t.match(user('anna'), { disabled: false, roles: ['operator'] });
  t.equal((await run(['rm', 'bert'])).stdout, 'bert: removed\n');
  t.equal(user('bert'), undefined);
  const text = readFileSync(file, 'utf8');
  t.match(text, /^# Who works here\n/);
  t.match(text, /# since 2019/);
  t.match(readUsersFile(file).rules, [{ effect: 'allow', topics: ['a/#'] }]);
});

t.test('list shows no hash', async (t) => {
  const { run } = start(t);
  t.strictSame(await run(['list']), { code: 0, stdout: '', stderr: 'there are no users\n' });
  await run(['add', 'anna', '--role', 'operator', '--scram'], { stdin: 'x' });
  await run(['add', 'line-3', '--no-password', '--client-id', 'line-3']);
  await run(['disable', 'line-3']);
  const { stdout } = await run(['list']);
  t.equal(
    stdout.replace(/ +$/gm, ''),
    `USER    STATE     PASSWORD  SCRAM  ROLES     CLIENT IDS
anna    enabled   scrypt    yes    operator  any
line-3  disabled  none      no               line-3
`,
  );
  const json = await run(['list', '--json']);
  t.notMatch(json.stdout, /\$/);
  t.match(JSON.parse(json.stdout), { items: [{ user: 'anna', scram: true, clientIds: null }, { state: 'disabled' }] });
});

t.test('import of a file of mosquitto_passwd', needs('mosquitto_passwd'), async (t) => {
  const { cwd, run, opens } = start(t);
  const passwd = join(cwd, 'passwd');
  execFileSync('mosquitto_passwd', ['-c', '-b', passwd, 'anna', 'one'], { stdio: 'ignore' });
  execFileSync('mosquitto_passwd', ['-H', 'sha512', '-b', passwd, 'bert', 'two'], { stdio: 'ignore' });
  await run(['add', 'anna'], { stdin: 'mine' });
  t.equal((await run(['import', 'passwd'])).stdout, '1 user imported, 1 existed already\n');
  t.equal(await opens('anna', 'mine'), true);
  t.equal(await opens('bert', 'two'), true);
  t.strictSame(JSON.parse((await run(['import', 'passwd', '--replace', '--json'])).stdout), {
    imported: 2,
    kept: 0,
    file: join(cwd, 'users.yaml'),
  });
  t.equal(await opens('anna', 'one'), true);
  writeFileSync(passwd, 'anna:hunter2\n');
  const plain = await run(['import', 'passwd']);
  t.equal(plain.code, 64);
  t.equal(
    plain.stderr,
    `error: passwd:1: expected user:hash; nothing was imported
  code  CLI_BAD_IMPORT  (more: hpmq explain CLI_BAD_IMPORT)
hint: hash passwords in clear with \`mosquitto_passwd -U FILE\` first
`,
  );
});

t.test('mistakes are told, and change nothing', async (t) => {
  const { cwd, file, run } = start(t, { 'users.yaml': 'users: { anna: {} }\n', empty: '', two: 'a\nb\n' });
  const before = readFileSync(file, 'utf8');
  for (const [args, stdin, message] of [
    [['add', 'anna'], 'x', 'there is a user "anna" already'],
    [['passwd', 'ana'], 'x', 'there is no user "ana"'],
    [['rm', 'nobody'], '', 'there is no user "nobody"'],
    [['add', 'bert'], '', 'the password is empty'],
    [['add', 'bert', '--password-file', 'empty'], '', 'the password is empty'],
    [['add', 'bert', '--password-file', 'two'], '', 'the password has more than one line'],
    [['add', 'bert', '--password-file', 'nonesuch'], '', 'cannot read nonesuch: there is no such file'],
    [['add', 'bert'], 'x'.repeat(70_000), 'the password has more than 65535 bytes'],
    [['add', 'bert', '--scram'], '\u0007x', 'the password has characters that SCRAM does not allow (RFC 4013)'],
    [['add', 'an*na'], 'x', '"an*na" cannot be a user name'],
    [['add', '__proto__'], 'x', '"__proto__" cannot be a user name'],
    [['add', 'bert', '--role', 'anonymous'], 'x', '"anonymous" cannot be a role'],
    [['import', 'nonesuch'], '', 'cannot read nonesuch: there is no such file'],
  ] as const) {
    const outcome = await run(args, { stdin });
    t.equal(outcome.code, 64, args.join(' '));
    t.equal(outcome.stderr.split('\n')[0], `error: ${message}`, args.join(' '));
    t.equal(outcome.stdout, '');
  }
  t.match((await run(['passwd', 'ana'], { stdin: 'x' })).stderr, /hint: did you mean anna\?/);
  t.equal((await run(['add', 'bert', 'hunter2'])).code, 64, 'a password is no argument');
  t.equal(readFileSync(file, 'utf8'), before);
  t.notOk(existsSync(join(cwd, 'users.yaml.new')));
});

t.test('a broken file is not touched; nor one that another command is writing', async (t) => {
  const { cwd, file, run } = start(t, { 'users.yaml': 'users:\n  anna: { role: [x] }\n' });
  const broken = await run(['add', 'bert'], { stdin: 'x' });
  t.equal(broken.code, 78);
  t.match(broken.stderr, /^users.yaml:2:11: users.anna.role: unknown key "role"\n/);
  writeFileSync(file, 'users: { anna: {} }\n');
  const lock = join(cwd, 'users.yaml.new');
  writeFileSync(lock, '');
  const busy = await run(['add', 'bert'], { stdin: 'x' });
  t.equal(busy.code, 75);
  t.match(busy.stderr, /USERS_LOCKED/);
  utimesSync(lock, 1, 1);
  t.equal((await run(['add', 'bert'], { stdin: 'x' })).code, 0, 'left by a crash');
});

t.test(
  "a command that stood still while another took its turn does not put that one's half file in place",
  async (t) => {
    const { cwd, file } = start(t, { 'users.yaml': 'users: { anna: {} }\n' });
    const lock = join(cwd, 'users.yaml.new');
    const overtaken = () =>
      editUsersFile(file, 'users.yaml', (users) => {
        unlinkSync(lock);
        writeFileSync(lock, 'half of');
        users.set('bert', {});
      });
    t.throws(overtaken, { code: 'USERS_LOCKED' });
    t.equal(readFileSync(file, 'utf8'), 'users: { anna: {} }\n');
    t.equal(readFileSync(lock, 'utf8'), 'half of', 'it is not ours to remove');
  },
);

t.test('a new file in a folder whose files belong to its group can be read by the group', async (t) => {
  const { cwd, file, run } = start(t);
  chmodSync(cwd, 0o2750);
  t.equal((await run(['add', 'anna'], { stdin: 'x' })).code, 0);
  t.equal(statSync(file).mode & 0o777, 0o640);
});

t.test('the mode for the group, and a symbolic link, stay', async (t) => {
  const { cwd, file, run, user } = start(t, { 'real.yaml': 'users: {}\n' });
  chmodSync(join(cwd, 'real.yaml'), 0o644);
  symlinkSync('real.yaml', file);
  t.equal((await run(['add', 'anna'], { stdin: 'x' })).code, 0);
  t.equal(statSync(join(cwd, 'real.yaml')).mode & 0o777, 0o640, 'others see no hashes');
  t.ok(user('anna'));
});

t.test('which file: of the configuration, of the environment, of the command line', async (t) => {
  const { cwd, run } = start(t, { 'hpmq.yaml': 'gateway: {}\n' });
  const none = await run(['list']);
  t.equal(none.code, 78);
  t.match(none.stderr, /^error: the configuration names no file of users\n/);
  t.equal((await run(['add', 'a', '--users-file', 'x.yaml'], { stdin: 'x' })).code, 0);
  t.equal((await run(['list', '-q'], { env: { HPMQ_BROKER__AUTH__USERS: 'x.yaml' } })).code, 0);
  t.ok(existsSync(join(cwd, 'x.yaml')));
  writeFileSync(join(cwd, 'hpmq.yaml'), 'broker: { auth: { users: { anna: {} } } }\n');
  t.match((await run(['list'])).stderr, /^error: the users are in the configuration itself\n/);
  writeFileSync(join(cwd, 'hpmq.yaml'), 'broker: { auth: { users: new.yaml }, nonsense: 1 }\n');
  t.equal((await run(['add', 'a'], { stdin: 'x' })).code, 0, 'another mistake in it does not matter');
});
