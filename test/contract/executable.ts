/** What each executable does wherever it runs: natively, and under qemu-user. */
import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { Executable } from '../support/executable.js';
import { mqttPublish, mqttSubscribe } from '../support/foreign-mqtt.js';
import { tempFolder } from '../support/gateway.js';
import { cGuest } from '../support/guests.js';
import { compileLibmodbusSlave, libmodbusTcp, needsLibmodbus } from '../support/modbus-peers.js';
import { eventually, freePort, listening, needs, repoRoot, startPeer } from '../support/peers.js';
import { terminal } from '../support/terminal.js';

const LISTENER = 'broker: { listeners: [{ type: tcp, port: 0 }] }';
const { version } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as { version: string };
/** What the build knew of itself: sources without a checkout have no commit. */
const commit = existsSync(join(repoRoot, '.git')) ? '[0-9a-f]{12}' : 'unknown';

/** @param extent - main: it starts, checks a configuration, reads a device, serves a client and shows its screens */
export function executableContract(t: Test, arch: 'x64' | 'arm64', extent: 'all' | 'main' = 'all'): void {
  const executable = new Executable(arch);
  const there = executable.needed();
  const wait = 15_000 * executable.patience;

  t.test('--version prints version, commit, Node and platform, and nothing on stderr', there, async (t) => {
    const { code, stdout, stderr } = await executable.run(tempFolder(t), '--version');
    t.match({ code, stderr }, { code: 0, stderr: '' });
    t.match(
      stdout,
      new RegExp(`^hpmq ${version} \\(commit ${commit}(\\+changes)?, node \\d+\\.\\d+\\.\\d+, linux ${arch}\\)\n$`),
    );
    const json = await executable.run(tempFolder(t), 'version', '--json');
    t.match(JSON.parse(json.stdout), { version, commit: new RegExp(`^${commit}(\\+changes)?$`), arch });
  });

  t.test('config check accepts the example', there, async (t) => {
    const folder = tempFolder(t);
    copyFileSync(join(repoRoot, 'hpmq.example.yaml'), join(folder, 'hpmq.yaml'));
    const { code, stderr } = await executable.run(folder, 'config', 'check');
    t.match({ code, stderr }, { code: 0, stderr: '' });
  });

  const modbus = { ...needsLibmodbus('mosquitto_sub', 'tmux'), ...there };
  t.test('run: a Modbus device by libmodbus is read by mosquitto_sub, and shown by the TUI', modbus, async (t) => {
    const slave = await libmodbusTcp(t, compileLibmodbusSlave(t), 3);
    await slave.tell('holding 100 = 421');
    const gateway = await executable.start(
      t,
      `
gateway: { id: box }
${LISTENER}
ports: { line: { type: tcp, host: 127.0.0.1, port: ${slave.port} } }
devices:
  boiler: { adapter: modbus, port: line, unit: 3, points: { temperature: { address: 'holding:100', type: int16, every: 200ms } } }
`,
    );
    const seen = await mqttSubscribe(t, gateway.mqttPort, 'hpmq/box/boiler/temperature');
    await seen('hpmq/box/boiler/temperature', (payload) => JSON.parse(payload).v === 421, wait);
    const state = await mqttSubscribe(t, gateway.mqttPort, 'hpmq/box/$state');
    t.match(JSON.parse(await state('hpmq/box/$state', () => true)), { state: 'online' });

    const ui = terminal(t, 80, 24);
    await ui.sees(/READY:/);
    ui.type(`${executable.file} --socket ${gateway.socket} tui; echo ended $?`, 'Enter');
    await ui.sees(/box ▸ overview[\s\S]*broker/, wait);
    ui.type('3');
    await ui.sees(/temperature +421/, wait);
    ui.type('q');
    await ui.sees(/ended 0/, wait);

    t.equal(await gateway.process.kill('SIGTERM'), 0);
    const lines = gateway.process.stderr().trim().split('\n');
    t.strictSame(
      lines.filter((line) => !line.startsWith('{"level":')),
      [],
      'the log is NDJSON, without warnings of Node',
    );
  });

  if (extent === 'main') return;

  const memory = executable.isNative ? there : { skip: 'emulated, the memory is that of the emulator' };
  // On a quiet machine 73 (images/measure).
  t.test('run: idle, 80 MiB are resident, and what was read of the file is not', memory, async (t) => {
    const unread = executable.unread(tempFolder(t));
    const gateway = await unread.start(t, `gateway: { id: box }\n${LISTENER}\n`);
    const read = (name: string) => readFileSync(`/proc/${gateway.process.pid}/${name}`, 'utf8');
    // The main thread and that of the store have it open.
    const open = readdirSync(`/proc/${gateway.process.pid}/fd`).filter(
      (fd) => readlinkSync(`/proc/${gateway.process.pid}/fd/${fd}`) === realpathSync(unread.file),
    );
    t.equal(open.length, 2);
    // V8 gives back what the start took when it has been idle for some seconds.
    await eventually(() => Number(/^Rss: +(\d+) kB/m.exec(read('smaps_rollup'))?.[1]) <= 80 * 1024, 60_000);
  });

  t.test('run: a serial port is opened with the driver inside', { ...needs('socat'), ...there }, async (t) => {
    const { wire, yaml } = await serialLine(t);
    const gateway = await executable.start(t, yaml);
    // Modbus over Serial Line V1.02 §2.5.1: unit 3, Read Holding Registers, address 100, one register.
    await wire.sees(/\x03\x03\x00\x64\x00\x01/, wait);
    t.strictSame(readdirSync(gateway.runtime), [], 'the file that carried the driver is gone');
    t.equal(await gateway.process.kill('SIGTERM'), 0);
  });

  const guests = { ...needs('clang', 'wasm-ld', 'mosquitto_sub', 'mosquitto_pub'), ...there };
  t.test('functions: WebAssembly in the path and in a thread, a ready one, JavaScript', guests, async (t) => {
    const folder = tempFolder(t);
    const file = join(folder, 'mark.wasm');
    writeFileSync(file, cGuest('mark.c'));
    t.match(await executable.run(folder, 'function', 'new', 'mine', '--lang', 'js'), { code: 0 });
    const tested = await executable.run(folder, 'function', 'test', 'mine');
    t.match(tested, { code: 0, stdout: /^(pass {2}.*fuel \d+, memory .*\n)+$/ });
    const gateway = await executable.start(
      t,
      `
gateway: { id: box }
${LISTENER}
functions:
  here: { file: ${file}, on: { upstream: here/# } }
  there: { file: ${file}, on: { upstream: there/# }, isolate: worker }
  once: { file: builtin:deduplicate, on: { upstream: once/# } }
  mine: { file: ${join(folder, 'mine', 'function.js')}, on: { upstream: raw/# }, config: { prefix: tidy } }
`,
    );
    const seen = await mqttSubscribe(t, gateway.mqttPort, '#');
    for (const topic of ['here/1', 'there/1']) {
      await mqttPublish(gateway.mqttPort, topic, 'x5');
      await seen(topic, (payload) => payload === '15', wait);
    }
    await mqttPublish(gateway.mqttPort, 'once/1', '{"v":1}');
    await seen('once/1', (payload) => payload === '{"v":1}', wait);
    await mqttPublish(gateway.mqttPort, 'raw/x', '1');
    await seen('tidy/x', (payload) => payload === '1', wait);
  });

  t.test('profiles are inside: each passes its recordings', there, async (t) => {
    const folder = tempFolder(t);
    const { code, stdout } = await executable.run(folder, 'profile', 'test', '--json');
    t.equal(code, 0);
    t.ok((JSON.parse(stdout) as { items: readonly unknown[] }).items.length >= 10);
    const port = '{ type: tcp, host: 127.0.0.1, port: 1 }';
    writeFileSync(join(folder, 'hpmq.yaml'), `devices: { m: { profile: eastron/sdm630, port: ${port} } }\n`);
    t.match(await executable.run(folder, 'config', 'check', join(folder, 'hpmq.yaml')), { code: 0 });
  });

  const clients = { ...needs('mosquitto_pub', 'mosquitto_sub'), ...there };
  t.test('what it acknowledged survives a kill: the store works inside the executable', clients, async (t) => {
    const data = join(tempFolder(t), 'data');
    const yaml = `gateway: { id: box, data: ${data} }\n${LISTENER}\n`;
    const first = await executable.start(t, yaml);
    await mqttPublish(first.mqttPort, 'kept', 'value', '-r');
    await first.process.kill('SIGKILL');
    const second = await executable.start(t, yaml);
    const reader = startPeer(t, 'mosquitto_sub', ['-p', String(second.mqttPort), '-t', 'kept', '-C', '1']);
    await reader.sees(/^value$/m);
  });

  t.test('what a point was survives a kill: the history works inside the executable', there, async (t) => {
    const folder = tempFolder(t);
    const yaml = `
gateway: { id: box, data: ${join(folder, 'data')} }
${LISTENER}
history: { points: ['lab/*'] }
devices: { lab: { adapter: simulator, points: { pieces: { wave: counter, period: 200ms, max: 1000000, every: 200ms } } } }
`;
    const first = await executable.start(t, yaml);
    const rows = async (socket: string, ...options: readonly string[]) => {
      const args = ['--socket', socket, 'history', 'show', 'lab.pieces', '--json', ...options];
      const { stdout } = await executable.run(folder, ...args);
      return stdout.split('\n').flatMap((line) => (line.startsWith('{"at"') ? [JSON.parse(line)] : []));
    };
    const before = await eventually(async () => {
      const found = await rows(first.socket);
      return found.length >= 10 ? found : undefined;
    }, 4 * wait);
    await first.process.kill('SIGKILL');
    const second = await executable.start(t, yaml);
    const after = await rows(second.socket);
    t.strictSame(after.slice(0, before.length), before);
    const [period] = await rows(second.socket, '--every', '1h', '--last', '2h');
    t.ok(period.count >= before.length && period.min === before[0].value);
  });

  t.test('demo: its parts are the executable itself', there, async (t) => {
    const demo = startPeer(t, executable.file, ['demo'], { env: { TMPDIR: tempFolder(t) } });
    await demo.sees(/plants\/demo\/boiler\/temperature +[\d.]+ °C +good/, 2 * wait);
    const [, socket] = await demo.sees(/--socket (\S+) tui/);
    t.equal(await demo.kill('SIGINT'), 0);
    t.notOk(existsSync(dirname(String(socket))), 'the folder is gone');
  });

  const noexecHolds = executable.isNative
    ? there
    : { skip: 'emulated, what lies on a noexec mount is mapped all the same' };
  t.test(
    'no folder for the driver: the port says why, the gateway goes on',
    { ...needs('unshare', 'socat'), ...noexecHolds },
    async (t) => {
      const folder = tempFolder(t);
      const { yaml } = await serialLine(t);
      const file = join(folder, 'hpmq.yaml');
      writeFileSync(file, yaml);
      // Every folder that could be written to is mounted noexec, in a namespace of its own; the executable may lie in one.
      const noexec = ['/tmp', '/dev/shm', '/run'].map(
        (at) => `mount --bind ${at} ${at} && mount -o remount,bind,noexec ${at}`,
      );
      const itself = `mount --bind "$0" "$0" && mount -o remount,bind,exec "$0"`;
      const command = `${[...noexec, itself].join(' && ')} && exec "$0" run -c ${file} --socket ${folder}/c.sock`;
      const env = { XDG_RUNTIME_DIR: '/tmp', RUNTIME_DIRECTORY: '/run', TMPDIR: '/tmp' };
      const gateway = startPeer(t, 'unshare', ['--mount', 'sh', '-c', command, executable.file], { env });
      await gateway.sees(/"code":"PORT_DRIVER".*failed to map segment/, wait);
      await gateway.sees(/"listeners":\["[^"]*:(\d+)"/, wait);
      t.equal(await gateway.kill('SIGTERM'), 0);
    },
  );

  const activation = { ...needs('systemd-socket-activate', 'mosquitto_pub'), ...there };
  t.test('run: what a parent opened stays open: a socket by systemd', activation, async (t) => {
    const folder = tempFolder(t);
    const port = await freePort();
    const yaml = `gateway: { id: box, data: ${folder}/data }\nbroker: { auth: { anonymous: true }, listeners: [{ type: tcp, systemd: mqtt }] }\n`;
    writeFileSync(join(folder, 'hpmq.yaml'), yaml);
    const args = ['-l', `127.0.0.1:${port}`, '--fdname=mqtt', executable.file, 'run', '-c', join(folder, 'hpmq.yaml')];
    const activated = startPeer(t, 'systemd-socket-activate', [...args, '--socket', join(folder, 'c.sock')]);
    await listening(port);
    await activated.sees(/gateway is up/, wait);
    await mqttPublish(port, 'a', '1');
    t.equal(await activated.kill('SIGTERM'), 0);
  });

  t.test('closed or broken standard streams', there, async (t) => {
    const shell = (line: string) =>
      execFileSync('bash', ['-c', line], { encoding: 'utf8', env: { HPMQ: executable.file, PATH: '/usr/bin:/bin' } });
    t.match(shell('"$HPMQ" --version <&-'), /^hpmq /);
    t.equal(shell('"$HPMQ" --version >&-; echo $?'), '0\n');
    t.equal(shell('"$HPMQ" --version 2>&-').split(' ')[0], 'hpmq');
    t.equal(shell('"$HPMQ" explain | head -c 1 >/dev/null; echo $PIPESTATUS'), '0\n');
    t.match(shell('"$HPMQ" explain 2>&1 >/dev/full; echo $?'), /^error: cannot write the result: .*ENOSPC.*\n74\n$/);
  });

  t.test('run without standard streams serves', clients, async (t) => {
    const folder = tempFolder(t);
    const file = join(folder, 'hpmq.yaml');
    writeFileSync(file, `gateway: { id: box, data: ${folder}/data }\n${LISTENER}\n`);
    const socket = join(folder, 'c.sock');
    const line = `exec "$0" run -c ${file} --socket ${socket} <&- >&- 2>&-`;
    const child = spawn('bash', ['-c', line, executable.file], { stdio: 'ignore' });
    t.teardown(() => child.kill('SIGKILL'));
    const ended = new Promise((resolve) => child.on('exit', resolve));
    let status = await executable.run(folder, '--socket', socket, 'status');
    for (let tries = 0; status.code !== 0 && tries < 100; tries++) {
      status = await executable.run(folder, '--socket', socket, 'status');
    }
    t.equal(status.code, 0, status.stderr);
    child.kill('SIGTERM');
    t.equal(await ended, 0);
  });
}

/** A serial line on which nobody answers, and a gateway that asks there. */
async function serialLine(t: Test) {
  const line = join(tempFolder(t), 'line');
  const wire = startPeer(t, 'socat', ['-d', '-d', '-u', `pty,raw,echo=0,link=${line}`, 'stdout']);
  await wire.sees(/starting data transfer/);
  const yaml = `
gateway: { id: box }
${LISTENER}
ports: { line: { type: serial, path: ${line}, baudRate: 19200, parity: even } }
devices:
  boiler: { adapter: modbus, port: line, unit: 3, points: { temperature: { address: 'holding:100', type: int16, every: 100ms } } }
`;
  return { wire, yaml };
}
