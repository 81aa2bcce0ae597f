/** `hpmq profile` and `hpmq import` as processes: output, JSON, exit codes. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { hpmq, type RunOptions } from '../support/cli.js';
import { tempFolder } from '../support/gateway.js';
import { repoRoot } from '../support/peers.js';

const vectors = join(repoRoot, 'test/vectors/import');

function inFolder(t: Test) {
  const cwd = tempFolder(t);
  const env = { HOME: cwd, XDG_CONFIG_HOME: '', XDG_STATE_HOME: '', STATE_DIRECTORY: '' };
  const run = (args: readonly string[], options: RunOptions = {}) => hpmq(t, args, { cwd, env, ...options });
  return { cwd, run };
}

const OWN = `profile: acme/meter
version: '0.1.0'
title: Meter of the tests
adapter: modbus
sources: [none]
points:
  voltage: { address: 'input:0', type: float32, unit: V, description: between here and there }
`;
const RECORDING = `profile: acme/meter
recordings:
  - title: read voltage
    framing: rtu
    exchanges:
      - { request: 01 04 00 00 00 02 71 cb, response: 01 04 04 43 66 33 34 1b 38, expect: { voltage: [230.20001, V] } }
`;

/** A profile of the operator, with its recording. */
function writeOwn(cwd: string, recording = RECORDING): string {
  mkdirSync(join(cwd, 'mine/acme'), { recursive: true });
  writeFileSync(join(cwd, 'mine/acme/meter.yaml'), OWN);
  writeFileSync(join(cwd, 'mine/acme/meter.test.yaml'), recording);
  return 'mine/acme/meter.yaml';
}

t.test('profile list: shipped ones, and those of the operator', async (t) => {
  const { cwd, run } = inFolder(t);
  writeOwn(cwd);
  writeFileSync(join(cwd, 'hpmq.yaml'), 'profiles: mine\n');
  const { code, stdout } = await run(['profile', 'list']);
  t.equal(code, 0);
  t.match(stdout, /^PROFILE +VERSION +POINTS +DEVICE +FROM$/m);
  t.match(stdout, /^eastron\/sdm630 +\d+\.\d+\.\d+ +\d+ +Eastron SDM630.* hpmq$/m);
  t.match(stdout, /^acme\/meter +0\.1\.0 +1 +Meter of the tests +.*mine\/acme\/meter\.yaml$/m);
  const { items } = JSON.parse((await run(['profile', 'list', '--json'])).stdout) as { items: { name: string }[] };
  t.ok(items.length >= 11);
});

t.test('profile list: a file that is not valid is shown as such', async (t) => {
  const { cwd, run } = inFolder(t);
  mkdirSync(join(cwd, 'mine/acme'), { recursive: true });
  writeFileSync(join(cwd, 'mine/acme/bad.yaml'), 'profile: acme/bad\n');
  const { code, stdout } = await run(['profile', 'list', '--profiles', 'mine']);
  t.equal(code, 0);
  t.match(stdout, /^acme\/bad +— +— +not valid: /m);
});

t.test('profile show: points, units, sources; the file itself with --yaml', async (t) => {
  const { run } = inFolder(t);
  const shown = await run(['profile', 'show', 'sunspec/inverter']);
  t.equal(shown.code, 0);
  t.match(shown.stdout, /^adapter +modbus, finds its blocks by itself$/m);
  t.match(shown.stdout, /^source +SunSpec Alliance/m);
  t.match(shown.stdout, /^power +W +holding:14, type int16, model \[101,102,103\], scaleFactor 15 +AC power$/m);
  const file = await run(['profile', 'show', 'eastron/sdm120', '--yaml']);
  t.equal(file.stdout, readFileSync(join(repoRoot, 'adapters/modbus/profiles/eastron/sdm120.yaml'), 'utf8'));
  const unknown = await run(['profile', 'show', 'eastron/sdm63']);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, /there is no profile "eastron\/sdm63"[\s\S]*did you mean eastron\/sdm630\?/);
});

t.test('profile test: all pass; one that does not is shown, with exit code 1', async (t) => {
  const { cwd, run } = inFolder(t);
  const all = await run(['profile', 'test']);
  t.equal(all.code, 0);
  t.match(all.stdout, /^janitza\/umg-96rm: ok, 53 readings from 1 recording$/m);
  t.match(all.stderr, /^1[0-9] profiles tested, 0 failed$/m);

  const own = writeOwn(cwd);
  t.match(await run(['profile', 'test', own]), { code: 0, stdout: 'acme/meter: ok, 1 reading from 1 recording\n' });
  writeOwn(cwd, RECORDING.replace('[230.20001, V]', '[230.2, mV]'));
  t.match(await run(['profile', 'test', own]), {
    code: 1,
    stdout: 'acme/meter: FAILED, 1 reading from 1 recording\n  voltage: expected 230.2 mV, found 230.20001 V\n',
  });
  writeOwn(cwd, RECORDING.replace('1b 38', '1b 39'));
  t.match(await run(['profile', 'test', own]), { code: 1, stdout: /response 1 is no rtu frame: its CRC is wrong/ });
  writeOwn(cwd, RECORDING.replace('framing: rtu', 'framing: 7'));
  t.match(await run(['profile', 'test', own]), {
    code: 78,
    stderr: /meter\.test\.yaml:4:14: recordings\[0\]\.framing/,
  });
});

t.test('import: configuration on stdout, report on stderr, exit code 1 when something is missing', async (t) => {
  const { run } = inFolder(t);
  const file = join(vectors, 'hivemq.json');
  const plain = await run(['import', 'hivemq', file]);
  t.equal(plain.code, 1);
  t.equal(plain.stdout, readFileSync(`${file}.config.txt`, 'utf8'));
  t.equal(plain.stderr, readFileSync(`${file}.report.txt`, 'utf8'));
  const json = JSON.parse((await run(['import', 'hivemq', file, '--json'])).stdout) as Record<string, unknown>;
  t.match(json, { entries: 3, mapped: 2, points: 2, devices: 1, ports: 1 });
  t.match(await run(['import', 'hivemq', '-'], { stdin: readFileSync(file, 'utf8') }), { code: 1, stdout: /chiller/ });
});

t.test('import: the file that is written passes the check; it is not replaced unasked', async (t) => {
  const { cwd, run } = inFolder(t);
  writeFileSync(
    join(cwd, 'points.csv'),
    'device,endpoint,unitId,point,address,type\nplc,tcp://10.0.0.7:502,1,level,holding:7,int16\n',
  );
  const first = await run(['import', 'csv', 'points.csv', '-o', 'hpmq.yaml']);
  t.match(first, { code: 0, stdout: '', stderr: /1 entry: 1 mapped, 0 not[\s\S]*hpmq config check hpmq\.yaml/ });
  t.match(await run(['config', 'check']), { code: 0, stdout: /ok, 1 port, 1 device, 1 point, 0 links/ });
  writeFileSync(join(cwd, 'hpmq.yaml'), 'mine');
  t.match(await run(['import', 'csv', 'points.csv', '-o', 'hpmq.yaml']), { code: 64, stderr: /exists[\s\S]*--force/ });
  t.equal(readFileSync(join(cwd, 'hpmq.yaml'), 'utf8'), 'mine');
  t.equal((await run(['import', 'csv', 'points.csv', '-o', 'hpmq.yaml', '--force'])).code, 0);
  t.match(readFileSync(join(cwd, 'hpmq.yaml'), 'utf8'), /holding:7/);
});

t.test('import: what cannot be read', async (t) => {
  const { cwd, run } = inFolder(t);
  t.match(await run(['import', 'telegraf', 'missing.conf']), {
    code: 64,
    stderr: /cannot read missing\.conf: there is no such file/,
  });
  t.match(await run(['import', 'kepware', 'x']), {
    code: 64,
    stderr: /known formats: telegraf, neuron, thingsboard, hivemq, csv/,
  });
  writeFileSync(join(cwd, 'empty.conf'), '[agent]\n');
  t.match(await run(['import', 'telegraf', 'empty.conf']), { code: 64, stderr: /IMPORT_EMPTY/ });
  t.match(await run(['explain', 'IMPORT_EMPTY']), { code: 0 });
  t.notOk(existsSync(join(cwd, 'hpmq.yaml')));
});
