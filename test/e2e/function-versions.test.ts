/** A gateway with functions, beside Debian's mosquitto clients: deploy, kill -9, rollback, and what the commands say. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type RunningGateway, startTestGateway, tempFolder } from '../support/gateway.js';
import { cGuest } from '../support/guests.js';
import { eventually, needs, startPeer } from '../support/peers.js';

const peers = needs('clang', 'wasm-ld', 'mosquitto_pub', 'mosquitto_sub');

function publish(gateway: RunningGateway, topic: string, payload: string): void {
  const at = ['-h', '127.0.0.1', '-p', String(gateway.mqttPort), '-q', '1'];
  execFileSync('mosquitto_pub', [...at, '-t', topic, '-m', payload]);
}

/** With a session that is kept: what is acknowledged to the publisher is on disk. */
function subscribe(t: Test, gateway: RunningGateway) {
  const at = ['-h', '127.0.0.1', '-p', String(gateway.mqttPort), '-q', '1', '-c', '-i', 'watcher'];
  const peer = startPeer(t, 'stdbuf', ['-oL', 'mosquitto_sub', ...at, '-t', '#', '-F', '%t %p']);
  return { peer, counted: () => peer.stdout().match(/^counted .*/gm) ?? [] };
}

t.test('a deployed version and what a function keeps survive kill -9; rollback goes back', peers, async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'a.wasm');
  const next = join(folder, 'b.wasm');
  writeFileSync(file, cGuest('counter.c'));
  writeFileSync(next, cGuest('counter.c', ['-O2', "-DVERSION='b'"]));
  const yaml = `gateway: { id: plant-7 }
broker: { listeners: [{ type: tcp, port: 0 }] }
functions:
  counter: { file: ${file}, on: { upstream: raw/# }, grants: { kv: 1KiB } }
  sleeper: { file: ${file}, on: { timer: 1h } }
`;
  const gateway = await startTestGateway(t, yaml, folder);
  const sub = subscribe(t, gateway);
  await eventually(() => sub.peer.stdout().includes('hpmq/plant-7/$state'));
  t.match(sub.peer.stdout(), /"functions":\{"counter":"up","sleeper":"down"\}/);
  publish(gateway, 'raw/1', 'x');
  publish(gateway, 'raw/2', 'x');
  await eventually(() => sub.counted().length === 2);
  const deployed = await gateway.hpmq('function', 'deploy', 'counter', next);
  t.equal(deployed.code, 0, deployed.stderr);
  t.match(deployed.stdout, /versions +\* sha256:\w+ b\.wasm/);
  publish(gateway, 'raw/3', 'x');
  await eventually(() => sub.counted().length === 3);
  t.strictSame(sub.counted(), ['counted a1', 'counted a2', 'counted b3']);

  const list = await gateway.hpmq('function', 'list');
  t.match(list.stdout, /counter +up .* upstream raw\/#/);
  t.match(list.stdout, /sleeper +down/);
  t.match((await gateway.hpmq('function', 'logs', 'counter')).stdout, /info +counted/);
  const shown = await gateway.hpmq('function', 'show', 'sleeper');
  t.match(shown.stdout, /FUNCTION_(NOT_GRANTED|HOOK_MISSING)/);
  t.match((await gateway.hpmq('status', '--json')).stdout, /function:sleeper/);
  t.match((await gateway.hpmq('function', 'deploy', 'counter', join(folder, 'hpmq.yaml'))).code, 78);
  t.equal((await gateway.hpmq('function', 'deploy', 'conter', next)).code, 64);

  await sub.peer.kill();
  publish(gateway, 'raw/4', 'x');
  await gateway.process.kill('SIGKILL');

  const again = await startTestGateway(t, yaml, folder);
  publish(again, 'raw/5', 'x');
  const back = await again.hpmq('function', 'rollback', 'counter', '--yes');
  t.equal(back.code, 0, back.stderr);
  publish(again, 'raw/6', 'x');
  const rest = subscribe(t, again);
  await eventually(() => rest.counted().length === 3);
  t.strictSame(rest.counted(), ['counted b4', 'counted b5', 'counted a6']);
  t.equal((await again.hpmq('function', 'rollback', 'counter', '--yes')).code, 64, 'there is none before');
  t.match((await again.hpmq('function', 'pause', 'counter')).stdout, /state +paused/);
  publish(again, 'raw/7', 'as it is');
  await eventually(() => rest.peer.stdout().includes('raw/7 as it is'));
});

t.test('hostile functions: each failure by name and cause, and the gateway goes on', peers, async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'hostile.wasm');
  writeFileSync(file, cGuest('hostile.c'));
  const gateway = await startTestGateway(
    t,
    `gateway: { id: plant-7 }
broker: { listeners: [{ type: tcp, port: 0 }] }
functions:
  hostile: { file: ${file}, on: { upstream: raw/# }, onError: dead-letter, breaker: { traps: 100, time: 10m }, limits: { fuel: 1M } }
`,
    folder,
  );
  const sub = subscribe(t, gateway);
  await eventually(() => sub.peer.stdout().includes('$state'));
  const causes: readonly (readonly [payload: string, cause: string])[] = [
    ['l', 'fuel'],
    ['m', 'memory'],
    ['f', 'fuel'],
    ['s', 'stack'],
    ['o', 'output'],
    ['c', 'output'],
    ['u', 'unreachable'],
    ['-', 'refused'],
  ];
  for (const [payload, cause] of causes) {
    publish(gateway, 'raw/1', payload);
    await eventually(() => sub.peer.stdout().includes(`hpmq/plant-7/$dead/hostile ${payload}`));
    const { stdout } = await gateway.hpmq('function', 'show', 'hostile', '--json');
    t.match(JSON.parse(stdout).lastFailure.cause, new RegExp(`^(${cause})$`), `${payload}: ${stdout}`);
    // After a success it has all of its fuel again.
    publish(gateway, 'raw/1', `well after ${payload}`);
    await eventually(() => sub.peer.stdout().includes(`raw/1 well after ${payload}`));
  }
  t.match((await gateway.hpmq('function', 'list')).stdout, /hostile +up/);
});
