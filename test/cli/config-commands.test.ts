import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hpmq } from '../support/cli.js';
import { tempFolder } from '../support/gateway.js';
import { repoRoot } from '../support/peers.js';
import { createAuthority } from '../support/pki.js';

const broken = join(repoRoot, 'test', 'cli', 'broken-configs');

t.test('the example file is accepted, with the adapters that are built in', async (t) => {
  const { code, stdout, stderr } = await hpmq(t, ['config', 'check', 'hpmq.example.yaml']);
  t.equal(stderr, '');
  t.equal(code, 0);
  t.equal(stdout, `${join(repoRoot, 'hpmq.example.yaml')}: ok, 5 ports, 6 devices, 65 points, 2 servers, 3 links\n`);
});

t.test('the README shows what a mistake in the example really gives', async (t) => {
  const [example, readme] = ['hpmq.example.yaml', 'README.md'].map((name) =>
    readFileSync(join(repoRoot, name), 'utf8'),
  );
  const cwd = t.testdir({ 'hpmq.yaml': example!.replace('port: line-a', 'port: line-x') });
  const { code, stdout } = await hpmq(t, ['config', 'check'], { cwd });
  t.equal(code, 1);
  // The line moves with every key that the example gets: not worth a change of the README.
  const [shown, given] = [readme!, stdout].map((text) => text.replace(/hpmq\.yaml:\d+:/g, 'hpmq.yaml:N:'));
  t.ok(shown!.includes(given!.replace(/^(?=.)/gm, '   ')), stdout);
});

t.test('the rules that docs/security.md and the example show are valid', async (t) => {
  const [example, page] = ['hpmq.example.yaml', 'docs/security.md'].map((name) =>
    readFileSync(join(repoRoot, name), 'utf8'),
  );
  const shown = /```yaml check\n(broker:\n.*?)```/s.exec(page!)![1]!;
  const from = example!.indexOf('    # rules:');
  const commented = example!.slice(from, example!.indexOf('    # jwt:', from)).replace(/^ {4}# /gm, '    ');
  const cwd = t.testdir({
    'page.yaml': shown,
    'example.yaml': `broker:\n  auth:\n    certificate: cn\n${commented}`,
    'users.yaml': 'users: { anna: { roles: [operator] } }\n',
  });
  for (const file of ['page.yaml', 'example.yaml']) {
    const { code, stdout } = await hpmq(t, ['config', 'check', file], { cwd });
    t.equal(code, 0, stdout);
  }
});

t.test('the routes that the README shows are valid', async (t) => {
  const readme = readFileSync(join(repoRoot, 'README.md'), 'utf8');
  const routes = /```yaml\n( {4}routes:\n.*?)```/s.exec(readme)![1]!;
  const cwd = t.testdir({ 'hpmq.yaml': `links:\n  cloud:\n    type: mqtt\n    url: mqtt://far\n${routes}` });
  const { code, stdout } = await hpmq(t, ['config', 'check'], { cwd });
  t.match(stdout, /ok, .* 1 link\n/);
  t.equal(code, 0, stdout);
});

t.test('the further ports that the example shows are valid', async (t) => {
  const example = readFileSync(join(repoRoot, 'hpmq.example.yaml'), 'utf8');
  const section = example.slice(example.indexOf('\nports:'), example.indexOf('\n# profiles:'));
  const shown = section.replace(/^( +)# (?=[\w-]+: [{[\d])/gm, '$1');
  const devices = ['secure', 'radio', 'remote', 'dtu-1', 'line-a', 'line-b', 'bus', 'plc'].map(
    (port) => `  on-${port}: { adapter: modbus, port: ${port}, points: { a: { address: 'holding:0' } } }\n`,
  );
  devices.push('  on-node: { adapter: coap, port: node, points: { a: { path: /a } } }\n');
  for (const more of [/^ {4}rs485: /m, /^ {4}parallel: 4/m, /^ {4}backups: /m]) t.match(shown, more, 'uncommented');
  const authority = createAuthority(t);
  const { cert, key } = authority.issue({ subject: '/CN=plant-7' });
  const files = { 'ca.pem': authority.cert, 'gateway.pem': cert, 'gateway.key': key };
  const pem = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, readFileSync(file, 'utf8')]));
  const cwd = t.testdir({
    'hpmq.yaml': `${shown}\ndevices:\n${devices.join('')}`,
    'node-7.psk': 'a secret key\n',
    ...pem,
  });
  const { code, stdout } = await hpmq(t, ['config', 'check'], { cwd });
  t.equal(code, 0, stdout);
  t.match(stdout, /ok, 9 ports, 9 devices, 9 points/);
});

t.test('check notes a listener that lets nobody in', async (t) => {
  const cwd = t.testdir({ 'hpmq.yaml': 'broker: { auth: { anonymous: false } }\n' });
  const { code, stderr } = await hpmq(t, ['config', 'check'], { cwd });
  t.equal(code, 0);
  t.equal(stderr, 'note: nobody can connect to tcp:127.0.0.1:1883: there are no users, and anonymous is false\n');
});

t.test('check notes a listener that takes passwords in clear from the network', async (t) => {
  const cwd = t.testdir({
    'hpmq.yaml': `broker:
  listeners:
    - { type: tcp, host: 0.0.0.0, port: 1883 }
    - { type: ws, host: 10.0.0.1, port: 8083 }
    - { type: tcp, host: 127.0.0.1, port: 1884 }
    - { type: tcp, host: 0.0.0.0, port: 1885, auth: { methods: [scram] } }
    - { type: tcp, host: 0.0.0.0, port: 1886, auth: { anonymous: true } }
  auth: { anonymous: false, users: { anna: { roles: [operator] } } }
`,
  });
  const { stderr } = await hpmq(t, ['config', 'check'], { cwd });
  t.equal(
    stderr,
    `note: tcp:0.0.0.0:1883 takes passwords and tokens unencrypted from the network: use type tls
note: ws:10.0.0.1:8083 takes passwords and tokens unencrypted from the network: use type wss
`,
  );
});

t.test('what show prints of the example is a configuration again', async (t) => {
  const { stdout } = await hpmq(t, ['config', 'show', 'hpmq.example.yaml'], { cwd: repoRoot });
  const cwd = t.testdir({ 'hpmq.yaml': stdout });
  const { code, stdout: verdict } = await hpmq(t, ['config', 'check'], { cwd });
  t.equal(code, 0);
  t.match(verdict, /ok, 5 ports, 6 devices, 65 points, 2 servers, 3 links/);
});

t.test('check notes two points on one address, and accepts them', async (t) => {
  const device = (unit: number) =>
    `{ adapter: modbus, port: plc, unit: ${unit}, points: { a: { address: 'holding:1' }, b: { address: 'holding:1', type: int16 } } }`;
  const cwd = t.testdir({
    'hpmq.yaml': `ports: { plc: { type: tcp, host: h, port: 502 } }
devices:
  boiler: ${device(1)}
  kessel: ${device(1)}
  other: ${device(2)}
`,
  });
  const { code, stderr } = await hpmq(t, ['config', 'check'], { cwd });
  t.equal(code, 0);
  t.equal(
    stderr,
    `note: devices.kessel.points.a reads the same address of the same device as devices.boiler.points.a
note: devices.kessel.points.b reads the same address of the same device as devices.boiler.points.b
`,
  );
  const json = await hpmq(t, ['config', 'check', '--json'], { cwd });
  t.match(JSON.parse(json.stdout), { valid: true, notes: { length: 2 } });
});

t.test('check prints every problem on stdout and answers no', async (t) => {
  const { code, stdout, stderr } = await hpmq(t, ['config', 'check', 'open-listener.yaml'], { cwd: broken });
  t.equal(code, 1);
  t.equal(
    stdout,
    `open-listener.yaml:4:13: broker.listeners[0].host: 0.0.0.0:1883 would be reachable from the network without authentication
  hint: listen on 127.0.0.1, add \`broker.auth.users: users.yaml\`, or accept it with \`broker.auth.anonymous: true\`
`,
  );
  t.equal(stderr, '1 problem\n');
  const json = await hpmq(t, ['config', 'check', '-c', 'many-problems.yaml', '--json'], { cwd: broken });
  t.equal(json.code, 1);
  const { valid, problems } = JSON.parse(json.stdout) as { valid: boolean; problems: { line: number; path: string }[] };
  t.equal(valid, false);
  t.equal(problems.length, 7);
  t.match(problems[0], { file: 'many-problems.yaml', line: 1, column: 1, path: 'gatewy' });
});

t.test('run with a broken file: every problem, exit 78, nothing started', async (t) => {
  const socket = join(tempFolder(t), 'c.sock');
  const { code, stdout, stderr } = await hpmq(t, ['run', '-c', 'many-problems.yaml', '--socket', socket], {
    cwd: broken,
  });
  t.equal(code, 78);
  t.equal(stdout, '');
  t.equal(stderr.match(/^many-problems\.yaml:\d+:\d+: /gm)?.length, 7);
  t.equal(stderr.match(/^ {2}hint: /gm)?.length, 7);
  t.equal(stderr.split('\n').length, 15, 'and no other line, so nothing was started');
  const missing = await hpmq(t, ['run', 'none.yaml', '--json'], { cwd: broken });
  t.equal(missing.code, 78);
  t.match(JSON.parse(missing.stdout), {
    error: { code: 'CONFIG_INVALID', fault: 'config', problems: [{ file: 'none.yaml' }] },
  });
});

t.test('show: effective values with their origin; environment before file', async (t) => {
  const cwd = t.testdir({ 'hpmq.yaml': 'gateway: { id: plant-7 }\n' });
  const env = { HPMQ_LOG__LEVEL: 'warn', XDG_CONFIG_HOME: cwd };
  const { code, stdout } = await hpmq(t, ['config', 'show', '--origin'], { cwd, env });
  t.equal(code, 0);
  t.match(stdout, 'id: plant-7 # hpmq.yaml:1\n');
  t.match(stdout, 'level: warn # HPMQ_LOG__LEVEL\n');
  t.match(stdout, 'port: 1883 # default\n');
  const json = await hpmq(t, ['config', 'show', '--json'], { cwd, env });
  t.match(JSON.parse(json.stdout), { file: join(cwd, 'hpmq.yaml'), config: { log: { level: 'warn' } } });
});

t.test('schema: JSON Schema with the built-in adapters', async (t) => {
  const { code, stdout } = await hpmq(t, ['config', 'schema']);
  t.equal(code, 0);
  const schema = JSON.parse(stdout);
  t.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  t.match(JSON.stringify(schema), /"const":"modbus".*"const":"simulator"/);
});
