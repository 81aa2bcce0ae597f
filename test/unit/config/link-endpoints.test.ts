/** `url`, `srv`, `via`, `heartbeat`, `tls` and `preset` of a link. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ConfigError } from '../../../src/config/errors.js';
import { loadConfig } from '../../../src/config/load.js';
import { fakeAdapters } from '../../support/fake-adapters.js';
import { tempFolder } from '../../support/gateway.js';
import { needs } from '../../support/peers.js';
import { createAuthority } from '../../support/pki.js';

function load(t: Test, link: string) {
  const cwd = tempFolder(t);
  const lines = link
    .trim()
    .split('\n')
    .map((line) => `    ${line}\n`);
  writeFileSync(join(cwd, 'hpmq.yaml'), `links:\n  cloud:\n    type: mqtt\n${lines.join('')}`);
  return loadConfig({ cwd, env: {}, file: 'hpmq.yaml', hostName: 'box', adapters: fakeAdapters }).config.links.cloud!;
}

function problems(t: Test, link: string): readonly string[] {
  try {
    load(t, link);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ message, path, hint }) => `${path}: ${message} (${hint})`);
    throw error;
  }
  return [];
}

t.test('defaults, one url', async (t) => {
  t.match(load(t, 'url: mqtt://h:1884'), {
    url: 'mqtt://h:1884',
    reach: { urls: ['mqtt://h:1884'], srv: undefined, via: [], choose: 'first', failBack: 60_000, maxWait: 30_000 },
    heartbeat: { every: 15_000, topic: undefined },
    preset: undefined,
    tls: { ca: [], cert: undefined, key: undefined, alpn: [], renew: undefined },
  });
});

t.test('lists of endpoints, SRV records, uplinks', async (t) => {
  t.match(
    load(t, 'url: [mqtts://a, wss://b/mqtt]\nvia: [eth0, 10.0.0.7]\nchoose: nearest\nfailBack: 5m\nreconnect: 2m'),
    {
      url: 'mqtts://a',
      reach: { urls: ['mqtts://a', 'wss://b/mqtt'], via: ['eth0', '10.0.0.7'], choose: 'nearest', failBack: 300_000 },
    },
  );
  t.match(load(t, 'srv: _mqtt._tcp.example.com\nvia: wwan0\nheartbeat: off'), {
    url: '_mqtt._tcp.example.com',
    reach: { urls: [], srv: { name: '_mqtt._tcp.example.com', secure: false }, via: ['wwan0'] },
    heartbeat: undefined,
  });
  t.match(load(t, 'srv: _secure-mqtt._tcp.example.com').reach.srv, { secure: true });
  t.match(load(t, 'url: mqtt://h\nheartbeat: { every: 5s, topic: a/b }').heartbeat, { every: 5_000, topic: 'a/b' });
});

t.test('what cannot be meant is refused', async (t) => {
  for (const [link, expected] of [
    ['clientId: x', /url: .*either url or srv/],
    ['url: mqtt://h\nsrv: _mqtt._tcp.example.com', /srv: .*either url or srv/],
    ['url: [mqtts://a, mqtt://b]', /url\[1\]: .*not encrypted, unlike another/],
    ['srv: example.com', /srv: .*not the name of SRV records/],
    ['url: mqtt://h\nvia: "eth0/1"', /via.*not an interface or address/],
    ['url: mqtt://h\nheartbeat: { topic: "a/#" }', /heartbeat.*topic/],
    ['url: mqtt://h\nheartbeat: on', /heartbeat: .*is no heartbeat.*write off, or \{ every: 15s \}/],
    ['url: mqtt://h\nheartbeat: 15s', /heartbeat: .*is no heartbeat.*write off, or \{ every: 15s \}/],
    ['url: mqtt://h\nheartbeat: { every: 5 }', /heartbeat\.every/],
    ['url: mqtt://h\nheartbeat: { evry: 5s }', /evry/],
    ['url: mqtt://user:hunter2@h', /holds credentials/],
    ['url: []', /url/],
    ['url: mqtt://h\ntls: { serverName: x }', /does not use TLS/],
    ['url: mqtts://h\ntls: { renew: { command: /bin/renew } }', /no certificate to renew/],
  ] as const) {
    const found = problems(t, link).join('\n');
    t.match(found, expected, link);
    t.notMatch(found, /hunter2/);
  }
});

t.test('preset aws-iot: what the cloud would refuse is refused here', needs('openssl'), async (t) => {
  const authority = createAuthority(t);
  const { cert, key } = authority.issue({ subject: '/CN=gateway' });
  const tls = `tls: { ca: ["${authority.cert}"], cert: "${cert}", key: { file: "${key}" } }`;
  const good = load(t, `preset: aws-iot\nurl: mqtts://x.iot.example.com:443\n${tls}`);
  t.match(good, { preset: 'aws-iot', tls: { alpn: ['x-amzn-mqtt-ca'], ca: [authority.cert], cert, key } });
  t.strictSame(load(t, `preset: aws-iot\nurl: mqtts://x.iot.example.com\n${tls}`).tls.alpn, [], 'port 8883 needs none');
  const deep = '[{ direction: out, filter: "a/#", to: "1/2/3/4/5/6/7/8/{topic}" }]';
  for (const [lines, expected] of [
    ['url: mqtt://h', /url: AWS IoT Core takes TLS only/],
    [`url: mqtts://h\n${tls}\nclientId: ${'x'.repeat(129)}`, /clientId: .*129 bytes/],
    [`url: mqtts://h\n${tls}\nclientId: $x`, /clientId: .*begins with \$/],
    [`url: mqtts://h\n${tls}\nkeepAlive: 5s`, /keepAlive: AWS IoT Core takes 30s to 1200s/],
    [`url: mqtts://h\n${tls}\nroutes: [{ direction: out, filter: "a/#", qos: 2 }]`, /routes\[0\]\.qos: .*no QoS 2/],
    [`url: mqtts://h\n${tls}\nroutes: ${deep}`, /routes\[0\]\.to: the topic has 9 levels/],
    [
      `url: mqtts://h\n${tls}\nroutes: [{ direction: in, filter: "1/2/3/4/5/6/7/8/9" }]`,
      /routes\[0\]\.filter: .*9 levels/,
    ],
    ['url: mqtts://h', /tls: AWS IoT Core knows gateways by their certificate/],
  ] as const) {
    t.match(problems(t, `preset: aws-iot\n${lines}`).join('\n'), expected, lines.slice(0, 60));
  }
});

t.test('presets of brokers, and files that do not fit', needs('openssl'), async (t) => {
  for (const preset of ['emqx', 'hivemq', 'mosquitto'])
    t.match(load(t, `preset: ${preset}\nurl: mqtt://h`), { preset });
  t.match(problems(t, 'preset: azure\nurl: mqtt://h').join(), /preset/);
  const authority = createAuthority(t);
  const [one, two] = [authority.issue({ subject: '/CN=a' }), authority.issue({ subject: '/CN=b' })];
  const mixed = `url: mqtts://h\ntls: { cert: "${one.cert}", key: { file: "${two.key}" } }`;
  t.match(problems(t, mixed).join(), /tls\.key: .*does not belong to the certificate/);
  const renew = 'renew: { command: [/usr/local/bin/renew, cloud], before: 20d, timeout: 2m }';
  const renewed = load(t, `url: mqtts://h\ntls: { cert: "${one.cert}", key: { file: "${one.key}" }, ${renew} }`);
  t.strictSame(renewed.tls.renew, {
    command: ['/usr/local/bin/renew', 'cloud'],
    before: 1_728_000_000,
    timeout: 120_000,
  });
});
