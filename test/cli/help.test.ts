/** Help, usage errors, and what is loaded for them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { version } from '../../src/version.js';
import { hpmq } from '../support/cli.js';
import { hpmqEntry, tempFolder } from '../support/gateway.js';
import { repoRoot, startPeer } from '../support/peers.js';

const commands = [
  '',
  'run',
  'status',
  'config',
  'config check',
  'config show',
  'config schema',
  'config reference',
  'client',
  'client list',
  'client show',
  'client kick',
  'device',
  'device list',
  'device plan',
  'device show',
  'device identify',
  'port',
  'port list',
  'port show',
  'point',
  'point list',
  'point read',
  'point write',
  'point watch',
  'profile',
  'profile list',
  'profile show',
  'profile test',
  'import',
  'provision',
  'server',
  'server list',
  'link',
  'link list',
  'link show',
  'link drain',
  'link forget',
  'function',
  'function list',
  'function show',
  'function logs',
  'function deploy',
  'function dev',
  'function rollback',
  'function reload',
  'function pause',
  'function resume',
  'topic',
  'topic pub',
  'topic tail',
  'history',
  'history list',
  'history show',
  'store',
  'store stat',
  'update',
  'update install',
  'update status',
  'update mark-good',
  'update rollback',
  'flash',
  'user',
  'user add',
  'user passwd',
  'user rm',
  'user disable',
  'user enable',
  'user list',
  'user import',
  'tui',
  'demo',
  'simulate',
  'simulate modbus-tcp',
  'simulate modbus-rtu',
  'service',
  'service install',
  'service uninstall',
  'service status',
  'completion',
  'explain',
  'version',
];

for (const command of commands) {
  t.test(`hpmq ${command} --help: examples first, exit codes last`, async (t) => {
    const words = command === '' ? [] : command.split(' ');
    const { code, stdout, stderr } = await hpmq(t, [...words, '--help']);
    t.equal(code, 0);
    t.equal(stderr, '');
    const [purpose, , examples] = stdout.split('\n');
    t.match(purpose, /^[A-Z]/, 'begins with its purpose');
    t.equal(examples, 'Examples:');
    t.match(stdout, `Usage: hpmq${command === '' ? '' : ` ${command}`}`);
    t.match(stdout.trimEnd().split('\n').at(-1), /^Exit codes: /);
  });
}

t.test('hpmq --help loads nothing but commander', async (t) => {
  const hook = join(tempFolder(t), 'hook.mjs');
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module';
import { writeSync } from 'node:fs';
registerHooks({ load(url, context, next) { writeSync(2, 'loaded ' + url + '\\n'); return next(url, context); } });
`,
  );
  const peer = startPeer(t, process.execPath, ['--import', hook, hpmqEntry, '--help']);
  t.equal(await peer.ended, 0);
  const loaded = peer
    .stderr()
    .split('\n')
    .filter((line) => line.startsWith('loaded file:'));
  t.ok(
    loaded.some((url) => url.includes('/commander/')),
    'the hook sees packages',
  );
  t.strictSame(
    loaded.filter((url) => /node_modules/.test(url) && !url.includes('/commander/')),
    [],
  );
  t.strictSame(
    loaded.filter((url) => /\/src\/(config\/(?!errors)|tui|broker|devices|links|api|demo)\//.test(url)),
    [],
  );
});

t.test('hpmq help COMMAND is the help of the command', async (t) => {
  const forms = [
    ['point', 'write', '--help'],
    ['help', 'point', 'write'],
    ['point', 'help', 'write'],
  ];
  const [flag, ...others] = await Promise.all(forms.map((words) => hpmq(t, words)));
  t.match(flag?.stdout, 'Usage: hpmq point write');
  for (const help of others) t.strictSame(help, flag);
});

t.test('a command that lacks its verb shows its help on stderr', async (t) => {
  const { code, stdout, stderr } = await hpmq(t, ['device']);
  t.equal(code, 64);
  t.equal(stdout, '');
  t.match(stderr, 'Usage: hpmq device');
});

const names = commands.filter((name) => /^[a-z]+$/.test(name)).join(', ');

const mistakes: readonly (readonly [args: readonly string[], message: string, hint: string])[] = [
  [['devce'], 'unknown command "devce"', 'did you mean device?'],
  [['config', 'chek'], 'unknown command "chek"', 'did you mean check?'],
  [['status', '--jsn'], 'unknown option "--jsn"', 'did you mean --json?'],
  [['help', 'nope'], 'unknown command "nope"', `known commands: ${names}`],
  [['help', 'devce'], 'unknown command "devce"', 'did you mean device?'],
  [['help', 'point', 'writ'], 'unknown command "writ"', 'did you mean write?'],
  [['point', 'help', 'writ'], 'unknown command "writ"', 'did you mean write?'],
  [['nope', '--help'], 'unknown command "nope"', `known commands: ${names}`],
  [
    ['point', 'write', 'a.b'],
    'missing required argument "value"',
    'write `hpmq point write <point> <value>`, or see its --help',
  ],
  [
    ['point', 'write', 'a', 'b', '1', '2'],
    'too many arguments for "write"',
    'write `hpmq point write <point> <value>`, or see its --help',
  ],
  [['status', 'extra'], 'too many arguments for "status"', 'write `hpmq status`, or see its --help'],
  [['status', '--timeout', '5'], '"5" is not a duration from 1ms to 1h', 'write --timeout 500ms, 5s or 2m'],
  [['topic', 'pub', 'a', 'b', '--qos', '3'], '"3" is not a quality of service', 'write --qos 0, 1 or 2'],
  [['topic', 'pub', 'a/#', 'b'], '"a/#" is not a topic: contains a wildcard', 'write a topic without wildcards'],
  [
    ['topic', 'tail', 'a/#/b'],
    '"a/#/b" is not a topic filter: wildcard is misplaced',
    "quote it: 'plant/+/temperature' or 'plant/#'",
  ],
  [['simulate', 'modbus-tcp', '--port', '99999'], '"99999" is not a number from 0 to 65535', 'write --port 1502'],
];

for (const [args, message, hint] of mistakes) {
  t.test(`hpmq ${args.join(' ')}: usage`, async (t) => {
    const { code, stdout, stderr } = await hpmq(t, args);
    t.equal(code, 64);
    t.equal(stdout, '');
    t.equal(stderr, `error: ${message}\nhint: ${hint}\n`);
  });
}

t.test('usage errors are JSON with --json, wherever it stands', async (t) => {
  const { code, stdout, stderr } = await hpmq(t, ['--json', 'devce']);
  t.equal(code, 64);
  t.equal(stderr, '');
  t.match(JSON.parse(stdout), { error: { code: 'CLI_USAGE', fault: 'caller', hint: 'did you mean device?' } });
  const verb = await hpmq(t, ['device', '--json']);
  t.equal(verb.code, 64);
  t.match(JSON.parse(verb.stdout), { error: { code: 'CLI_USAGE', message: 'the command is incomplete' } });
});

t.test('no gateway: exit 69 and how to start one', async (t) => {
  const socket = join(tempFolder(t), 'none.sock');
  const text = await hpmq(t, ['status', '--socket', socket]);
  t.equal(text.code, 69);
  t.equal(
    text.stderr,
    `error: no gateway answers on ${socket}
  code  GATEWAY_NOT_RUNNING  (more: hpmq explain GATEWAY_NOT_RUNNING)
hint: start it with \`hpmq run\`, or name its socket with --socket
`,
  );
  const json = await hpmq(t, ['point', 'watch', '--json'], { env: { HPMQ_SOCKET: socket } });
  t.equal(json.code, 69);
  t.match(JSON.parse(json.stdout), { error: { code: 'GATEWAY_NOT_RUNNING', fault: 'peer' } });
});

t.test('version: of package.json', async (t) => {
  const { version: packaged } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8'));
  t.equal(version, packaged);
  const [flag, text, json] = await Promise.all([
    hpmq(t, ['--version']),
    hpmq(t, ['version']),
    hpmq(t, ['version', '--json']),
  ]);
  t.match(text.stdout, new RegExp(`^hpmq ${packaged} \\(checkout, node \\d+\\.\\d+\\.\\d+, linux \\w+\\)\n$`));
  t.equal(flag.stdout, text.stdout);
  t.match(JSON.parse(json.stdout), { version: packaged, commit: null, platform: 'linux' });
});

t.test('a Node that is too old is named as the reason', async (t) => {
  const file = join(tempFolder(t), 'old.mjs');
  writeFileSync(
    file,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.22.1' } });\n`,
  );
  const old = (...args: readonly string[]) => startPeer(t, process.execPath, ['--import', file, hpmqEntry, ...args]);
  for (const args of [['status'], ['run', 'none.yaml'], ['device', 'list']]) {
    const peer = old(...args);
    t.equal(await peer.ended, 64, args.join(' '));
    t.match(peer.stderr(), /^error: this is Node 22\.22\.1; hpmq needs 24\n {2}code {2}CLI_OLD_NODE /);
  }
  const version = old('--version');
  t.equal(await version.ended, 0);
  t.match(version.stdout(), /node 22\.22\.1/);
});

t.test('explain: who has to act and how; every code once', async (t) => {
  const one = await hpmq(t, ['explain', 'gateway-not-running']);
  t.equal(
    one.stdout,
    `GATEWAY_NOT_RUNNING  (fault: peer, exit code 69)
  who acts  the operator of the network or of the far side
  to do     start it with \`hpmq run\`, or name its socket with --socket
`,
  );
  const all = JSON.parse((await hpmq(t, ['explain', '--json'])).stdout) as { items: { code: string }[] };
  const codes = all.items.map(({ code }) => code);
  t.equal(new Set(codes).size, codes.length, 'no code is used twice');
  for (const code of ['CONFIG_INVALID', 'MODBUS_TIMEOUT', 'API_NOT_FOUND', 'INTERNAL'])
    t.ok(codes.includes(code), code);
  const wrong = await hpmq(t, ['explain', 'MODBUS_TIMEOT']);
  t.equal(wrong.code, 64);
  t.match(wrong.stderr, 'did you mean MODBUS_TIMEOUT?');
});

t.test('a full disk behind stdout is an I/O error', async (t) => {
  const peer = startPeer(t, 'sh', ['-c', `"${process.execPath}" "${hpmqEntry}" version > /dev/full`]);
  t.equal(await peer.ended, 74);
  t.match(peer.stderr(), /cannot write the result: ENOSPC/);
});
