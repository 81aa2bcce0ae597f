/** Who is let in, by packets: passwords, tokens, certificates, anonymous clients; and what changes while they are in. */
import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';
import t, { type Test } from 'tap';
import type { PeerCertificate } from '../../../../src/broker/peer.js';
import type { AccessConfig, AuthConfig } from '../../../../src/core/config.js';
import { Bench, shown, type TestClient } from '../harness.js';
import { accessConfig, both, cheapHash, rule, user } from './fixtures.js';

const hemlig = cheapHash('hemlig');

const access = (more: Partial<AccessConfig> = {}): AccessConfig =>
  accessConfig({ users: [user('anna'), user('bert', { password: hemlig })], ...more });

function start(t: Test, config: Partial<AccessConfig> = {}, auth: AuthConfig = { anonymous: false }) {
  const listeners = [{ name: 'test', type: 'tcp' as const, host: '127.0.0.1', port: 0, auth }];
  return new Bench(t, {}, { listeners, access: access(config) });
}

const login = (username?: string, password?: string | Buffer) => ({
  ...(username !== undefined && { username }),
  ...(password !== undefined && { password: Buffer.from(password as string) }),
});

/** A CONNECT that mqtt-packet refuses to write: 5.0 with a password and no user name, or an empty one (§3.1.2.9). */
function passwordAlone(clientId: string, username: string | undefined, password: Buffer): Buffer {
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
  const flags = username === undefined ? 0x42 : 0xc2;
  const names = [clientId, ...(username === undefined ? [] : [username])].map((text) => field(Buffer.from(text)));
  const head = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 5, flags, 0, 0, 0]);
  const body = Buffer.concat([head, ...names, field(password)]);
  const { length } = body;
  // Padded lengths are malformed [MQTT-1.5.5-1].
  return Buffer.concat([
    Buffer.from(length < 128 ? [0x10, length] : [0x10, 0x80 | (length & 0x7f), length >> 7]),
    body,
  ]);
}

let hosts = 0;

/** CONNACK code of one try; the key is derived in real threads. Each from an address of its own: none is slowed down. */
async function code(bench: Bench, version: 3 | 4 | 5, options: object, clientId = 'c', peer = {}): Promise<number> {
  const client = bench.open(version, { host: `10.1.${hosts >> 8}.${hosts++ & 255}`, ...peer });
  return (await connack(client, options, clientId)).code;
}

async function connack(client: TestClient, options: object, clientId = 'c') {
  const { version } = client;
  const { username, password } = options as { username?: string; password?: Buffer };
  const protocolId = version === 3 ? ('MQIsdp' as const) : ('MQTT' as const);
  const packet = { cmd: 'connect' as const, protocolId, protocolVersion: version, clean: true, keepalive: 0, clientId };
  if (password !== undefined && !username) client.raw(passwordAlone(clientId, username, password));
  else client.send({ ...packet, ...options });
  for (;;) {
    const [packet] = await client.pending();
    if (packet?.cmd === 'connack') {
      client.connack = packet;
      return { code: packet.reasonCode ?? packet.returnCode ?? -1, client };
    }
    if (client.isClosed) return { code: -1, client };
    await sleep(2);
  }
}

t.test('a password opens, a wrong one does not, and nobody learns who exists [MQTT-3.1.4-2]', async (t) => {
  const bench = start(t);
  t.equal(await code(bench, 5, login('anna', 'geheim')), 0);
  t.equal(await code(bench, 4, login('anna', 'geheim')), 0);
  t.equal(await code(bench, 3, login('anna', 'geheim')), 0);
  for (const [name, password] of [
    ['anna', 'Geheim'],
    ['nobody', 'geheim'],
    ['bert', 'geheim'],
    ['anna', ''],
    ['Anna', 'geheim'],
    ['', 'geheim'],
  ] as const) {
    t.equal(await code(bench, 5, login(name, password), 'd'), 0x86, `${name} ${password}`);
  }
  t.equal(await code(bench, 4, login('anna', 'x')), 0x04);
  t.equal(await code(bench, 5, login('anna')), 0x86, 'a name alone');
  t.equal(await code(bench, 5, login()), 0x86, 'nothing');
  t.equal(await code(bench, 4, login()), 0x04);
  t.equal(await code(bench, 5, login(undefined, 'geheim')), 0x86, 'a password alone, which 5.0 allows');
  t.equal(await code(bench, 5, login('anna', Buffer.alloc(60_000, 'x')), 'd'), 0x86);
});

t.test('one user may not take the session of another', async (t) => {
  const bench = start(t);
  const options = { clean: false, properties: { sessionExpiryInterval: 100 } };
  await connack(bench.open(5), { ...login('anna', 'geheim'), ...options });
  t.equal(await code(bench, 5, { ...login('bert', 'hemlig'), ...options }), 0x85);
});

t.test('who may not connect though the password is right: disabled, with a foreign Client Identifier', async (t) => {
  const bench = start(t, { users: [user('anna', { disabled: true }), user('bert', { clientIds: ['b-*'] })] });
  t.equal(await code(bench, 5, login('anna', 'geheim')), 0x87);
  t.equal(await code(bench, 5, login('anna', 'wrong')), 0x86);
  t.equal(await code(bench, 5, login('bert', 'geheim'), 'c'), 0x87);
  t.equal(await code(bench, 5, login('bert', 'geheim'), 'b-1'), 0);
  t.equal(await code(bench, 4, login('bert', 'geheim'), 'c'), 0x05);
});

t.test('anonymous beside users: without a name one is nobody, with one the password must be right', async (t) => {
  const bench = start(t, {}, { anonymous: true });
  t.equal(await code(bench, 5, login()), 0);
  t.equal(await code(bench, 5, login('anna', 'geheim'), 'd'), 0);
  t.equal(await code(bench, 5, login('anna', 'wrong'), 'e'), 0x86);
  t.equal(await code(bench, 5, login('anna'), 'e'), 0x86);
  const open = start(t, { users: [] }, { anonymous: true });
  t.equal(await code(open, 5, login('whoever', 'whatever')), 0, 'where nobody has a password, it is not looked at');
});

t.test('a listener offers the methods that it names', async (t) => {
  const bench = start(t, { certificate: 'cn' }, { anonymous: false, methods: ['certificate'] });
  t.equal(await code(bench, 5, login('anna', 'geheim')), 0x86);
  const certificate: PeerCertificate = {
    verified: true,
    commonName: 'line-3',
    subject: 'CN=line-3,O=Example',
    subjectAltNames: ['DNS:line-3.example', 'email:line-3@example'],
    serial: undefined,
    fingerprint256: undefined,
  };
  t.equal(await code(bench, 5, {}, 'c', { certificate }), 0);
  t.equal(await code(bench, 5, {}, 'd', { certificate: { ...certificate, verified: false } }), 0x86, 'not verified');
  t.equal(await code(bench, 5, {}, 'd', { certificate: { ...certificate, commonName: undefined } }), 0x86, 'no name');
  t.equal(await code(bench, 5, login('line-3'), 'd', { certificate }), 0);
  t.equal(await code(bench, 5, login('line-4'), 'd', { certificate }), 0x86, 'another name than in the certificate');
  const noCertificates = start(t, { certificate: 'cn' }, { anonymous: false, methods: ['password'] });
  t.equal(await code(noCertificates, 5, {}, 'c', { certificate }), 0x86);
  for (const [name, expected] of [
    ['dn', 'CN=line-3,O=Example'],
    ['san-email', 'line-3@example'],
    ['san-dns', 'line-3.example'],
  ] as const) {
    const other = start(t, { certificate: name });
    t.equal(await code(other, 5, login(expected), 'c', { certificate }), 0, name);
    t.equal(await code(other, 5, login('x'), 'c', { certificate }), 0x86, name);
  }
  t.equal(await code(start(t, { certificate: 'san-uri' }), 5, {}, 'c', { certificate }), 0x86, 'has none');
});

t.test('certificate and password together: both must be right, and say the same', async (t) => {
  const certificate = { verified: true, commonName: 'anna', subject: 'CN=anna', subjectAltNames: [] } as never;
  const bench = start(t, { certificate: 'cn' });
  t.equal(await code(bench, 5, login('anna', 'geheim'), 'c', { certificate }), 0);
  t.equal(await code(bench, 5, login('anna', 'wrong'), 'd', { certificate }), 0x86);
  t.equal(await code(bench, 5, login('bert', 'hemlig'), 'd', { certificate }), 0x86);
});

t.test('a token in the password: its user, its roles, and the end of the connection with it', async (t) => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const content = Buffer.from(key.publicKey.export({ type: 'spki', format: 'pem' }));
  const jwt = {
    keys: { file: 'k', content },
    algorithms: undefined,
    issuer: undefined,
    audience: undefined,
    clockTolerance: 0,
    userClaim: 'sub',
    rolesClaim: 'roles',
    topicsClaim: undefined,
    requireExpiry: true,
  };
  const rules = [rule('allow', both, ['ops/#'], { roles: ['operator'] })];
  const bench = start(t, { jwt, rules });
  const sign = (claims: object) =>
    new SignJWT({ sub: 'carla', roles: ['operator'], exp: bench.clock.now() / 1_000 + 60, ...claims })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(key.privateKey);
  const token = await sign({});
  const { client } = await connack(bench.open(5), login(undefined, token));
  t.equal(client.connack?.reasonCode, 0);
  t.strictSame((await client.subscribe('ops/#', 0)).granted, [0]);
  t.equal(await code(bench, 4, login('carla', token), 'd'), 0, 'with the user name of the token');
  t.equal(await code(bench, 5, login('anna', token), 'e'), 0x86, 'with another');
  t.equal(await code(bench, 5, login('anna', 'geheim'), 'f'), 0, 'passwords go on');
  t.equal(await code(bench, 5, login('carla', `${token}x`), 'g'), 0x86);
  await bench.clock.advance(60_000);
  t.equal((await client.next('disconnect')).reasonCode, 0x87, 'the token has expired');
  t.equal(await code(bench, 5, login(undefined, token), 'h'), 0x86);
});

t.test('rules: publish, subscribe, delivery, retained, Will, alias, shared', async (t) => {
  const rules = [
    rule('allow', both, ['home/%u/#', 'open/#']),
    rule('deny', both, ['open/secret/#']),
    rule('allow', ['publish'], ['#'], { users: ['bert'] }),
  ];
  const bench = start(t, { rules });
  const { client: anna } = await connack(bench.open(5), login('anna', 'geheim'), 'a');
  const { client: bert } = await connack(bench.open(5), login('bert', 'hemlig'), 'b');
  const subscribe = async (topic: string) => (await anna.subscribe(topic, 1)).granted;
  t.strictSame(await subscribe('home/bert/#'), [0x87]);
  t.strictSame(await subscribe('#'), [0x87]);
  t.strictSame(await subscribe('+/+/#'), [0x87]);
  t.strictSame(await subscribe('open/secret/x'), [0x87]);
  t.strictSame(await subscribe('$share/g/home/bert/#'), [0x87], 'a share name changes nothing');
  t.strictSame(await subscribe('$share/g/#'), [0x87]);
  t.strictSame(await subscribe('$SYS/#'), [0x87]);
  await bert.publish('open/secret/kept', 'no', 0, true);
  t.strictSame(await subscribe('open/#'), [1]);
  t.strictSame(await anna.pending(), [], 'what is retained and denied does not come');
  await bert.publish('open/secret/x', 'no', 1);
  await bert.publish('open/x', 'yes', 1);
  t.strictSame((await anna.pending()).map(shown), ['open/x yes q1 r0']);

  const publish = async (topic: string, properties = {}) => {
    anna.send({ cmd: 'publish', topic, payload: 'x', qos: 1, retain: false, dup: false, messageId: 7, properties });
    return (await anna.next('puback')).reasonCode ?? 0;
  };
  t.equal(await publish('home/bert/x'), 0x87);
  t.equal(await publish('home/bert/x', { topicAlias: 1 }), 0x87);
  t.equal(await publish('', { topicAlias: 1 }), 0x87, 'an alias of a forbidden topic is forbidden');
  t.equal(await publish('home/anna/x'), 0x10, 'nobody is there to get it');
  for (const topic of ['open/secret/x', 'home', 'other']) {
    const will = { topic, payload: Buffer.from('x'), qos: 0 as const, retain: false };
    t.equal(await code(bench, 5, { ...login('anna', 'geheim'), will }, 'w'), 0x87, `Will to ${topic}`);
  }
});

t.test('names that look like wildcards open nothing', async (t) => {
  const rules = [rule('allow', both, ['u/%u/#', 'c/%c/#'])];
  const users = ['+', '#', '+/#', 'anna/b'].map((name) => user(name));
  const bench = start(t, { users, rules });
  for (const name of ['+', '#', '+/#', 'anna/b']) {
    const { client } = await connack(bench.open(5), login(name, 'geheim'), `id ${name}`);
    for (const filter of ['u/#', 'u/+/#', 'u/anna/#', 'u/anna/b', 'c/#', 'c/+/#', '#']) {
      t.strictSame((await client.subscribe(filter, 0)).granted, [0x87], `${name}: ${filter}`);
    }
  }
  const { client } = await connack(bench.open(5), login('+', 'geheim'), '+');
  t.strictSame((await client.subscribe('c/+/x', 0)).granted, [0x87], 'a Client Identifier, too');
});

t.test('a change of the rules holds at once, for subscriptions that stand, too', async (t) => {
  const open = [rule('allow', both, ['a/#', 'b/#'])];
  const bench = start(t, { rules: open });
  const { client: anna } = await connack(bench.open(5), login('anna', 'geheim'), 'a');
  await anna.subscribe('a/#', 1);
  bench.route({ topic: 'a/x', payload: '1', qos: 1 });
  t.equal((await anna.pending()).length, 1);
  bench.broker.replaceAccess(access({ rules: [rule('allow', both, ['b/#'])] }));
  bench.route({ topic: 'a/x', payload: '2', qos: 1 });
  t.strictSame(await anna.pending(), []);
  t.strictSame((await anna.subscribe('a/#', 1)).granted, [0x87]);
  bench.broker.replaceAccess(access({ rules: open }));
  bench.route({ topic: 'a/x', payload: '3', qos: 1 });
  t.equal((await anna.pending()).length, 1);
});

t.test('a change of roles holds at once', async (t) => {
  const rules = [rule('allow', both, ['a/#'], { roles: ['operator'] })];
  const bench = start(t, { rules });
  const { client } = await connack(bench.open(5), login('anna', 'geheim'), 'a');
  t.strictSame((await client.subscribe('a/#', 1)).granted, [0x87]);
  bench.broker.replaceAccess(access({ rules, users: [user('anna', { roles: ['operator'] })] }));
  t.strictSame((await client.subscribe('a/#', 1)).granted, [1]);
});

t.test('who was removed or disabled has to go, with what waited; others stay', async (t) => {
  const bench = start(t);
  const keep = { clean: false, properties: { sessionExpiryInterval: 1_000 } };
  const { client: anna } = await connack(bench.open(5), login('anna', 'geheim'), 'a');
  const { client: bert } = await connack(bench.open(4), login('bert', 'hemlig'), 'b');
  const { client: gone } = await connack(bench.open(5), { ...login('anna', 'geheim'), ...keep }, 'gone');
  await gone.subscribe('x', 1);
  await gone.cut();
  bench.broker.replaceAccess(access({ users: [user('anna', { disabled: true }), user('bert', { password: hemlig })] }));
  t.equal((await anna.next('disconnect')).reasonCode, 0x87);
  await anna.closed();
  t.strictSame(
    bench.broker.clients().map(({ clientId }) => clientId),
    ['b'],
  );
  bench.broker.replaceAccess(access({ users: [] }));
  await bert.closed();
  t.equal(bench.broker.clients().length, 0);
  t.equal(await code(bench, 5, login('bert', 'hemlig')), 0x86);
});

t.test('another password: connections stay, the old one opens no more', async (t) => {
  const bench = start(t);
  const { client } = await connack(bench.open(5), login('anna', 'geheim'), 'a');
  bench.broker.replaceAccess(access({ users: [user('anna', { password: hemlig })] }));
  t.equal(client.isClosed, false);
  t.equal(await code(bench, 5, login('anna', 'geheim'), 'b'), 0x86);
  t.equal(await code(bench, 5, login('anna', 'hemlig'), 'c'), 0);
});

t.test('guessing: refused without a look at the password, while others get in', async (t) => {
  const bench = start(t);
  const host = '192.0.2.7';
  const clients = Array.from({ length: 90 }, () => bench.open(5, { host }));
  const tries = clients.map((client) => connack(client, login('anna', 'wrong'), 'x'));
  t.equal(await code(bench, 5, login('anna', 'geheim'), 'good', { host: '192.0.2.8' }), 0);
  // Those that are told late are told when their time has come; it is not the passwords that wait for it.
  const { statistics } = bench.broker;
  while (statistics.loginsFailed + statistics.loginsTurnedAway < 90) await sleep(5);
  await bench.clock.advance(3_000);
  const codes = (await Promise.all(tries)).map((one) => one.code);
  const wrong = codes.filter((one) => one === 0x86).length;
  t.ok(wrong >= 5 && wrong < 10, `${wrong} passwords were looked at`);
  t.equal(wrong + codes.filter((one) => one === 0x89).length, 90);
});
