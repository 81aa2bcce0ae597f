/**
 * A gateway with two uplinks, each a cable to the network of a mosquitto, in namespaces of their own:
 *
 *   gateway  up0 10.81.1.1 ──── 10.81.1.2 far0  mosquitto on 10.81.0.1
 *            up1 10.81.2.1 ──── 10.81.2.2 far1
 *
 * One is pulled, fails silently, or the gateway is killed while it uses the other: every message of QoS 1 arrives, in order.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createClient } from '../../src/api/client.js';
import { hpmqEntry, tempFolder } from '../support/gateway.js';
import { cable, createNamespace, type Namespace, needsNamespaces } from '../support/namespaces.js';
import { eventually, needs } from '../support/peers.js';

const FAR = '10.81.0.1';
const UPLINKS = [0, 1] as const;
const options = { ...needs('mosquitto', 'mosquitto_sub', 'mosquitto_pub'), ...needsNamespaces() };

/** As a DHCP client does it when the cable is plugged in: what is sent from its address takes this uplink. */
function configure({ ip }: Namespace, uplink: number): void {
  const [own, there] = [`10.81.${uplink + 1}.1`, `10.81.${uplink + 1}.2`];
  const table = `${100 + uplink}`;
  ip('link', 'set', `up${uplink}`, 'up');
  ip('route', 'replace', 'default', 'via', there, 'dev', `up${uplink}`, 'table', table);
  ip('route', 'replace', 'default', 'via', there, 'dev', `up${uplink}`, 'metric', table);
  try {
    ip('rule', 'del', 'from', own);
  } catch {
    // There was none.
  }
  ip('rule', 'add', 'from', own, 'table', table);
}

async function plant(t: Test) {
  const [here, far] = [createNamespace(t), createNamespace(t)];
  for (const uplink of UPLINKS) {
    cable(here, `up${uplink}`, far, `far${uplink}`);
    here.ip('address', 'add', `10.81.${uplink + 1}.1/24`, 'dev', `up${uplink}`);
    far.ip('address', 'add', `10.81.${uplink + 1}.2/24`, 'dev', `far${uplink}`);
    far.ip('link', 'set', `far${uplink}`, 'up');
  }
  far.ip('address', 'add', `${FAR}/32`, 'dev', 'lo');
  for (const uplink of UPLINKS) configure(here, uplink);

  const folder = tempFolder(t);
  const broker = join(folder, 'mosquitto.conf');
  const lines = [`listener 1883 ${FAR}`, 'allow_anonymous true', 'user root', 'log_dest stderr', 'log_type all'];
  writeFileSync(broker, `${[...lines, 'max_queued_messages 0'].join('\n')}\n`);
  const mosquitto = far.start('mosquitto', ['-c', broker]);
  await mosquitto.sees(/mosquitto version .* running/);
  const watcher = far.start('mosquitto_sub', ['-h', FAR, '-i', 'watcher', '-q', '2', '-t', 'far/#', '-F', '%t %p']);
  await mosquitto.sees(/Sending SUBACK to watcher/);

  const socket = join(folder, 'c.sock');
  const file = join(folder, 'hpmq.yaml');
  writeFileSync(
    file,
    `gateway: { id: plant-7, data: ${folder}/data }
broker: { listeners: [{ type: tcp, host: 127.0.0.1, port: 1883 }] }
links:
  cloud:
    type: mqtt
    url: mqtt://${FAR}:1883
    via: [up0, up1]
    failBack: 1s
    reconnect: 1s
    keepAlive: 2s
    heartbeat: { every: 1s }
    routes: [{ direction: out, filter: 'out/#', to: 'far/{topic:1}', qos: 1 }]
`,
  );
  const start = async () => {
    const args = [hpmqEntry, 'run', '-c', file, '--socket', socket];
    const gateway = here.start(process.execPath, args, { XDG_STATE_HOME: join(folder, 'state') });
    await gateway.sees(/"listeners":\["[^"]*:(\d+)"/, 15_000);
    return gateway;
  };
  let gateway = await start();
  const link = async () => (await createClient({ socket }).request('GET /v1/links')).items[0]!;
  const uses = (uplink: number) =>
    eventually(async () => {
      const { state, endpoint } = await link();
      return state === 'up' && endpoint?.endsWith(`via up${uplink}`);
    }, 40_000);

  let published = 0;
  return {
    here,
    link,
    uses,
    /** A process that publishes so many, one every 5 ms; resolves when the gateway has acknowledged them. */
    async publish(count: number) {
      const args = ['-h', '127.0.0.1', '-i', 'plc', '-q', '1', '-t', 'out/n', '-l'];
      const publisher = here.start('mosquitto_pub', args);
      for (let n = 0; n < count; n++) {
        publisher.write(`${published++}\n`);
        await sleep(5);
      }
      publisher.child.stdin?.end();
      t.equal(await publisher.ended, 0, 'the gateway took all');
    },
    async restart() {
      await gateway.kill('SIGKILL');
      gateway = await start();
    },
    /** All that was published is there, in order; what came again is left out. */
    async complete() {
      const got = () => [...new Set(watcher.stdout().split('\n').slice(0, -1))];
      await eventually(() => got().length >= published, 40_000).catch(() => {});
      const expected = Array.from({ length: published }, (_, n) => `far/n ${n}`);
      t.strictSame(got(), expected, `all ${published}, in order`);
    },
  };
}

t.test('an uplink is pulled: the other takes over, and gives back', options, async (t) => {
  const { here, link, uses, publish, complete } = await plant(t);
  await uses(0);
  const busy = publish(400);
  await sleep(300);
  here.ip('link', 'set', 'up0', 'down');
  await busy;
  await uses(1);
  await publish(100);
  await complete();
  t.match((await link()).history.at(-1), { endpoint: `mqtt://${FAR}:1883 via up0` });
  const back = publish(400);
  configure(here, 0);
  await uses(0);
  await back;
  t.match((await link()).history.at(-1), { code: 'LINK_MOVED' });
  await complete();
  t.equal((await link()).dropped, 0);
});

t.test('nothing passes an uplink any more, and nobody says so: the heartbeat finds it', options, async (t) => {
  const { here, uses, publish, complete } = await plant(t);
  await uses(0);
  const busy = publish(400);
  await sleep(300);
  // The interface is there, and what goes out by it is for nobody.
  here.ip('neigh', 'replace', '10.81.1.2', 'lladdr', '02:00:00:00:00:01', 'dev', 'up0', 'nud', 'permanent');
  await busy;
  await uses(1);
  await publish(100);
  await complete();
});

t.test('the gateway is killed while it uses its second uplink', options, async (t) => {
  const { here, uses, publish, restart, complete } = await plant(t);
  await uses(0);
  here.ip('link', 'set', 'up0', 'down');
  await publish(200);
  await uses(1);
  for (let n = 0; n < 3; n++) {
    await publish(100);
    await restart();
  }
  await uses(1);
  here.ip('link', 'set', 'up1', 'down');
  await publish(200);
  await restart();
  configure(here, 1);
  await uses(1);
  await complete();
});
