/** What somebody who means harm would try at the gate, and somebody who is only in the way of it. */
import { generateKeyPairSync, pbkdf2Sync } from 'node:crypto';
import { SignJWT } from 'jose';
import t, { type Test } from 'tap';
import type { Identity, Step } from '../../../../src/broker/access/access.js';
import { createAccess } from '../../../../src/broker/access/create.js';
import type { Peer, PeerCertificate } from '../../../../src/broker/peer.js';
import { ReasonCode, Refusal } from '../../../../src/broker/reason-codes.js';
import { Statistics } from '../../../../src/broker/statistics.js';
import type { AccessConfig } from '../../../../src/core/config.js';
import { silentLog } from '../../../../src/core/log.js';
import { parsePasswordHash, verifyPassword } from '../../../../src/core/password.js';
import { deriveScramCredentials, hmac, SCRAM_SHA_256, scramText, sha256 } from '../../../../src/core/scram.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { Bench } from '../harness.js';
import { accessConfig, geheim, user } from './fixtures.js';

const salt = Buffer.from('saltsaltsaltsalt');
const scram = scramText(await deriveScramCredentials('geheim', salt, 4_096));

const config = (more: Partial<AccessConfig> = {}) => accessConfig({ users: [user('anna', { scram })], ...more });

function start(t: Test, access: Partial<AccessConfig> = {}) {
  const clock = new ManualClock();
  const statistics = new Statistics();
  const gate = createAccess({ config: config(access), clock, log: silentLog, statistics });
  t.teardown(() => gate[Symbol.dispose]());
  const listener = { name: 'test', type: 'tcp' as const, auth: { anonymous: false } };
  const peerAt = (host: string): Peer => ({ address: `${host}:1`, host, listener });
  const login = (host: string, username: string | undefined, password: string, more: Partial<Peer> = {}) =>
    Promise.resolve(
      gate.authenticate({
        peer: { ...peerAt(host), ...more },
        clientId: 'c',
        protocolVersion: 5,
        username,
        password: Buffer.from(password),
      }),
    );
  const exchange = (host: string, more: Partial<Peer> = {}) => {
    const peer = { ...peerAt(host), ...more };
    const begun = gate.exchange(SCRAM_SHA_256, {
      peer,
      clientId: 'c',
      protocolVersion: 5,
      username: undefined,
      password: undefined,
    });
    if (begun instanceof Refusal) throw new Error(begun.reason);
    return begun;
  };
  return { clock, gate, login, exchange, statistics };
}

const first = (name = 'anna') => Buffer.from(`n,,n=${name},r=clientnonce`);

/** The answer of a client that knows, or does not know, the password. */
async function last(step: Step, password: string, name = 'anna'): Promise<Buffer> {
  const serverFirst = String((step as { data: Buffer }).data);
  const [, nonce, saltText, count] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst)!;
  const { storedKey } = await deriveScramCredentials(password, Buffer.from(saltText!, 'base64'), Number(count));
  const salted = pbkdf2Sync(password, Buffer.from(saltText!, 'base64'), Number(count), 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  const bare = `c=biws,r=${nonce}`;
  const signature = hmac(sha256(clientKey), `n=${name},r=clientnonce,${serverFirst},${bare}`);
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!));
  if (!storedKey.equals(sha256(clientKey))) throw new Error('the test derives another key');
  return Buffer.from(`${bare},p=${proof.toString('base64')}`);
}

t.test('a hash that its own function refuses is no hash: else every login would end the gateway', async (t) => {
  // RFC 7914 §2: N is less than 2^(128 · r / 8).
  t.equal(parsePasswordHash(geheim.replace('ln=10,r=8', 'ln=16,r=1')), undefined);
  const largest = parsePasswordHash(geheim.replace('ln=10,r=8', 'ln=15,r=1'));
  t.equal(await verifyPassword(largest!, Buffer.from('geheim')), false);
  for (const hash of ['$argon2id$v=19$m=8,t=1,p=1', '$argon2id$v=19$m=792,t=1,p=99', '$7$1']) {
    const parsed = parsePasswordHash(`${hash}$c2FsdHNhbHQ$${'A'.repeat(86)}`);
    t.equal(await verifyPassword(parsed!, Buffer.from('')), false, hash);
  }
});

t.test('what should never fail, fails: the client goes, the gateway stays', async (t) => {
  const broken = {
    authenticate: () => Promise.reject<Identity>(new TypeError('a defect')),
    exchange: () => new Refusal(ReasonCode.badAuthenticationMethod, 'none'),
  };
  const bench = new Bench(t, {}, {}, broken);
  const client = bench.open(5);
  t.equal((await client.connect('c')).reasonCode, 0x80);
  await client.closed();
  t.equal(bench.broker.connections(), 0);
});

t.test('SCRAM: users lose it between CONNECT and the first step', async (t) => {
  const { gate, exchange } = start(t);
  const begun = exchange('192.0.2.1');
  const step = begun.step(first());
  gate.replace(config({ users: [user('anna')] }));
  t.ok((await step) instanceof Refusal);
});

t.test('SCRAM: exchanges opened beforehand are no way around the block', async (t) => {
  const { exchange } = start(t);
  const many = Array.from({ length: 40 }, () => exchange('192.0.2.1'));
  const steps = await Promise.all(many.map((one) => one.step(first())));
  const answers: string[] = [];
  for (const [i, one] of many.entries()) {
    const guess = i < 20 ? 'wrong' : 'geheim';
    const said = await Promise.race([one.step(await last(steps[i]!, guess)), 'late' as const]);
    answers.push(said === 'late' ? 'late' : said instanceof Refusal ? String(said.reasonCode) : said.result);
  }
  t.notOk(answers.includes('success'), 'the right guess comes too late');
});

t.test('SCRAM: a credential that was changed meanwhile opens no more', async (t) => {
  const { gate, exchange } = start(t);
  const begun = exchange('192.0.2.1');
  const step = (await begun.step(first())) as Step;
  const other = scramText(await deriveScramCredentials('neu', salt, 4_096));
  gate.replace(config({ users: [user('anna', { scram: other })] }));
  t.ok((await begun.step(await last(step, 'geheim'))) instanceof Refusal);
});

t.test('a password that was changed while it was looked at opens no more', async (t) => {
  const { gate, login } = start(t);
  const answer = login('192.0.2.1', 'anna', 'geheim');
  gate.replace(config({ users: [user('anna', { password: geheim.replace('ln=10', 'ln=11') })] }));
  t.ok((await answer) instanceof Refusal);
});

t.test('SCRAM as somebody else than the certificate says', async (t) => {
  const { exchange } = start(t, { certificate: 'cn' });
  const certificate = { verified: true, commonName: 'line-3', subject: 'CN=line-3', subjectAltNames: [] };
  const begun = exchange('192.0.2.1', { certificate: certificate as unknown as PeerCertificate });
  const step = await begun.step(first());
  t.ok(step instanceof Refusal);
  const own = { ...certificate, commonName: 'anna' } as unknown as PeerCertificate;
  const good = exchange('192.0.2.1', { certificate: own });
  const answer = await good.step(await last(await good.step(first()), 'geheim'));
  t.match(answer, { result: 'success', identity: { user: 'anna' } });
});

t.test('bad tokens from many addresses keep nobody out whose token is good', async (t) => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwt: AccessConfig['jwt'] = {
    keys: { file: 'k', content: Buffer.from(key.publicKey.export({ type: 'spki', format: 'pem' })) },
    algorithms: undefined,
    issuer: undefined,
    audience: undefined,
    clockTolerance: 0,
    userClaim: 'sub',
    rolesClaim: undefined,
    topicsClaim: undefined,
    requireExpiry: false,
  };
  const { login, clock } = start(t, { jwt });
  const token = await new SignJWT({ sub: 'meter' }).setProtectedHeader({ alg: 'ES256' }).sign(key.privateKey);
  for (let i = 0; i < 40; i++) {
    for (const name of [undefined, 'meter']) void login(`198.51.100.${i}`, name, `${token.slice(0, -4)}AAAA`);
  }
  await clock.advance(5_000);
  for (const name of [undefined, 'meter']) {
    const answer = await login('203.0.113.1', name, token);
    t.notOk(answer instanceof Refusal, `user name ${name}`);
  }
});

t.test('the gate closes: whoever waits for a look at his password is told at once', async (t) => {
  const { gate, login, clock } = start(t);
  const answers = Array.from({ length: 100 }, (_, i) => login(`192.0.2.${i}`, 'anna', `wrong ${i}`));
  gate[Symbol.dispose]();
  const codes = (await Promise.all(answers)).map((one) => (one as Refusal).reasonCode);
  t.ok(codes.filter((code) => code === ReasonCode.serverBusy).length >= 98, 'no key is derived for them any more');
  t.equal(clock.pending, 0, 'nor does a timer keep the process alive');
});
