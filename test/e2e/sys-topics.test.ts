/** `$SYS/broker/…` beside Debian's mosquitto: the same names with payloads of the same form. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { eventually, freePort, listening, needs, startPeer } from '../support/peers.js';

/** What both publish within two looks. @returns topic → last payload */
async function sysTopics(t: Test, port: number): Promise<ReadonlyMap<string, string>> {
  const peer = startPeer(t, 'stdbuf', [
    '-oL',
    'mosquitto_sub',
    '-h',
    '127.0.0.1',
    '-p',
    String(port),
    '-t',
    '$SYS/#',
    '-F',
    '%r %t=%p',
  ]);
  const lines = () => peer.stdout().trim().split('\n');
  // Retained ones first; live ones say that a look has passed since somebody watches.
  await eventually(() => lines().filter((line) => line.startsWith('0 $SYS/broker/uptime')).length >= 2);
  const found = new Map<string, string>();
  for (const line of lines()) {
    const [, topic = '', payload = ''] = /^[01] ([^=]+)=(.*)$/.exec(line) ?? [];
    found.set(topic, payload);
  }
  await peer.kill();
  return found;
}

/** A payload with its digits taken out of it. */
const form = (payload: string) =>
  payload.replace(/^mosquitto version .*|^hpmq version .*/, 'version').replace(/\d+/g, '0');

t.test(
  'every $SYS topic of mosquitto is there, with a payload of the same form',
  needs('mosquitto', 'mosquitto_sub', 'stdbuf'),
  async (t) => {
    const port = await freePort();
    const file = join(tempFolder(t), 'mosquitto.conf');
    writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nsys_interval 1\n`);
    startPeer(t, 'mosquitto', ['-c', file]);
    await listening(port);
    const gateway = await startTestGateway(
      t,
      'gateway: { id: plant-7 }\nbroker: { sysInterval: 1s, listeners: [{ type: tcp, port: 0 }] }\n',
    );
    const [theirs, ours] = await Promise.all([sysTopics(t, port), sysTopics(t, gateway.mqttPort)]);
    t.ok(theirs.size > 50, `mosquitto publishes ${theirs.size}`);
    for (const [topic, payload] of theirs) t.equal(form(ours.get(topic) ?? 'absent'), form(payload), topic);
    // Of Mosquitto 2.1, which Debian does not have yet.
    for (const name of ['packet/out/count', 'packet/out/bytes', 'connections/socket/count']) {
      t.match(ours.get(`$SYS/broker/${name}`), /^\d+$/, name);
    }
    t.equal(ours.get('$SYS/broker/clients/connected'), '1');
  },
);
