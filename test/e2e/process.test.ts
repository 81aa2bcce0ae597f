/** `hpmq run` as a process: how it ends, what it leaves behind, what its log and its API never show. */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createClient } from '../../src/api/client.js';
import { hpmqEntry, runHpmq, startTestGateway, tempFolder } from '../support/gateway.js';
import { eventually, startPeer } from '../support/peers.js';
import { connack, scriptedBroker } from '../support/scripted-broker.js';

const PLAIN = `gateway: { id: test }
broker: { listeners: [{ type: tcp, host: 127.0.0.1, port: 0 }] }
`;

function configured(t: Test, yaml: string) {
  const folder = tempFolder(t);
  const file = join(folder, 'hpmq.yaml');
  writeFileSync(file, yaml);
  const socket = join(folder, 'c.sock');
  return { folder, socket, args: [hpmqEntry, 'run', '-c', file, '--socket', socket] };
}

t.test('the first signal stops it in order: exit code 0, no socket left', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const gateway = await startTestGateway(t, PLAIN);
    t.equal(await gateway.process.kill(signal), 0, signal);
    t.match(gateway.process.stderr(), new RegExp(`"reason":"${signal}".*"gateway stopped"`, 's'));
    t.notOk(existsSync(gateway.socket));
  }
});

t.test('the second signal ends it at once, with the exit code of that signal', async (t) => {
  // It accepts messages and never acknowledges them, so the link waits for it at the end.
  const far = await scriptedBroker(t, (packet, { send }) => {
    if (packet.cmd === 'connect') send(connack());
  });
  const link = `links: { cloud: { type: mqtt, url: '${far.url}', routes: [{ direction: out, filter: 'hpmq/#' }] } }\n`;
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const) {
    const connected = far.connections.length;
    const gateway = await startTestGateway(t, PLAIN + link);
    await eventually(() => far.connections[connected]?.publishes[0]);
    gateway.process.child.kill('SIGTERM');
    await gateway.process.sees(/"stopping"/);
    // One that comes at once would be the same key press; a person presses again.
    await eventually(() => {
      gateway.process.child.kill(signal);
      return gateway.process.child.exitCode !== null || gateway.process.child.signalCode !== null;
    });
    t.equal(await gateway.process.ended, code, `${signal}: ${gateway.process.stderr()}`);
  }
});

t.test('after kill -9 it starts again on the same socket', async (t) => {
  const { args, socket } = configured(t, PLAIN);
  const first = startPeer(t, process.execPath, args);
  await first.sees(/"gateway is up"/);
  await first.kill('SIGKILL');
  t.ok(existsSync(socket));
  await startPeer(t, process.execPath, args).sees(/"gateway is up"/);
  t.match(await runHpmq(['--socket', socket, 'status']), { code: 0 });
});

t.test('what keeps it from starting: exit code 78 and the address; the running gateway is not disturbed', async (t) => {
  const gateway = await startTestGateway(t, PLAIN);
  const port = configured(t, PLAIN.replace('port: 0', `port: ${gateway.mqttPort}`));
  const refused = await runHpmq(port.args.slice(1));
  t.match(refused, { code: 78, stderr: new RegExp(`127\\.0\\.0\\.1:${gateway.mqttPort}`) });
  t.notOk(existsSync(port.socket));
  const second = await runHpmq([...configured(t, PLAIN).args.slice(1, -1), gateway.socket]);
  t.match(second, { code: 78, stderr: /another gateway runs here/ });
  t.match(await gateway.hpmq('status'), { code: 0 });
});

t.test('an error that nobody expected: said with its stack, exit code 70', async (t) => {
  for (const [origin, defect] of [
    ['uncaughtException', 'throw new Error("very odd")'],
    ['unhandledRejection', 'Promise.reject(new Error("very odd"))'],
    ['unhandledRejection', 'Promise.reject("very odd")'],
  ] as const) {
    const { args } = configured(t, PLAIN);
    const hook = `data:text/javascript,${encodeURIComponent(`process.on("SIGUSR2", () => { ${defect}; })`)}`;
    const gateway = startPeer(t, process.execPath, ['--import', hook, ...args]);
    await gateway.sees(/"gateway is up"/);
    gateway.child.kill('SIGUSR2');
    t.equal(await gateway.ended, 70);
    const last = JSON.parse(gateway.stderr().trim().split('\n').at(-1) ?? '');
    t.match(last, { level: 60, origin, err: { message: /very odd/, stack: /very odd/ } });
  }
});

t.test('a log that nobody reads any more does not stop the gateway', async (t) => {
  const { args, socket } = configured(t, PLAIN);
  const child = spawn(process.execPath, [...args, '-v'], { stdio: ['ignore', 'ignore', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  await new Promise((resolve) => child.stderr.once('data', resolve));
  child.stderr.destroy();
  await eventually(async () => (await runHpmq(['--socket', socket, 'status'])).code === 0);
  child.kill('SIGTERM');
  t.equal(await ended, 0);
  t.notOk(existsSync(socket));
});

t.test('secrets are neither in the log nor in the configuration that the API shows', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'pw'), 'hunter2', { mode: 0o600 });
  const link = `links: { cloud: { type: mqtt, url: 'mqtt://127.0.0.1:1', username: u, password: { file: ${join(folder, 'pw')} } } }\n`;
  const { args, socket } = configured(t, PLAIN + link);
  const gateway = startPeer(t, process.execPath, [...args, '-vv']);
  await gateway.sees(/"link down"/);
  const shown = await runHpmq(['--socket', socket, '--json', 'status']);
  t.equal(shown.code, 0);
  const { yaml } = await createClient({ socket }).request('GET /v1/config');
  t.match(yaml, /username: u/);
  t.notMatch(yaml + gateway.stderr() + shown.stdout, /hunter2/);
});
