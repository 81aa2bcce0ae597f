import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  keyPairFault,
  makeContext,
  parseCertificates,
  parseRevocationLists,
  revocationFault,
} from '../../../src/core/certificates.js';
import { needs } from '../../support/peers.js';
import { createAuthority } from '../../support/pki.js';

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] });

t.test('pairs of certificate and key', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  const pair = ca.issue({ subject: '/CN=a' });
  const other = ca.issue({ subject: '/CN=b' });
  const [cert, key, otherKey, caCert] = [pair.cert, pair.key, other.key, ca.cert].map((file) => readFileSync(file)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  t.equal(keyPairFault(cert, key), undefined);
  t.equal(keyPairFault(Buffer.concat([cert, caCert]), key), undefined, 'a chain');
  t.equal(keyPairFault(Buffer.concat([key, cert]), Buffer.concat([cert, key])), undefined, 'all in one file');
  t.match(keyPairFault(Buffer.concat([caCert, cert]), key), { part: 'cert', hint: /own certificate first/ });
  t.match(keyPairFault(cert, otherKey), { part: 'key', message: 'does not belong to the certificate' });
  t.match(keyPairFault(key, key), { part: 'cert', hint: /BEGIN CERTIFICATE/ });
  t.match(keyPairFault(openssl('x509', '-in', pair.cert, '-outform', 'der'), key), { part: 'cert', hint: /it is DER/ });
  t.match(keyPairFault(cert, cert), { part: 'key', message: 'holds no PEM private key that can be read' });
  const encrypted = openssl('pkcs8', '-topk8', '-in', pair.key, '-passout', 'pass:hunter2');
  t.match(keyPairFault(cert, encrypted), { part: 'key', message: 'is encrypted' });
  const cut = Buffer.from(cert.toString().replace(/\n[^\n]+\n-----END/, '\n-----END'));
  t.match(keyPairFault(cut, key), { part: 'cert' });
  t.equal(parseCertificates(Buffer.alloc(0)), undefined);
  t.match(makeContext({ cert, key, ciphers: 'NONE' }), { part: 'ciphers', hint: /openssl ciphers/ });
});

t.test('weak keys are refused', needs('openssl'), async (t) => {
  const args = ['req', '-x509', '-newkey', 'rsa:512', '-nodes', '-subj', '/CN=weak', '-keyout', '-', '-out', '-'];
  const both = openssl(...args);
  t.match(makeContext({ cert: both, key: both }), { part: 'cert', message: /too small/, hint: /2048/ });
});

t.test('revocation lists: when the next one is due (RFC 5280 §5.1.2.5)', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  ca.revoke(ca.issue({ subject: '/CN=a' }));
  const list = readFileSync(ca.revocationList(48));
  const [first] = parseRevocationLists(list) ?? [];
  const shown = openssl('crl', '-in', ca.revocationList(48), '-noout', '-nextupdate').toString().split('=')[1] ?? '';
  t.ok(Math.abs((first?.nextUpdate ?? 0) - Date.parse(shown)) < 10_000, 'as openssl reads it');
  t.equal(parseRevocationLists(Buffer.concat([list, list]))?.length, 2);
  // After 2049 the time has four digits of the year.
  const far = readFileSync(ca.revocationList(24 * 365 * 30));
  t.ok((parseRevocationLists(far)?.[0]?.nextUpdate ?? 0) > Date.UTC(2050, 1));
  t.match(revocationFault(readFileSync(ca.cert)), { part: 'crl', hint: /BEGIN X509 CRL/ });
  const der = openssl('crl', '-in', ca.revocationList(), '-outform', 'der');
  const pem = (bytes: Buffer) =>
    Buffer.from(`-----BEGIN X509 CRL-----\n${bytes.toString('base64')}\n-----END X509 CRL-----\n`);
  for (let length = 0; length < 80; length++) t.ok(revocationFault(pem(der.subarray(0, length))), `${length} bytes`);
});
