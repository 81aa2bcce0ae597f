/** A gateway tells its supervisor what it is doing: sd_notify(3), heard on a datagram socket by Python. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { hpmqEntry, tempFolder } from '../support/gateway.js';
import { eventually, needs, repoRoot, startPeer } from '../support/peers.js';

const peers = needs('python3', 'systemd-notify');

async function start(t: Test, env: Record<string, string>) {
  const folder = tempFolder(t);
  const socket = join(folder, 'notify');
  const heard = startPeer(t, 'python3', [join(repoRoot, 'test/peers/notify-socket.py'), socket]);
  await eventually(() => existsSync(socket));
  const file = join(folder, 'hpmq.yaml');
  writeFileSync(file, 'gateway: { id: box }\nbroker: { listeners: [{ type: tcp, port: 0 }] }\n');
  const args = [hpmqEntry, 'run', '-c', file, '--socket', join(folder, 'c.sock')];
  const gateway = startPeer(t, process.execPath, args, { cwd: folder, env: { NOTIFY_SOCKET: socket, ...env } });
  return { gateway, heard };
}

t.test('ready when it serves, alive while it runs, stopping when it is told to', peers, async (t) => {
  const { gateway, heard } = await start(t, { WATCHDOG_USEC: '900000' });
  await heard.sees(/READY=1/, 20_000);
  t.match(gateway.stderr(), 'gateway is up', 'not before');
  await heard.sees(/STATUS=up: 0 clients/);
  await heard.sees(/(?:WATCHDOG=1[\s\S]*){4}/);
  t.notMatch(heard.stdout(), 'STOPPING');
  gateway.child.kill('SIGTERM');
  await heard.sees(/STOPPING=1/);
  t.equal(await gateway.ended, 0);
  t.notMatch(gateway.stderr(), 'cannot tell systemd');
});

t.test('a supervisor that is gone is told in the log, and the gateway runs on', peers, async (t) => {
  const { gateway, heard } = await start(t, { NOTIFY_SOCKET: '/nowhere/notify' });
  await gateway.sees(/cannot tell systemd/, 20_000);
  t.equal(heard.stdout(), '');
  t.equal(await gateway.kill('SIGTERM'), 0);
});
