/** The certificates of a link together with what renews them. */

import { validityOf } from '../core/certificates.js';
import type { Clock } from '../core/clock.js';
import type { LinkConfig } from '../core/config.js';
import { errorView, type GatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { AlarmView } from '../core/views.js';
import { LinkCertificates } from './certificates.js';
import { linkError } from './errors.js';
import { Renewal } from './renewal.js';

export class Credentials implements Disposable {
  readonly certificates: LinkCertificates;
  readonly #renewal: Renewal | undefined;
  readonly #subject: string;

  /** @param onReplaced - the connection should be made anew, within its session */
  constructor({ name, tls }: LinkConfig, clock: Clock, log: Log, onReplaced: (reason: GatewayError) => void) {
    this.#subject = `link:${name}`;
    const { renew, cert, key, ca } = tls;
    if (renew !== undefined) {
      const env = {
        HPMQ_LINK: name,
        ...(cert !== undefined && { HPMQ_CERT: cert }),
        ...(typeof key === 'string' && { HPMQ_KEY: key }),
        ...(ca.length > 0 && { HPMQ_CA: ca.join(':') }),
      };
      this.#renewal = new Renewal({ config: renew, clock, log, env });
    }
    this.certificates = new LinkCertificates({
      subject: this.#subject,
      config: tls,
      clock,
      log,
      onReplaced: () => onReplaced(linkError('LINK_MOVED', 'the certificate files were replaced')),
      onLooked: (own) => {
        if (own !== undefined) this.#renewal?.look(validityOf(own).notAfter);
      },
    });
  }

  alarms(): readonly AlarmView[] {
    const failed = this.#renewal?.error;
    const alarms = this.certificates.alarms();
    if (failed === undefined) return alarms;
    return [
      ...alarms,
      { severity: 'error', subject: this.#subject, since: failed.since, error: errorView(failed.error) },
    ];
  }

  [Symbol.dispose](): void {
    this.certificates[Symbol.dispose]();
    this.#renewal?.[Symbol.dispose]();
  }
}
