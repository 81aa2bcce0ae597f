/** Certificates over time, on a clock of the test: alarms, replacement, what is refused. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import t, { type Test } from 'tap';
import { Certificates } from '../../../../src/broker/listeners/certificates.js';
import type { TlsConfig } from '../../../../src/core/config.js';
import { GatewayError } from '../../../../src/core/errors.js';
import { LOOK_INTERVAL } from '../../../../src/core/file-watch.js';
import { tempFolder } from '../../../support/gateway.js';
import { recordingLog, tlsConfig } from '../../../support/listeners.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { eventually, needs } from '../../../support/peers.js';
import { asn1Time, createAuthority, type Pair } from '../../../support/pki.js';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);

function open(t: Test, config: TlsConfig) {
  const clock = new ManualClock(NOW);
  const { log, lines } = recordingLog();
  const replaced: SecureContextOptions[] = [];
  const certificates = new Certificates({ name: 'tls', config, clock, log, onReplaced: (one) => replaced.push(one) });
  t.teardown(() => certificates[Symbol.dispose]());
  const codes = () => certificates.alarms().map(({ severity, error }) => `${severity} ${error.code}`);
  return { clock, lines, replaced, certificates, codes };
}

/** The look after which a change is believed. */
async function looks(clock: ManualClock, until: () => boolean): Promise<void> {
  await eventually(async () => {
    await clock.advance(LOOK_INTERVAL);
    return until();
  });
}

function starting(config: TlsConfig): unknown {
  const { log } = recordingLog();
  const options = { name: 'tls', config, clock: new ManualClock(NOW), log, onReplaced: () => {} };
  try {
    new Certificates(options)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return error;
  }
}

t.test('certificates', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  const issue = (from: number, to: number): Pair =>
    ca.issue({ subject: '/CN=localhost', from: asn1Time(from), to: asn1Time(to) });
  const good = issue(NOW - DAY, NOW + 100 * DAY);

  t.test('alarms: 14 days before the end, and after it', async (t) => {
    const { clock, certificates, codes, lines } = open(t, tlsConfig(issue(NOW - DAY, NOW + 15 * DAY)));
    t.same(codes(), []);
    clock.setWall(clock.now() + DAY + 1_000);
    t.same(codes(), ['warn BROKER_CERTIFICATE_EXPIRES']);
    t.match(certificates.alarms()[0], {
      subject: 'listener:tls',
      since: NOW + DAY,
      error: { message: /expires on 2026-06-16/, hint: /renew/ },
    });
    clock.setWall(clock.now() + 14 * DAY);
    t.same(codes(), ['error BROKER_CERTIFICATE_EXPIRED']);
    t.equal(certificates.alarms()[0]?.since, NOW + 15 * DAY);
    await looks(clock, () => lines.length > 0);
    t.match(lines, [{ level: 'error', message: /expired on 2026-06-16/ }], 'once in the log, too');
  });

  t.test('a box whose clock is wrong starts, and says so', async (t) => {
    const { codes, lines } = open(t, tlsConfig(issue(NOW + DAY, NOW + 100 * DAY)));
    t.same(codes(), ['error BROKER_CERTIFICATE_NOT_YET_VALID']);
    t.match(lines, [{ level: 'error', message: /valid from 2026-06-02 on/ }]);
  });

  t.test('a revocation list that is out of date shuts all clients out: an alarm', async (t) => {
    const crl = [ca.revocationList(24)];
    const { clock, codes } = open(t, tlsConfig(good, { clientCa: ca.cert, crl }));
    t.same(codes(), []);
    clock.setWall(clock.now() + Math.max(0, Date.now() - NOW) + 2 * DAY);
    t.ok(codes().includes('error BROKER_REVOCATION_LIST_EXPIRED'));
  });

  t.test('what cannot be used at the start is refused', async (t) => {
    const folder = tempFolder(t);
    const garbage = join(folder, 'garbage.pem');
    writeFileSync(garbage, 'garbage');
    for (const [config, words] of [
      [tlsConfig({ ...good, cert: garbage }), /garbage\.pem holds no PEM certificate/],
      [tlsConfig({ ...good, key: garbage }), /garbage\.pem holds no PEM private key/],
      [tlsConfig({ ...good, key: issue(NOW, NOW + DAY).key }), /does not belong to the certificate/],
      [tlsConfig({ ...good, cert: join(folder, 'absent.pem') }), /cannot read .*absent\.pem/],
      [tlsConfig(good, { clientCa: garbage }), /garbage\.pem holds no PEM certificate/],
      [tlsConfig(good, { clientCa: ca.cert, crl: [garbage] }), /garbage\.pem holds no PEM revocation list/],
      [tlsConfig(good, { sni: { a: { cert: garbage, key: good.key } } }), /garbage\.pem/],
      [tlsConfig(good, { ciphers: 'NONE-OF-THEM' }), /ciphers the list is not accepted/],
    ] as const) {
      const error = starting(config);
      if (!(error instanceof GatewayError)) throw error;
      t.equal(error.code, 'BROKER_CERTIFICATE_INVALID');
      t.match(error.message, words);
    }
  });

  t.test('files are read again when they have changed and stand still', async (t) => {
    const folder = tempFolder(t);
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    copyFileSync(good.cert, cert);
    copyFileSync(good.key, key);
    const { clock, certificates, replaced, codes, lines } = open(t, tlsConfig({ cert, key, serial: '' }));
    await clock.advance(10 * LOOK_INTERVAL);
    t.equal(replaced.length, 0, 'nothing changed');

    rmSync(cert);
    await looks(clock, () => codes().length > 0);
    t.same(codes(), ['error BROKER_CERTIFICATE_INVALID']);
    t.match(certificates.contextOptions.cert, readFileSync(good.cert), 'what was read before is in use');

    const late = issue(NOW - 10 * DAY, NOW - DAY);
    copyFileSync(late.cert, cert);
    copyFileSync(late.key, key);
    await looks(clock, () => /expired/.test(certificates.alarms()[0]?.error.message ?? ''));
    t.equal(replaced.length, 0);

    const next = issue(NOW - DAY, NOW + 10 * DAY);
    copyFileSync(next.cert, cert);
    copyFileSync(next.key, key);
    await looks(clock, () => replaced.length > 0);
    t.same(codes(), ['warn BROKER_CERTIFICATE_EXPIRES'], 'the new one, which is short');
    t.match(lines.find(({ message }) => message === 'certificate files were read again')?.fields.serial, next.serial);
    certificates[Symbol.dispose]();
    t.equal(clock.pending, 0);
  });
});
