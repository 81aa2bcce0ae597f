/** What a link says when a real broker does not want it: every cause has its own code and hint. */
import { execFileSync } from 'node:child_process';
import { pbkdf2Sync } from 'node:crypto';
import { existsSync, globSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { LinkConfig, RouteConfig } from '../../src/core/config.js';
import { linkConfig, NO_TLS, startLink, startMosquitto, subscriber } from '../support/links.js';
import { eventually, freePort, needs } from '../support/peers.js';

const OUT: RouteConfig = { direction: 'out', filter: 'hpmq/#', to: 'plants/{topic:1}', qos: 1 };
const IN: RouteConfig = { direction: 'in', filter: 'commands/#', to: '{topic:1}', qos: 1 };
const peers = needs('mosquitto', 'mosquitto_sub', 'mosquitto_passwd');

/** The error of a link that does not come up. */
async function failure(t: Test, config: LinkConfig) {
  const { links } = await startLink(t, config);
  const view = await eventually(() => links.links().find(({ error }) => error !== undefined));
  t.match(view, { state: 'down', nextTryAt: Number });
  t.match(links.services(), [{ name: 'link:cloud', state: 'down', reason: view.error?.message }]);
  return view.error;
}

t.test('nothing listens', async (t) => {
  const port = await freePort();
  t.match(await failure(t, linkConfig(`mqtt://127.0.0.1:${port}`, [OUT])), {
    code: 'LINK_UNREACHABLE',
    fault: 'peer',
    message: new RegExp(`^127.0.0.1:${port} cannot be reached: .*ECONNREFUSED`),
    hint: /nothing listens there/,
  });
});

t.test('something else listens', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  t.match(await failure(t, linkConfig(`mqtt://127.0.0.1:${port}`, [OUT])), { code: 'LINK_PROTOCOL' });
});

for (const protocolVersion of [4, 5] as const) {
  t.test(`a wrong password, protocol ${protocolVersion}`, peers, async (t) => {
    const folder = t.testdir();
    const passwords = join(folder, 'passwords');
    execFileSync('mosquitto_passwd', ['-c', '-b', passwords, 'gateway', 'secret'], { stdio: 'ignore' });
    const far = await startMosquitto(t, ['allow_anonymous false', `password_file ${passwords}`]);
    const wrong = { protocolVersion, username: 'gateway', password: 'hunter2', clientId: 'wrong' };
    const error = await failure(t, linkConfig(far.url, [OUT], wrong));
    t.match(error, { code: 'LINK_AUTH', message: /refused the connection: not authorized/, hint: /password/ });
    t.notMatch(JSON.stringify(error), /hunter2/, 'the password is not shown');
    const { is } = await startLink(t, linkConfig(far.url, [OUT], { ...wrong, password: 'secret', clientId: 'right' }));
    await is('up');
  });

  t.test(`a refused subscription: degraded, outgoing routes work, protocol ${protocolVersion}`, peers, async (t) => {
    const plugin = globSync('/usr/lib/*/mosquitto_dynamic_security.so')[0] ?? '';
    t.ok(existsSync(plugin), 'mosquitto brings its access control plugin');
    const file = join(t.testdir(), 'roles.json');
    writeFileSync(file, roles());
    const lines = ['allow_anonymous false', `plugin ${plugin}`, `plugin_opt_config_file ${file}`];
    const far = await startMosquitto(t, lines);
    const user = ['-u', 'gateway', '-P', 'secret'];
    const sub = await subscriber(t, far, 'plants/#', user);
    const config = linkConfig(far.url, [OUT, IN], { protocolVersion, username: 'gateway', password: 'secret' });
    const { router, links, is } = await startLink(t, config);
    await is('degraded');
    const code = 'LINK_SUBSCRIPTION_REFUSED';
    t.match(links.links()[0], { error: { code, message: /refused the subscription to commands\/#/ } });
    t.match(links.services(), [{ state: 'degraded', hint: /allow this user to subscribe/ }]);
    t.match(links.alarms(), [{ severity: 'warn', subject: 'link:cloud', error: { code } }]);
    t.match(links.status(), { state: 'degraded', reason: 'link:cloud degraded' });
    router.put('hpmq/boiler', '1', { qos: 1 });
    await sub.sees('1 0 plants/boiler 1');

    router.put('hpmq/secret/boiler', '2', { qos: 1 });
    router.put('hpmq/boiler', '3', { qos: 1 });
    await sub.sees('1 0 plants/boiler 3');
    await eventually(() => links.links()[0]!.queued === 0);
    // MQTT 3.1.1 has no way to say no to a PUBLISH.
    if (protocolVersion === 4) return;
    t.match(links.links()[0], { out: 2, dropped: 1 });
    t.match(links.alarms()[1], {
      error: { code: 'LINK_PUBLISH_REFUSED', message: /plants\/secret\/boiler: not authorized \(0x87\)/ },
    });
  });
}

t.test(
  'TLS: our own CA is accepted, an unknown one and a plain port are LINK_TLS',
  needs('mosquitto', 'openssl'),
  async (t) => {
    const folder = t.testdir();
    const key = join(folder, 'key.pem');
    const cert = join(folder, 'cert.pem');
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const secure = await freePort();
    const listener = [`listener ${secure} 127.0.0.1`, `certfile ${cert}`, `keyfile ${key}`];
    const far = await startMosquitto(t, ['allow_anonymous true', ...listener]);
    const tls = { ...NO_TLS, ca: [cert] };

    const { is } = await startLink(t, linkConfig(`mqtts://localhost:${secure}`, [OUT], { tls, clientId: 'good' }));
    await is('up');
    t.match(await failure(t, linkConfig(`mqtts://localhost:${secure}`, [OUT], { clientId: 'no-ca' })), {
      code: 'LINK_TLS',
      details: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    });
    const plain = linkConfig(`mqtts://127.0.0.1:${far.port}`, [OUT], { tls, clientId: 'plain' });
    t.match(await failure(t, plain), { code: 'LINK_TLS' });
  },
);

t.test('another client with the same client id takes the session over', peers, async (t) => {
  const far = await startMosquitto(t);
  const { links, is } = await startLink(t, linkConfig(far.url, [OUT], { clientId: 'twin' }));
  await is('up');
  const twin = connect(far.port, '127.0.0.1');
  t.teardown(() => twin.destroy());
  // CONNECT, MQTT 5.0, Clean Start, keep-alive 60 s, client id "twin".
  twin.write(Buffer.from('10110004 4d515454 05 02 003c 00 0004 7477696e'.replaceAll(' ', ''), 'hex'));
  await is('down');
  // Mosquitto 2.0 closes without the DISCONNECT that would say why.
  t.match(links.links()[0], { error: { code: /LINK_(LOST|TAKEN_OVER)/, hint: /client id/ } });
  await is('up');
});

/** Roles of mosquitto's dynamic security: may publish to and see `plants/…`, but not `plants/secret/…`, may subscribe to nothing else. */
function roles(): string {
  const salt = Buffer.from('0123456789ab');
  const password = pbkdf2Sync('secret', salt, 101, 64, 'sha512').toString('base64');
  const allow = (acltype: string, topic: string, allow = true, priority = 0) => ({ acltype, topic, allow, priority });
  return JSON.stringify({
    clients: [
      {
        username: 'gateway',
        password,
        salt: salt.toString('base64'),
        iterations: 101,
        roles: [{ rolename: 'gateway' }],
      },
    ],
    roles: [
      {
        rolename: 'gateway',
        acls: [
          allow('publishClientSend', 'plants/secret/#', false, 1),
          allow('publishClientSend', 'plants/#'),
          allow('publishClientReceive', 'plants/#'),
          allow('subscribePattern', 'plants/#'),
        ],
      },
    ],
    defaultACLAccess: { publishClientSend: false, publishClientReceive: true, subscribe: false, unsubscribe: true },
  });
}
