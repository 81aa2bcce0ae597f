/** The certificates of one link: read from their files, replaced when those change, and until when they are good. */
import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  authoritiesFault,
  type CertificateFault,
  keyPairFault,
  makeContext,
  parseCertificates,
  validityOf,
} from '../core/certificates.js';
import type { Clock, Timer } from '../core/clock.js';
import type { LinkTlsConfig } from '../core/config.js';
import { errorView, type GatewayError } from '../core/errors.js';
import { FileWatch } from '../core/file-watch.js';
import type { LinkCertificateView } from '../core/link-views.js';
import type { Log } from '../core/log.js';
import type { AlarmView } from '../core/views.js';
import type { DialTls } from './dial.js';
import { linkError } from './errors.js';

const DAY = 86_400_000;
/** Days before the end at which it is said again. */
export const EXPIRY_NOTICES = [30, 7, 1] as const;
const LOOK_INTERVAL = 60_000;

interface Loaded extends DialTls {
  readonly own: X509Certificate | undefined;
}

export interface LinkCertificatesOptions {
  /** Of the alarms: `link:cloud`. */
  readonly subject: string;
  readonly config: LinkTlsConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** New files are in use for connections from now on. */
  readonly onReplaced: () => void;
  /** Regularly, with our own certificate in use. */
  readonly onLooked?: (own: X509Certificate | undefined) => void;
}

export class LinkCertificates implements Disposable {
  readonly #o: LinkCertificatesOptions;
  readonly #watch: FileWatch;
  #current: Loaded | undefined;
  /** What was in use before, until the far side took the new one. */
  #previous: Loaded | undefined;
  #usesPrevious = false;
  /** The files cannot be used; what was read before is in use. */
  #rejected: { readonly since: number; readonly error: GatewayError } | undefined;
  /** The far side refused the new certificate and took the one before. */
  #refused: { readonly since: number; readonly error: GatewayError } | undefined;
  #far: X509Certificate | undefined;
  #timer: Timer | undefined;
  /** Alarms that were logged. */
  #told = new Set<string>();

  /** Files that cannot be used are an alarm, and the reason why attempts fail; they may be replaced. */
  constructor(options: LinkCertificatesOptions) {
    this.#o = options;
    const { ca, cert, key } = options.config;
    const files = [...ca, cert, key].filter((one): one is string => typeof one === 'string');
    this.#watch = new FileWatch(files, options.clock, () => this.#reload());
    try {
      this.#current = load(options.config);
    } catch (error) {
      this.#rejected = { since: options.clock.now(), error: error as GatewayError };
    }
    this.#watch.start();
    this.#look();
  }

  /** @throws GatewayError LINK_CERTIFICATE_INVALID */
  use(): DialTls {
    const loaded = this.#usesPrevious ? (this.#previous ?? this.#current) : this.#current;
    if (loaded === undefined) throw this.#rejected!.error;
    return loaded;
  }

  /** A connection came about; `far` is what the other side showed. */
  accepted(far: X509Certificate | undefined): void {
    this.#far = far;
    if (this.#previous === undefined) return;
    if (this.#usesPrevious) {
      const text = `the far side refuses the new certificate ${this.#o.config.cert}`;
      this.#refused ??= { since: this.#o.clock.now(), error: linkError('LINK_CERTIFICATE_REFUSED', text) };
      this.#o.log.error({ code: 'LINK_CERTIFICATE_REFUSED' }, text);
      // The next connection gives it another chance.
      this.#usesPrevious = false;
    } else {
      this.#previous = undefined;
      this.#refused = undefined;
    }
  }

  /** An attempt failed: what was in use before the last replacement is tried in turn with the new. */
  failed({ code }: GatewayError): void {
    const mayBeTheCertificate = code === 'LINK_TLS' || code === 'LINK_AUTH' || code === 'LINK_REFUSED';
    if (this.#previous !== undefined && mayBeTheCertificate) this.#usesPrevious = !this.#usesPrevious;
  }

  views(): readonly LinkCertificateView[] {
    const view = (side: LinkCertificateView['side'], one: X509Certificate | undefined) =>
      one === undefined ? [] : [{ side, subject: subjectOf(one), serial: one.serialNumber, ...validityOf(one) }];
    return [...view('own', this.#current?.own), ...view('far', this.#far)];
  }

  alarms(): readonly AlarmView[] {
    const { subject, clock } = this.#o;
    const now = clock.now();
    const found: AlarmView[] = [];
    const add = (severity: AlarmView['severity'], since: number, error: GatewayError) =>
      found.push({ severity, subject, since, error: errorView(error) });
    if (this.#rejected !== undefined) add('error', this.#rejected.since, this.#rejected.error);
    if (this.#refused !== undefined) add('error', this.#refused.since, this.#refused.error);
    for (const { side, subject: name, serial, notAfter, notBefore } of this.views()) {
      const what = side === 'own' ? `our certificate (${name})` : `the certificate of the far side (${name})`;
      const details = { side, serial };
      const day = new Date(notAfter).toISOString().slice(0, 10);
      const hint = side === 'far' ? { hint: 'tell the operator of the far side' } : {};
      if (now > notAfter) {
        const text = `${what} expired on ${day}`;
        add('error', notAfter, linkError('LINK_CERTIFICATE_EXPIRED', text, { details, ...hint }));
        continue;
      }
      // Certificates for some days or hours are not always about to end.
      const notices = EXPIRY_NOTICES.filter((days) => days * DAY * 2 <= notAfter - notBefore);
      const notice = notices.findLast((days) => notAfter - now < days * DAY);
      if (notice === undefined) continue;
      const text = `${what} expires on ${day}, in less than ${notice === 1 ? 'a day' : `${notice} days`}`;
      const error = linkError('LINK_CERTIFICATE_EXPIRES', text, { details: { ...details, days: notice }, ...hint });
      add(notice === 1 ? 'error' : 'warn', notAfter - notice * DAY, error);
    }
    return found;
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#timer?.cancel();
  }

  #look(): void {
    this.#timer = this.#o.clock.after(LOOK_INTERVAL, () => this.#look());
    for (const { severity, error } of this.alarms()) {
      if (this.#told.has(error.message)) continue;
      this.#told.add(error.message);
      this.#o.log[severity]({ code: error.code, hint: error.hint }, error.message);
    }
    this.#o.onLooked?.(this.#current?.own);
  }

  #reload(): void {
    const { clock, log, config } = this.#o;
    let next: Loaded;
    try {
      next = load(config);
      this.#refuseEnded(next);
    } catch (cause) {
      const error = cause as GatewayError;
      this.#rejected = { since: clock.now(), error };
      log.error({ error: error.message, hint: error.hint }, 'new certificate files are not used');
      return;
    }
    this.#rejected = undefined;
    this.#refused = undefined;
    this.#previous = this.#current;
    this.#usesPrevious = false;
    this.#current = next;
    this.#told.clear();
    const facts = next.own === undefined ? {} : { serial: next.own.serialNumber, validTo: next.own.validTo };
    log.info(facts, 'certificate files were read again');
    this.#o.onReplaced();
  }

  /** A certificate that has ended does not replace one that has not. @throws GatewayError */
  #refuseEnded({ own }: Loaded): void {
    const before = this.#current?.own;
    const now = this.#o.clock.now();
    if (own === undefined || before === undefined) return;
    if (validityOf(own).notAfter >= now || validityOf(before).notAfter < now) return;
    throw invalid(`the new certificate in ${this.#o.config.cert} expired on ${own.validTo}`, 'put a valid one there');
  }
}

/** @throws GatewayError LINK_CERTIFICATE_INVALID */
function load({ ca, cert, key, alpn }: LinkTlsConfig): Loaded {
  const authorities = ca.length === 0 ? undefined : ca.map(read);
  for (const [index, pem] of (authorities ?? []).entries()) check(authoritiesFault(pem), ca[index]!);
  const own = cert === undefined ? undefined : read(cert);
  const secret = key === undefined ? undefined : typeof key === 'string' ? read(key) : key;
  const fault = own === undefined || secret === undefined ? undefined : keyPairFault(own, secret);
  check(fault, fault?.part === 'key' ? (typeof key === 'string' ? key : 'the key') : (cert ?? ''));
  const context = makeContext({
    minVersion: 'TLSv1.2',
    ...(authorities !== undefined && { ca: [...authorities] }),
    ...(own !== undefined && { cert: own }),
    ...(secret !== undefined && { key: secret }),
  });
  if ('part' in context) throw invalid(`${cert ?? 'the TLS settings'} ${context.message}`, context.hint);
  return { context, authorities, alpn, own: own === undefined ? undefined : parseCertificates(own)?.[0] };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw invalid(`cannot read ${file}: ${(cause as Error).message}`, 'check the path and who may read it', cause);
  }
}

function check(fault: CertificateFault | undefined, file: string): void {
  if (fault !== undefined) throw invalid(`${file} ${fault.message}`, fault.hint);
}

function invalid(message: string, hint: string, cause?: unknown): GatewayError {
  return linkError('LINK_CERTIFICATE_INVALID', message, cause === undefined ? { hint } : { hint, cause });
}

/** The common name, or the whole subject in one line. */
function subjectOf({ subject }: X509Certificate): string {
  const name = /^CN=(.+)$/m.exec(subject)?.[1] ?? subject.split('\n').join(', ');
  return name.slice(0, 200);
}
