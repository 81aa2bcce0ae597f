/** Certificates of a link: replaced while it runs, told before they end, renewed by a command, checked without a known time. */
import { X509Certificate } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { LinkRenewConfig } from '../../../src/core/config.js';
import { silentLog } from '../../../src/core/log.js';
import { LinkCertificates, type LinkCertificatesOptions } from '../../../src/links/certificates.js';
import { linkError } from '../../../src/links/errors.js';
import { type FloorCheck, floorFault } from '../../../src/links/floor-verify.js';
import { Renewal } from '../../../src/links/renewal.js';
import { tempFolder } from '../../support/gateway.js';
import { NO_TLS } from '../../support/links.js';
import { ManualClock } from '../../support/manual-clock.js';
import { eventually, needs } from '../../support/peers.js';
import { asn1Time, createAuthority } from '../../support/pki.js';

const DAY = 86_400_000;
const peers = needs('openssl');

function opened(t: Test, more: Partial<LinkCertificatesOptions>) {
  const clock = new ManualClock(Date.now());
  let replaced = 0;
  const certificates = new LinkCertificates({
    subject: 'link:cloud',
    config: NO_TLS,
    clock,
    log: silentLog,
    onReplaced: () => replaced++,
    ...more,
  });
  t.teardown(() => certificates[Symbol.dispose]());
  return { certificates, clock, replaced: () => replaced };
}

const codes = (certificates: LinkCertificates) =>
  certificates.alarms().map(({ severity, error }) => `${severity} ${error.code} ${error.details?.days ?? ''}`.trim());

t.test('files that change are used for the next connection; broken ones are told and not used', peers, async (t) => {
  const authority = createAuthority(t);
  const first = authority.issue({ subject: '/CN=first' });
  const second = authority.issue({ subject: '/CN=second' });
  const folder = tempFolder(t);
  const [cert, key, ca] = [join(folder, 'c.pem'), join(folder, 'k.pem'), join(folder, 'ca.pem')] as const;
  copyFileSync(first.cert, cert);
  copyFileSync(first.key, key);
  copyFileSync(authority.cert, ca);
  const { certificates, clock, replaced } = opened(t, { config: { ...NO_TLS, ca: [ca], cert, key } });
  const context = certificates.use();
  t.match(certificates.views(), [{ side: 'own', subject: 'first', serial: first.serial }]);

  copyFileSync(second.cert, cert);
  await eventually(async () => {
    await clock.advance(2_000);
    return certificates.alarms().length > 0;
  });
  t.strictSame(codes(certificates), ['error LINK_CERTIFICATE_INVALID']);
  t.equal(certificates.use(), context, 'half of a pair is not used');
  copyFileSync(second.key, key);
  await eventually(async () => {
    await clock.advance(2_000);
    return replaced() === 1;
  });
  t.strictSame(codes(certificates), []);
  t.match(certificates.views(), [{ subject: 'second' }]);

  const next = certificates.use();
  certificates.failed(linkError('LINK_UNREACHABLE', ''));
  t.equal(certificates.use(), next, 'the network says nothing about certificates');
  certificates.failed(linkError('LINK_TLS', ''));
  t.equal(certificates.use(), context, 'refused: the one before is tried');
  certificates.accepted(undefined);
  t.strictSame(codes(certificates), ['error LINK_CERTIFICATE_REFUSED']);
  t.equal(certificates.use(), next, 'the next connection tries the new one');
  certificates.accepted(undefined);
  t.strictSame(codes(certificates), []);

  writeFileSync(ca, readFileSync(authority.cert, 'utf8') + readFileSync(createAuthority(t, 'New CA').cert, 'utf8'));
  await eventually(async () => {
    await clock.advance(2_000);
    return replaced() === 2;
  });
  t.equal(certificates.use().authorities?.length, 1, 'one file with the old and the new authority');
});

t.test('the end of both certificates is told 30, 7 and 1 days before', peers, async (t) => {
  const authority = createAuthority(t);
  const end = Math.floor(Date.now() / 1_000) * 1_000 + 400 * DAY;
  const { cert, key } = authority.issue({ subject: '/CN=us', to: asn1Time(end) });
  const far = authority.issue({ subject: '/CN=them', to: asn1Time(end + 5 * DAY) });
  const { certificates, clock } = opened(t, { config: { ...NO_TLS, cert, key } });
  certificates.accepted(new X509Certificate(readFileSync(far.cert)));
  t.strictSame(codes(certificates), []);
  const at = (days: number) => {
    clock.setWall(end - days * DAY + 1);
    return codes(certificates);
  };
  t.strictSame(at(30), ['warn LINK_CERTIFICATE_EXPIRES 30']);
  t.strictSame(at(7), ['warn LINK_CERTIFICATE_EXPIRES 7', 'warn LINK_CERTIFICATE_EXPIRES 30']);
  t.strictSame(at(1), ['error LINK_CERTIFICATE_EXPIRES 1', 'warn LINK_CERTIFICATE_EXPIRES 7']);
  const short = authority.issue({ subject: '/CN=short', to: asn1Time(Date.now() + 2 * DAY) });
  const brief = opened(t, { config: { ...NO_TLS, cert: short.cert, key: short.key } });
  t.strictSame(codes(brief.certificates), [], 'a certificate for three days is not always about to end');
  brief.clock.setWall(Date.now() + 1.5 * DAY);
  t.strictSame(codes(brief.certificates), ['error LINK_CERTIFICATE_EXPIRES 1']);
  t.strictSame(at(-0.001), ['error LINK_CERTIFICATE_EXPIRED', 'warn LINK_CERTIFICATE_EXPIRES 7']);
  t.match(certificates.alarms()[0]!.error.message, /our certificate \(us\) expired on/);
  t.match(certificates.alarms()[1]!.error, { message: /far side \(them\)/, hint: /operator of the far side/ });
});

t.test('the renewal command runs in time, without a shell, and its failure is told', async (t) => {
  const folder = tempFolder(t);
  const script = join(folder, 'renew.sh');
  const run = (lines: string, more: Partial<LinkRenewConfig> = {}) => {
    writeFileSync(script, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
    const clock = new ManualClock();
    const config = { command: [script, 'a b', '$(touch oops)'], before: 30 * DAY, timeout: 60_000, ...more };
    const renewal = new Renewal({ config, clock, log: silentLog, env: { HPMQ_LINK: 'cloud' } });
    t.teardown(() => renewal[Symbol.dispose]());
    return { renewal, clock };
  };
  process.env.SECRET_OF_TEST = 'hunter2';
  const out = join(folder, 'out');
  const good = run(`echo "$1|$2|$HPMQ_LINK|$SECRET_OF_TEST" >> ${out}`);
  const soon = good.clock.now() + 29 * DAY;
  good.renewal.look(good.clock.now() + 31 * DAY);
  await good.clock.advance(0);
  t.notOk(existsSync(out), 'not before it is time');
  good.renewal.look(soon);
  await eventually(() => existsSync(out) && readFileSync(out, 'utf8').includes('\n'));
  t.equal(
    readFileSync(out, 'utf8'),
    'a b|$(touch oops)|cloud|\n',
    'arguments as they are, and nothing of our environment',
  );
  await eventually(() => {
    good.renewal.look(soon);
    return good.clock.pending === 0;
  });
  t.equal(readFileSync(out, 'utf8').split('\n').length, 2, 'it does not run again at once');

  const bad = run('seq 1 100000; echo "no such account" >&2; exit 3');
  bad.renewal.look(soon);
  const failed = await eventually(() => bad.renewal.error?.error);
  t.match(failed, { code: 'LINK_RENEW_FAILED', message: /code 3; it said: no such account/ });
  t.ok(failed.message.length < 500);

  const slow = run('sleep 1000');
  slow.renewal.look(soon);
  await eventually(() => slow.clock.pending === 1);
  await slow.clock.advance(60_000);
  t.match(await eventually(() => slow.renewal.error?.error), { message: /did not end within 60000 ms/ });

  const absent = run('', { command: ['/nowhere/renew'] });
  absent.renewal.look(soon);
  t.match(await eventually(() => absent.renewal.error?.error), { message: /ENOENT/ });
  absent.renewal.look(absent.clock.now() + 90 * DAY);
  t.equal(absent.renewal.error, undefined, 'a new certificate ends the alarm');
});

t.test('with the time unknown only the time is forgiven', peers, async (t) => {
  const authority = createAuthority(t);
  const other = createAuthority(t, 'Another CA');
  const floor = Date.UTC(2020, 0, 1);
  const names = 'DNS:broker.example.com,IP:127.0.0.1';
  const read = (file: string) => new X509Certificate(readFileSync(file));
  const future = authority.issue({
    subject: '/CN=far',
    names,
    from: asn1Time(Date.UTC(2030, 0, 1)),
    to: asn1Time(Date.UTC(2031, 0, 1)),
  });
  const ended = authority.issue({
    subject: '/CN=far',
    names,
    from: asn1Time(Date.UTC(2018, 0, 1)),
    to: asn1Time(Date.UTC(2019, 0, 1)),
  });
  const ca = [readFileSync(authority.cert)];
  const check = (more: Partial<FloorCheck> = {}) =>
    floorFault({ chain: [read(future.cert)], authorities: ca, serverName: 'broker.example.com', floor, ...more });
  t.equal(check(), undefined, 'not yet valid by our clock');
  t.equal(check({ serverName: '127.0.0.1' }), undefined);
  t.match(check({ chain: [read(ended.cert)] }), /ended on 2019-01-01/);
  t.match(check({ serverName: 'other.example.com' }), /altnames/);
  t.match(check({ authorities: [readFileSync(other.cert)] }), /not signed by an authority/);
  t.match(check({ authorities: undefined }), /not signed by an authority/);
  t.match(check({ chain: [] }), /no certificate/);
  t.match(
    check({ chain: [read(other.issue({ subject: '/CN=far', names }).cert), read(authority.cert)] }),
    /not signed/,
  );
  const forger = authority.issue({ subject: '/CN=no authority' });
  t.match(
    check({ chain: [read(future.cert), read(forger.cert)], authorities: [readFileSync(forger.cert)] }),
    /not signed/,
  );
});
