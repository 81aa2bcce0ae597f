/** The executable of this machine as `npm run build` makes it: nothing of the checkout is needed to run it. */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { mqttPublish, mqttSubscribe } from '../support/foreign-mqtt.js';
import { type Outcome, tempFolder } from '../support/gateway.js';
import { cGuest } from '../support/guests.js';
import { needs, PATIENCE, type Peer, repoRoot, startPeer } from '../support/peers.js';

const executable = join(repoRoot, 'dist', `hpmq-linux-${process.arch}`);
const built = existsSync(executable) ? {} : { skip: `${executable} does not exist; npm run build makes it` };

/** Runs the executable with nothing but a home folder of its own. */
function run(folder: string, ...args: readonly string[]): Promise<Outcome> {
  const env = { HOME: folder, PATH: '/usr/bin:/bin' };
  return new Promise((resolve) => {
    execFile(executable, args, { cwd: folder, env, timeout: 30_000 * PATIENCE }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
  });
}

interface RunningExecutable {
  readonly process: Peer;
  readonly mqttPort: string;
  readonly runtime: string;
}

async function startGateway(t: Test, yaml: string): Promise<RunningExecutable> {
  const folder = tempFolder(t);
  const runtime = join(folder, 'run');
  mkdirSync(runtime);
  const file = join(folder, 'hpmq.yaml');
  writeFileSync(file, yaml);
  const peer = startPeer(t, executable, ['run', '-c', file, '--socket', join(folder, 'c.sock')], {
    cwd: folder,
    env: { RUNTIME_DIRECTORY: runtime },
  });
  const [, mqttPort = ''] = await peer.sees(/"listeners":\["[^"]*:(\d+)"/, 15_000);
  return { process: peer, mqttPort, runtime };
}

t.test('--version prints the version of the package, and nothing on stderr', built, async (t) => {
  const { version } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as { version: string };
  const { code, stdout, stderr } = await run(tempFolder(t), '--version');
  t.match({ code, stderr }, { code: 0, stderr: '' });
  t.ok(stdout.includes(version), stdout);
});

t.test('config check accepts the example', built, async (t) => {
  const folder = tempFolder(t);
  copyFileSync(join(repoRoot, 'hpmq.example.yaml'), join(folder, 'hpmq.yaml'));
  const { code, stderr } = await run(folder, 'config', 'check');
  t.match({ code, stderr }, { code: 0, stderr: '' });
});

t.test('profiles are inside: each passes its recordings', built, async (t) => {
  const folder = tempFolder(t);
  const { code, stdout } = await run(folder, 'profile', 'test', '--json');
  t.equal(code, 0);
  t.ok((JSON.parse(stdout) as { items: readonly unknown[] }).items.length >= 10);
  const port = '{ type: tcp, host: 127.0.0.1, port: 1 }';
  writeFileSync(join(folder, 'hpmq.yaml'), `devices: { m: { profile: eastron/sdm630, port: ${port} } }\n`);
  t.match(await run(folder, 'config', 'check', join(folder, 'hpmq.yaml')), { code: 0 });
});

t.test('run: a foreign client reads the state; SIGTERM ends it', { ...needs('mosquitto_sub'), ...built }, async (t) => {
  const gateway = await startGateway(t, 'gateway: { id: box }\nbroker: { listeners: [{ type: tcp, port: 0 }] }\n');
  const args = ['-p', gateway.mqttPort, '-V', '5', '-t', 'hpmq/+/$state', '-v', '-C', '1'];
  const [, state = ''] = await startPeer(t, 'mosquitto_sub', args).sees(/^hpmq\/box\/\$state (.+)$/m);
  t.match(JSON.parse(state), { state: 'online' });
  t.equal(await gateway.process.kill('SIGTERM'), 0);
  const lines = gateway.process.stderr().trim().split('\n');
  t.strictSame(
    lines.filter((line) => !line.startsWith('{"level":')),
    [],
    'the log is NDJSON, without warnings of Node',
  );
});

t.test(
  'what it acknowledged survives a kill: the store works inside the executable',
  { ...needs('mosquitto_pub', 'mosquitto_sub'), ...built },
  async (t) => {
    const data = join(tempFolder(t), 'data');
    const yaml = `gateway: { id: box, data: ${data} }\nbroker: { listeners: [{ type: tcp, port: 0 }] }\n`;
    const first = await startGateway(t, yaml);
    const args = ['-p', first.mqttPort, '-q', '1', '-r', '-t', 'kept', '-m', 'value'];
    t.equal(await startPeer(t, 'mosquitto_pub', args).ended, 0);
    await first.process.kill('SIGKILL');
    const second = await startGateway(t, yaml);
    const reader = startPeer(t, 'mosquitto_sub', ['-p', second.mqttPort, '-t', 'kept', '-C', '1']);
    await reader.sees(/^value$/m);
  },
);

t.test(
  'run: a serial port is opened with the driver inside the executable',
  { ...needs('socat'), ...built },
  async (t) => {
    const line = join(tempFolder(t), 'line');
    const wire = startPeer(t, 'socat', ['-d', '-d', '-u', `pty,raw,echo=0,link=${line}`, 'stdout']);
    await wire.sees(/starting data transfer/);
    const gateway = await startGateway(
      t,
      `
gateway: { id: box }
broker: { listeners: [{ type: tcp, port: 0 }] }
ports: { line: { type: serial, path: ${line}, baudRate: 19200, parity: even } }
devices:
  boiler: { adapter: modbus, port: line, unit: 3, points: { temperature: { address: 'holding:100', type: int16, every: 100ms } } }
`,
    );
    // Modbus over Serial Line V1.02 §2.5.1: unit 3, Read Holding Registers, address 100, one register.
    await wire.sees(/\x03\x03\x00\x64\x00\x01/);
    t.strictSame(readdirSync(gateway.runtime), [], 'the file that carried the driver is gone');
    t.equal(await gateway.process.kill('SIGTERM'), 0);
  },
);

const guests = needs('clang', 'wasm-ld', 'mosquitto_sub', 'mosquitto_pub');

t.test('functions run inside the executable, in the path and in a thread', { ...guests, ...built }, async (t) => {
  const file = join(tempFolder(t), 'mark.wasm');
  writeFileSync(file, cGuest('mark.c'));
  const gateway = await startGateway(
    t,
    `
gateway: { id: box }
broker: { listeners: [{ type: tcp, port: 0 }] }
functions:
  here: { file: ${file}, on: { upstream: here/# } }
  there: { file: ${file}, on: { upstream: there/# }, isolate: worker }
`,
  );
  const seen = await mqttSubscribe(t, Number(gateway.mqttPort), '#');
  for (const topic of ['here/1', 'there/1']) {
    await mqttPublish(Number(gateway.mqttPort), topic, 'x5');
    await seen(topic, (payload) => payload === '15');
  }
});
