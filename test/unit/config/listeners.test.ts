import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse as parseYaml } from 'yaml';
import { configJsonSchema } from '../../../src/config/json-schema.js';
import { createConfigSchema } from '../../../src/config/schema.js';
import type { ListenerConfig } from '../../../src/core/config.js';
import { fakeAdapters } from '../../support/fake-adapters.js';
import { tempFolder } from '../../support/gateway.js';
import { needs, repoRoot } from '../../support/peers.js';
import { createAuthority } from '../../support/pki.js';

const inputs = (folder: string, env = {}) => ({ folder, env, hostName: 'box' });

function listenersOf(broker: unknown, folder = '/', env = {}): readonly ListenerConfig[] {
  return createConfigSchema(fakeAdapters, inputs(folder, env)).parse({ broker }).broker.listeners;
}

function problems(broker: unknown, folder: string): readonly string[] {
  const result = createConfigSchema(fakeAdapters, inputs(folder)).safeParse({ broker });
  return (
    result.error?.issues.map(({ path, message }) => `${path.slice(2).join('.')}: ${message.split('\u001f')[0]}`) ?? []
  );
}

/** A folder with the files that the example names. */
function filesOfExample(t: Test): string {
  const folder = tempFolder(t);
  const ca = createAuthority(t);
  for (const name of ['server', 'plant']) {
    const pair = ca.issue({ subject: `/CN=${name}` });
    copyFileSync(pair.cert, join(folder, `${name}.pem`));
    copyFileSync(pair.key, join(folder, `${name}.key`));
  }
  copyFileSync(ca.cert, join(folder, 'clients-ca.pem'));
  copyFileSync(ca.revocationList(), join(folder, 'clients-ca.crl.pem'));
  return folder;
}

t.test(
  'the listeners that stand as comments in the example are right, and what it calls defaults are',
  needs('openssl'),
  async (t) => {
    const lines = readFileSync(join(repoRoot, 'hpmq.example.yaml'), 'utf8').split('\n');
    const from = lines.findIndex((line) => line.includes('# - type: tls'));
    const to = lines.findIndex((line) => line.startsWith('  auth:'));
    const listeners = parseYaml(
      lines
        .slice(from, to)
        .map((line) => line.replace('    # ', ''))
        .join('\n'),
    ) as Record<string, unknown>[];
    t.same(
      listeners.map(({ type }) => type),
      ['tls', 'ws', 'wss', 'unix'],
    );
    const folder = filesOfExample(t);
    const file = (name: string) => join(folder, name);
    const parsed = listenersOf({ listeners }, folder);
    const common = { host: '127.0.0.1', auth: { anonymous: true }, handshakes: { timeout: 10_000, atOnce: 256 } };
    t.strictSame(parsed[0], {
      ...common,
      name: 'tls:127.0.0.1:8883',
      type: 'tls',
      port: 8_883,
      tls: {
        cert: file('server.pem'),
        key: file('server.key'),
        sni: { '*.plant.example.com': { cert: file('plant.pem'), key: file('plant.key') } },
        clientCertificate: 'required',
        clientCa: file('clients-ca.pem'),
        crl: [file('clients-ca.crl.pem')],
        alpn: ['mqtt'],
        minVersion: 'TLSv1.2',
        ciphers: 'ECDHE+AESGCM',
      },
    });
    t.match(parsed[2], {
      type: 'wss',
      port: 8_084,
      webSocket: { path: '/mqtt', origins: ['https://panel.example.com'] },
    });
    t.match(parsed[2]?.tls, { clientCertificate: 'none', alpn: ['http/1.1'] });
    const said = new Set(['ciphers', 'origins', 'clientCertificate']);
    const short = listeners.map((one) =>
      Object.fromEntries(
        Object.entries(one).filter(([key]) => said.has(key) || !/^(port|host|alpn|minVersion|mode)$/.test(key)),
      ),
    );
    t.strictSame(listenersOf({ listeners: short }, folder), parsed, 'without what it calls defaults');
  },
);

t.test('keys and certificates that do not fit are found before anything starts', needs('openssl'), async (t) => {
  const folder = filesOfExample(t);
  const tls = (more: object) =>
    problems({ listeners: [{ type: 'tls', cert: 'server.pem', key: { file: 'server.key' }, ...more }] }, folder);
  t.same(tls({}), []);
  t.same(tls({ key: { file: 'plant.key' } }), [`0.key: ${folder}/plant.key does not belong to the certificate`]);
  t.same(tls({ cert: 'server.key' }), [`0.cert: ${folder}/server.key holds no PEM certificate that can be read`]);
  t.same(tls({ sni: { A: { cert: 'plant.pem', key: { file: 'server.key' } } } }), [
    `0.sni.a.key: ${folder}/server.key does not belong to the certificate`,
  ]);
  t.same(tls({ clientCa: 'server.key' }), [
    `0.clientCa: ${folder}/server.key holds no PEM certificate that can be read`,
  ]);
  t.same(tls({ clientCa: 'server.pem', crl: 'server.pem' }), [
    `0.crl: ${folder}/server.pem holds no PEM revocation list that can be read`,
  ]);
  t.same(tls({ crl: 'clients-ca.crl.pem' }), ['0.crl: clients are not asked for a certificate']);
  t.same(tls({ clientCertificate: 'optional' }), [
    '0.clientCertificate: nobody could sign the certificates of clients',
  ]);
  t.same(tls({ clientCa: 'clients-ca.pem', clientCertificate: 'none' }), [
    '0.clientCa: clients are not asked for a certificate',
  ]);
  t.match(tls({ ciphers: 'NONE' }), [/^0\.ciphers: the list is not accepted/]);
});

t.test('a key from the environment', needs('openssl'), async (t) => {
  const folder = filesOfExample(t);
  const text = readFileSync(join(folder, 'server.key'), 'utf8');
  const listeners = [{ type: 'tls', cert: 'server.pem', key: { env: 'TLS_KEY' } }];
  t.strictSame(listenersOf({ listeners }, folder, { TLS_KEY: text })[0]?.tls?.key, Buffer.from(text));
});

t.test('no credentials are needed only where nobody but this machine comes', async (t) => {
  const anonymous = (...listeners: object[]) => listenersOf({ listeners }).map(({ auth }) => auth.anonymous);
  t.same(anonymous({ type: 'tcp' }, { type: 'ws', host: '::1' }, { type: 'unix', path: 'mqtt.sock' }), [
    true,
    true,
    true,
  ]);
  for (const open of [{ proxyProtocol: true }, { systemd: 'mqtt' }, { host: '0.0.0.0' }]) {
    t.match(problems({ listeners: [{ type: 'tcp', ...open }] }, '/'), [/without authentication$/]);
    t.same(problems({ listeners: [{ type: 'tcp', ...open }], auth: { anonymous: true } }, '/'), []);
  }
  t.match(problems({ listeners: [{ type: 'unix', path: 's', proxyProtocol: true }] }, '/'), [
    /^0\.proxyProtocol: \/s would/,
  ]);
});

t.test('proxies: addresses and networks, where a proxy is expected', async (t) => {
  const behind = (proxies: unknown, proxyProtocol = true) => ({
    listeners: [{ type: 'tcp', proxyProtocol, proxies }],
    auth: { anonymous: true },
  });
  const good = ['10.0.0.7', '10.1.0.0/16', '::1', '2001:db8::/32'];
  t.same(listenersOf(behind(good))[0]?.proxies, good);
  for (const bad of ['', 'proxy', '10.0.0.7/33', '10.0.0.7/', '10.0.0.7/8/8', '::/129', '10.0.0/8', 'fe80::1%eth0']) {
    t.match(problems(behind([bad]), '/'), [/^0\.proxies\.0: ".*" is not an address or network$/], bad);
  }
  t.equal(problems(behind([]), '/').length, 1);
  t.same(problems(behind(['10.0.0.7'], false), '/'), ['0.proxies: no proxy is expected here']);
});

t.test('names are unique, places too', async (t) => {
  const names = (...listeners: object[]) =>
    listenersOf({ listeners, auth: { anonymous: true } }).map(({ name }) => name);
  t.same(
    names(
      { type: 'tcp', port: 0 },
      { type: 'tcp', port: 0 },
      { type: 'ws', name: 'panel' },
      { type: 'unix', path: 'mqtt.sock' },
      { type: 'tcp', systemd: 'field' },
    ),
    ['tcp:127.0.0.1:0', 'tcp:127.0.0.1:0#2', 'panel', 'unix:/mqtt.sock', 'tcp:field'],
  );
  t.match(problems({ listeners: [{ type: 'tcp', port: 8_083 }, { type: 'ws' }] }, '/'), [
    /^1: 127\.0\.0\.1:8083 overlaps/,
  ]);
});

t.test('editors are told all types, with their defaults', async (t) => {
  const text = JSON.stringify(configJsonSchema(fakeAdapters));
  for (const type of ['tcp', 'tls', 'ws', 'wss', 'unix']) t.match(text, `"const":"${type}"`);
  t.match(text, '"default":8883');
  t.match(text, '"default":["mqtt"]');
});
