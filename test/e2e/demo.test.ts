/** `hpmq demo` as a newcomer runs it: values arrive in the cloud, a set-point goes down, and nothing is left behind. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import t from 'tap';
import { mqttPublish } from '../support/foreign-mqtt.js';
import { hpmqEntry, runHpmq, tempFolder } from '../support/gateway.js';
import { eventually, needs, startPeer } from '../support/peers.js';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

t.test('the demo shows the main job and cleans up', needs('mosquitto_pub'), async (t) => {
  const demo = startPeer(t, process.execPath, [hpmqEntry, 'demo'], { env: { TMPDIR: tempFolder(t) } });
  await demo.sees(/plants\/demo\/boiler\/temperature +[\d.]+ °C +good/, 15_000);
  const [, socket] = await demo.sees(/--socket (\S+) tui/);
  const pids = demo
    .stdout()
    .matchAll(/\(pid (\d+)\)/g)
    .map((match) => Number(match[1]))
    .toArray();
  t.equal(pids.length, 3, 'plant and two gateways are processes of their own');

  const list = await runHpmq(['--socket', String(socket), 'point', 'list', '--json']);
  t.equal(list.code, 0);
  t.equal(JSON.parse(list.stdout).items.length, 14);

  const write = await runHpmq(['--socket', String(socket), 'point', 'write', 'boiler.setpoint', '72.5']);
  t.match(write, { code: 0, stdout: /verified 72\.5 °C/ });

  const [, cloudPort] = await demo.sees(/mosquitto_pub -p (\d+) -t plants\/demo\/cmd/);
  await mqttPublish(Number(cloudPort), 'plants/demo/cmd/boiler/setpoint/set', '65');
  await demo.sees(/plants\/demo\/boiler\/setpoint\/set\/result +\{"status":"verified","v":65/);

  t.ok(existsSync(dirname(String(socket))));
  t.equal(await demo.kill('SIGINT'), 0);
  t.notOk(existsSync(dirname(String(socket))), 'the folder is gone');
  t.notOk(pids.some(isAlive), 'all parts have ended');
});

t.test('Ctrl-C under npm comes twice, from the terminal and from npm, and is one', async (t) => {
  const demo = startPeer(t, process.execPath, [hpmqEntry, 'demo'], { env: { TMPDIR: tempFolder(t) } });
  const [, socket] = await demo.sees(/--socket (\S+) tui/);
  await demo.sees(/What arrives in the cloud/, 15_000);
  demo.child.kill('SIGINT');
  await demo.sees(/Stopping/);
  t.equal(await demo.kill('SIGINT'), 0);
  t.notOk(existsSync(dirname(String(socket))), 'the folder is gone');
});

t.test('parts of a demo that was killed end by themselves', async (t) => {
  const demo = startPeer(t, process.execPath, [hpmqEntry, 'demo'], { env: { TMPDIR: tempFolder(t) } });
  await demo.sees(/What arrives in the cloud/, 15_000);
  const pids = demo
    .stdout()
    .matchAll(/\(pid (\d+)\)/g)
    .map((match) => Number(match[1]))
    .toArray();
  await demo.kill('SIGKILL');
  await eventually(() => !pids.some(isAlive));
  t.equal(pids.length, 3);
});
