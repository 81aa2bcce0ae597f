import { execFileSync } from 'node:child_process';
import { randomBytes, scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { decoyOf, hashPassword, parsePasswordHash, verifyPassword } from '../../../src/core/password.js';
import { tempFolder } from '../../support/gateway.js';
import { needs } from '../../support/peers.js';

const verify = (text: string, password: string) => verifyPassword(parsePasswordHash(text)!, Buffer.from(password));

t.test('our hashes open with their password alone, and no two are alike', async (t) => {
  const [one, other] = await Promise.all([hashPassword(Buffer.from('geheim')), hashPassword(Buffer.from('geheim'))]);
  t.match(one, /^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  t.not(one, other);
  t.equal(await verify(one, 'geheim'), true);
  for (const wrong of ['', 'Geheim', 'geheim\0', 'geheim '])
    t.equal(await verify(one, wrong), false, JSON.stringify(wrong));
  t.equal(await verifyPassword(parsePasswordHash(one)!, randomBytes(65_535)), false, 'the longest that MQTT can carry');
});

t.test('RFC 7914 §12: "pleaseletmein", and a password that is no text', async (t) => {
  const salt = Buffer.from('SodiumChloride').toString('base64');
  const hash =
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
    'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887';
  const text = `$scrypt$ln=14,r=8,p=1$${salt}$${Buffer.from(hash, 'hex').toString('base64')}`;
  t.equal(await verify(text, 'pleaseletmein'), true);
  const bytes = Buffer.from([0xff, 0x00, 0xfe]);
  const key = scryptSync(bytes, 'abc', 32, { N: 1024, r: 8, p: 1 }).toString('base64');
  t.equal(await verifyPassword(parsePasswordHash(`$scrypt$ln=10,r=8,p=1$YWJj$${key}`)!, bytes), true);
});

t.test('argon2id as its reference implementation writes it', async (t) => {
  const text = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  t.equal(await verify(text, 'password'), true);
  t.equal(await verify(text, 'differentpassword'), false);
});

t.test('files of Mosquitto: what mosquitto_passwd wrote opens', needs('mosquitto_passwd'), async (t) => {
  const file = join(tempFolder(t), 'passwd');
  execFileSync('mosquitto_passwd', ['-c', '-b', file, 'anna', 'pässword'], { stdio: 'ignore' });
  execFileSync('mosquitto_passwd', ['-H', 'sha512', '-b', file, 'bert', 'geheim'], { stdio: 'ignore' });
  const hashes = new Map(
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(':') as [string, string]),
  );
  t.equal(parsePasswordHash(hashes.get('anna')!)?.kind, 'pbkdf2-sha512');
  t.equal(parsePasswordHash(hashes.get('bert')!)?.kind, 'sha512');
  t.equal(await verify(hashes.get('anna')!, 'pässword'), true);
  t.equal(await verify(hashes.get('anna')!, 'password'), false);
  t.equal(await verify(hashes.get('bert')!, 'geheim'), true);
  t.equal(await verify(hashes.get('bert')!, 'Geheim'), false);
});

t.test('what is no hash, or asks for all memory or all time, is none', async (t) => {
  const hash = 'A'.repeat(43);
  for (const text of [
    '',
    'hunter2',
    '$',
    '$scrypt$',
    `$scrypt$ln=15,r=8,p=1$$${hash}`,
    `$scrypt$ln=15,r=8,p=1$c2FsdA$short`,
    `$scrypt$ln=15,r=8$c2FsdA$${hash}`,
    `$scrypt$ln=31,r=8,p=1$c2FsdA$${hash}`,
    `$scrypt$ln=15,r=999,p=99$c2FsdA$${hash}`,
    `$scrypt$ln=0,r=8,p=1$c2FsdA$${hash}`,
    `$scrypt$ln=15,r=8,p=1$c2FsdA$${hash}$more`,
    `$scrypt$ln=15,r=8,p=1$c2 FsdA$${hash}`,
    `$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$${hash}`,
    `$argon2id$v=19$m=65536,t=999,p=1$c29tZXNhbHQ$${hash}`,
    `$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$${hash}`,
    `$7$0$c2FsdA==$${hash}`,
    `$7$99999999$c2FsdA==$${hash}`,
    `$6$c2FsdA==$${hash}`,
    `$1$c2FsdA$${hash}`,
  ]) {
    t.equal(parsePasswordHash(text), undefined, text);
  }
});

t.test('a decoy costs what the others cost, and nothing opens it', async (t) => {
  const like = parsePasswordHash(await hashPassword(Buffer.from('x')))!;
  const decoy = decoyOf(like);
  t.match(decoy, { kind: 'scrypt', ln: 15, r: 8, p: 1 });
  t.not(decoy.key.hash.toString('hex'), like.key.hash.toString('hex'));
  t.equal(decoy.key.hash.length, like.key.hash.length);
  t.equal(await verifyPassword(decoy, Buffer.from('x')), false);
  t.match(decoyOf(undefined), { kind: 'scrypt', ln: 15 });
});
