/** Certificates of links, with a mosquitto that takes only clients with one. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Clock, systemClock } from '../../src/core/clock.js';
import type { LinkConfig, LinkTlsConfig, RouteConfig } from '../../src/core/config.js';
import { tempFolder } from '../support/gateway.js';
import { linkConfig, type Mosquitto, NO_TLS, startLink, startMosquitto, subscriber } from '../support/links.js';
import { eventually, freePort, needs } from '../support/peers.js';
import { asn1Time, createAuthority } from '../support/pki.js';

const OUT: RouteConfig = { direction: 'out', filter: 'out/#', to: 'far/{topic:1}', qos: 1 };
const peers = needs('mosquitto', 'mosquitto_sub', 'openssl');

function config(url: string, more: Partial<LinkConfig>): LinkConfig {
  const base = linkConfig(url, [OUT], { heartbeat: { every: 1_000, topic: undefined }, keepAlive: 60_000, ...more });
  return { ...base, reach: { ...base.reach, maxWait: 1_000 } };
}

/** mosquitto with TLS that takes only clients of this authority. */
async function secured(
  t: Test,
  pair: { cert: string; key: string },
  ca: string,
): Promise<{ far: Mosquitto; url: string }> {
  const port = await freePort();
  const far = await startMosquitto(t, [
    'allow_anonymous true',
    `listener ${port} 127.0.0.1`,
    `certfile ${pair.cert}`,
    `keyfile ${pair.key}`,
    `cafile ${ca}`,
    'require_certificate true',
    'use_identity_as_username true',
  ]);
  return { far, url: `mqtts://127.0.0.1:${port}` };
}

t.test('our certificate is replaced: the session goes on with the new one, nothing is lost', peers, async (t) => {
  const authority = createAuthority(t);
  const names = 'IP:127.0.0.1';
  const { far, url } = await secured(t, authority.issue({ subject: '/CN=broker', names }), authority.cert);
  const folder = tempFolder(t);
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const put = (name: string) => {
    const pair = authority.issue({ subject: `/CN=${name}` });
    copyFileSync(pair.key, key);
    copyFileSync(pair.cert, cert);
  };
  put('first');
  const tls: LinkTlsConfig = { ...NO_TLS, ca: [authority.cert], cert, key };
  const watcher = await subscriber(t, far, 'far/#');
  const { router, links, is } = await startLink(t, config(url, { tls, clientId: 'gw' }));
  await is('up');
  t.match(links.links()[0]!.certificates, [
    { side: 'own', subject: 'first' },
    { side: 'far', subject: 'broker' },
  ]);
  await far.peer().sees(/New client connected from .* as gw \(.*u'first'/);
  put('second');
  let sent = 0;
  await eventually(() => {
    router.put(`out/${sent}`, '', { qos: 1 });
    sent++;
    return links.links()[0]!.connects === 2;
  }, 20_000);
  await far.peer().sees(/New client connected from .* as gw \(.*c0.*u'second'/);
  await is('up');
  await eventually(() => links.links()[0]!.queued === 0);
  await watcher.sees(`1 0 far/${sent - 1} `);
  t.strictSame(
    watcher.lines(),
    Array.from({ length: sent }, (_, i) => `1 0 far/${i} `),
    'each once, in order',
  );
  t.match(links.links()[0]!.history, [{ code: 'LINK_MOVED', failures: 0 }]);
});

t.test('an old and a new authority at once', peers, async (t) => {
  const [old, next] = [createAuthority(t, 'Old CA'), createAuthority(t, 'New CA')];
  const pair = next.issue({ subject: '/CN=broker', names: 'IP:127.0.0.1' });
  const own = next.issue({ subject: '/CN=gateway' });
  const { url } = await secured(t, pair, next.cert);
  const ca = join(tempFolder(t), 'ca.pem');
  copyFileSync(old.cert, ca);
  const { links, is } = await startLink(t, config(url, { tls: { ...NO_TLS, ca: [ca], cert: own.cert, key: own.key } }));
  await is('down');
  t.match(links.links()[0], { error: { code: 'LINK_TLS' } });
  writeFileSync(ca, readFileSync(old.cert, 'utf8') + readFileSync(next.cert, 'utf8'));
  await is('up');
});

t.test('a clock that is not set does not keep the link down; a certificate that is wrong does', peers, async (t) => {
  const authority = createAuthority(t);
  const names = 'IP:127.0.0.1';
  const from = asn1Time(Date.now() + 86_400_000);
  const to = asn1Time(Date.now() + 90 * 86_400_000);
  const { url } = await secured(t, authority.issue({ subject: '/CN=broker', names, from, to }), authority.cert);
  const own = authority.issue({ subject: '/CN=gateway' });
  const tls = { ...NO_TLS, ca: [authority.cert], cert: own.cert, key: own.key };
  const clock: Clock = { ...systemClock, quality: () => 'unsynced' };
  const good = await startLink(t, config(url, { tls }), { clock });
  await good.is('up');
  const strict = await startLink(t, config(url, { tls, clientId: 'strict' }));
  await strict.is('down');
  t.match(strict.links.links()[0], { error: { code: 'LINK_TLS', message: /not yet valid/ } });
  const other = createAuthority(t, 'Another CA');
  const wrong = await startLink(t, config(url, { tls: { ...tls, ca: [other.cert] }, clientId: 'wrong' }), { clock });
  await wrong.is('down');
  t.match(wrong.links.links()[0], { error: { code: 'LINK_TLS' } });
  const renamed = { ...tls, serverName: 'broker.example.com' };
  const named = await startLink(t, config(url, { tls: renamed, clientId: 'named' }), { clock });
  await named.is('down');
  t.match(named.links.links()[0], { error: { code: 'LINK_TLS' } });
});
