/** The certificates of one listener as they stand in their files: read, checked, made ready for handshakes, replaced when they change. */
import { constants, type X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import {
  authoritiesFault,
  type CertificateFault,
  keyPairFault,
  makeContext,
  parseCertificates,
  parseRevocationLists,
  revocationFault,
  validityOf,
} from '../../core/certificates.js';
import type { Clock } from '../../core/clock.js';
import type { KeyPairConfig, TlsConfig } from '../../core/config.js';
import { errorView, type GatewayError } from '../../core/errors.js';
import { FileWatch } from '../../core/file-watch.js';
import type { Log } from '../../core/log.js';
import type { AlarmView } from '../../core/views.js';
import { brokerError } from '../errors.js';

const DAY = 86_400_000;
/** Somebody should look when a certificate ends within this time. */
const NOTICE = 14 * DAY;

/** What one pair of files gave. */
interface LoadedPair {
  /** Undefined: the pair of the listener; else the name in `sni`. */
  readonly serverName: string | undefined;
  readonly file: string;
  readonly certificate: X509Certificate;
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
}

interface Loaded {
  readonly pairs: readonly [LoadedPair, ...LoadedPair[]];
  readonly lists: readonly { readonly file: string; readonly nextUpdate: number }[];
}

export interface CertificatesOptions {
  /** Name of the listener. */
  readonly name: string;
  readonly config: TlsConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** New handshakes use these from now on; for the server's default context. */
  readonly onReplaced: (options: SecureContextOptions) => void;
}

export class Certificates implements Disposable {
  readonly #options: CertificatesOptions;
  readonly #watch: FileWatch;
  #loaded: Loaded;
  #bySni = new Map<string, SecureContext>();
  /** The files changed to something that cannot be used; what was read before is in use. */
  #rejected: { readonly since: number; readonly error: GatewayError } | undefined;
  /** Codes of the alarms that were logged. */
  #told = new Set<string>();

  /** @throws GatewayError BROKER_CERTIFICATE_INVALID. Dates alone do not keep it from starting: the clock of a box may be wrong. */
  constructor(options: CertificatesOptions) {
    this.#options = options;
    this.#watch = new FileWatch(
      filesOf(options.config),
      options.clock,
      () => this.#reload(),
      () => this.#tellAlarms(),
    );
    this.#loaded = load(options);
    this.#index();
    this.#tellAlarms();
    this.#watch.start();
  }

  /** Of the pair of the listener itself. */
  get contextOptions(): SecureContextOptions {
    return this.#loaded.pairs[0].options;
  }

  /** The context for a Server Name Indication (RFC 6066 §3); undefined: that of the listener. */
  contextFor(serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase();
    return this.#bySni.get(name) ?? this.#bySni.get(`*${name.slice(name.indexOf('.'))}`);
  }

  alarms(): readonly AlarmView[] {
    const now = this.#options.clock.now();
    const found: AlarmView[] = [];
    const add = (severity: AlarmView['severity'], since: number, error: GatewayError) =>
      found.push({ severity, subject: `listener:${this.#options.name}`, since, error: errorView(error) });
    if (this.#rejected !== undefined) add('error', this.#rejected.since, this.#rejected.error);
    for (const { certificate, file } of this.#loaded.pairs) {
      const { notBefore, notAfter } = validityOf(certificate);
      const details = { file, serial: certificate.serialNumber };
      if (now > notAfter) {
        const text = `the certificate ${file} expired on ${day(notAfter)}`;
        add('error', notAfter, brokerError('BROKER_CERTIFICATE_EXPIRED', text, { details }));
      } else if (now < notBefore) {
        const text = `the certificate ${file} is valid from ${day(notBefore)} on`;
        add('error', now, brokerError('BROKER_CERTIFICATE_NOT_YET_VALID', text, { details }));
      } else if (notAfter - now < NOTICE) {
        const text = `the certificate ${file} expires on ${day(notAfter)}`;
        add('warn', notAfter - NOTICE, brokerError('BROKER_CERTIFICATE_EXPIRES', text, { details }));
      }
    }
    for (const { file, nextUpdate } of this.#loaded.lists) {
      if (now <= nextUpdate) continue;
      const text = `the revocation list ${file} is out of date since ${day(nextUpdate)}: no client certificate is accepted`;
      add('error', nextUpdate, brokerError('BROKER_REVOCATION_LIST_EXPIRED', text, { details: { file } }));
    }
    return found;
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  #reload(): void {
    const { log, clock, onReplaced } = this.#options;
    try {
      const next = load(this.#options);
      this.#refuseWorse(next);
      this.#loaded = next;
    } catch (cause) {
      const error = cause as GatewayError;
      this.#rejected = { since: clock.now(), error };
      log.error(
        { listener: this.#options.name, error: error.message, hint: error.hint },
        'new certificate files are not used',
      );
      return;
    }
    this.#rejected = undefined;
    this.#index();
    onReplaced(this.contextOptions);
    for (const { certificate, file } of this.#loaded.pairs) {
      const { serialNumber: serial, validTo } = certificate;
      log.info({ listener: this.#options.name, file, serial, validTo }, 'certificate files were read again');
    }
    this.#told.clear();
    this.#tellAlarms();
  }

  /** A pair out of its time does not replace one that is in its time. @throws GatewayError */
  #refuseWorse(next: Loaded): void {
    const now = this.#options.clock.now();
    for (const { certificate, file, serverName } of next.pairs) {
      const before = this.#loaded.pairs.find((one) => one.serverName === serverName);
      if (isInTime(certificate, now) || before === undefined || !isInTime(before.certificate, now)) continue;
      const { notBefore, notAfter } = validityOf(certificate);
      const text = now > notAfter ? `expired on ${day(notAfter)}` : `is valid from ${day(notBefore)} on`;
      throw invalid(`the new certificate in ${file} ${text}`, 'put a certificate there that is valid today');
    }
  }

  #index(): void {
    this.#bySni = new Map();
    for (const { serverName, context } of this.#loaded.pairs)
      if (serverName !== undefined) this.#bySni.set(serverName, context);
  }

  /** Each once, when it comes up; the rejected files were told with their reason. */
  #tellAlarms(): void {
    for (const { severity, error } of this.alarms()) {
      const key = `${error.code} ${error.message}`;
      if (error.code === 'BROKER_CERTIFICATE_INVALID' || this.#told.has(key)) continue;
      this.#told.add(key);
      this.#options.log[severity]({ listener: this.#options.name, code: error.code, hint: error.hint }, error.message);
    }
  }
}

function filesOf({ cert, key, sni, clientCa, crl }: TlsConfig): readonly string[] {
  const sources = [{ cert, key }, ...Object.values(sni)].flatMap((pair) => [pair.cert, pair.key]);
  return [...sources, clientCa, ...crl].filter((one): one is string => typeof one === 'string');
}

/** @throws GatewayError BROKER_CERTIFICATE_INVALID */
function load({ config }: CertificatesOptions): Loaded {
  const { clientCa, crl, clientCertificate, minVersion, ciphers } = config;
  const ca = clientCa === undefined ? undefined : readPem(clientCa);
  if (ca !== undefined) check(authoritiesFault(ca), { clientCa });
  const lists = crl.map((file) => ({ file, pem: readPem(file) }));
  for (const { file, pem } of lists) check(revocationFault(pem), { crl: file });
  const shared: SecureContextOptions = {
    minVersion,
    ...(ciphers !== undefined && { ciphers, honorCipherOrder: true }),
    // Without an authority of its own the server would trust those of the runtime.
    ...(clientCertificate !== 'none' && { ca: ca ?? [] }),
    ...(lists.length > 0 && { crl: lists.map(({ pem }) => pem) }),
    // TLS 1.2 renegotiation: never (RFC 5246 allows to refuse with no_renegotiation); TLS 1.3 has none.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
  const pairs = Object.entries(config.sni).map(([serverName, pair]) => loadPair(serverName, pair, shared));
  return {
    pairs: [loadPair(undefined, config, shared), ...pairs],
    lists: lists.flatMap(({ file, pem }) => parseRevocationLists(pem)!.map(({ nextUpdate }) => ({ file, nextUpdate }))),
  };
}

function loadPair(serverName: string | undefined, pair: KeyPairConfig, shared: SecureContextOptions): LoadedPair {
  const cert = readPem(pair.cert);
  const key = typeof pair.key === 'string' ? readPem(pair.key) : pair.key;
  const files = { cert: pair.cert, key: typeof pair.key === 'string' ? pair.key : 'the key' };
  check(keyPairFault(cert, key), files);
  const options = { ...shared, cert, key };
  const context = makeContext(options);
  if ('part' in context) throw check(context, files);
  return { serverName, file: pair.cert, certificate: parseCertificates(cert)![0]!, options, context };
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw invalid(
      `cannot read ${file}: ${(cause as Error).message}`,
      'check the path and who may read the file',
      cause,
    );
  }
}

function check(
  fault: CertificateFault | undefined,
  files: Partial<Record<CertificateFault['part'], string | undefined>>,
): undefined {
  if (fault === undefined) return undefined;
  throw invalid(`${files[fault.part] ?? fault.part} ${fault.message}`, fault.hint);
}

function invalid(message: string, hint: string, cause?: unknown): GatewayError {
  return brokerError('BROKER_CERTIFICATE_INVALID', message, cause === undefined ? { hint } : { hint, cause });
}

function isInTime(certificate: X509Certificate, now: number): boolean {
  const { notBefore, notAfter } = validityOf(certificate);
  return notBefore <= now && now <= notAfter;
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
