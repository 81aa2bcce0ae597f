/** A gateway whose sockets were opened by systemd's own systemd-socket-activate. */
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { hpmqEntry, runHpmq, tempFolder } from '../support/gateway.js';
import { eventually, freePort, needs, type Peer, startPeer } from '../support/peers.js';

const peers = needs('systemd-socket-activate', 'mosquitto_pub', 'mosquitto_sub');

interface Activated {
  readonly gateway: Peer;
  readonly port: number;
  readonly path: string;
  readonly control: string;
}

/** The gateway starts at the first connection. */
async function activate(t: Test, names: string, listeners: string): Promise<Activated> {
  const folder = tempFolder(t);
  const file = join(folder, 'hpmq.yaml');
  const [path, control, port] = [join(folder, 'mqtt.sock'), join(folder, 'c.sock'), await freePort()];
  writeFileSync(file, `broker: { auth: { anonymous: true }, listeners: ${listeners} }\n`);
  const gateway = startPeer(t, 'systemd-socket-activate', [
    '-l',
    `127.0.0.1:${port}`,
    '-l',
    path,
    `--fdname=${names}`,
    process.execPath,
    hpmqEntry,
    'run',
    '-c',
    file,
    '--socket',
    control,
  ]);
  await eventually(() => existsSync(path));
  connect(port, '127.0.0.1').on('error', () => {});
  return { gateway, port, path, control };
}

t.test('TCP and Unix sockets', peers, async (t) => {
  const listeners = '[{ type: tcp, systemd: field }, { type: unix, path: unused.sock, systemd: local }]';
  const { gateway, port, path, control } = await activate(t, 'field:local', listeners);
  await gateway.sees(/gateway is up/, 20_000);
  const { stdout } = await runHpmq(['--socket', control, 'status', '--json']);
  t.same(JSON.parse(stdout).listeners, [`127.0.0.1:${port}`, 'unix:systemd:local']);
  for (const options of [
    ['-p', `${port}`],
    ['--unix', path],
  ]) {
    const sub = startPeer(t, 'mosquitto_sub', [...options, '-t', 'a', '-C', '1', '-W', '10']);
    const pub = startPeer(t, 'mosquitto_pub', [...options, '-t', 'a', '-m', 'x', '-r', '-q', '1']);
    t.equal(await pub.ended, 0, pub.stderr());
    t.equal(await sub.ended, 0, sub.stderr());
  }
  t.equal(await gateway.kill('SIGTERM'), 0);
  t.ok(existsSync(path), 'the socket is of systemd, which removes it');
});

t.test('a socket that was not passed is told, and so is one that nobody uses', peers, async (t) => {
  const missing = await activate(t, 'field:local', '[{ type: tcp, systemd: mqtt }]');
  t.equal(await missing.gateway.ended, 78);
  const { stderr } = missing.gateway;
  t.match(stderr(), /systemd passed no socket with the name mqtt: it passed field, local/);
  t.match(stderr(), /FileDescriptorName=/);
  const unused = await activate(t, 'field:local', '[{ type: tcp, systemd: field }]');
  await unused.gateway.sees(/"sockets":\["local"\].*systemd passed sockets that no listener uses/, 20_000);
});
