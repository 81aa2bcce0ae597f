/** What a link says about itself: state, cause and since when; logged when it changes, counted in between. */
import type { Clock } from '../core/clock.js';
import { errorView, type GatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { AlarmView, LinkView, ServiceView } from '../core/views.js';

/** A refused message is shown for this long, ms. */
const REFUSAL_SHOWN = 5 * 60_000;

export class LinkStatus {
  readonly #clock: Clock;
  readonly #log: Log;
  #state: LinkView['state'] = 'connecting';
  #since: number;
  #error: GatewayError | undefined;
  /** Unix ms of the next attempt. */
  #nextTryAt: number | undefined;
  /** Attempts that failed since the link was up. */
  #failures = 0;
  #refused: { readonly error: GatewayError; readonly at: number } | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#since = clock.now();
  }

  get state(): LinkView['state'] {
    return this.#state;
  }

  get since(): number {
    return this.#since;
  }

  /** @param refused - the far side granted the connection but not all subscriptions */
  connected(refused: GatewayError | undefined): void {
    const facts = { failures: this.#failures };
    if (refused !== undefined)
      this.#log.warn({ ...facts, code: refused.code, reason: refused.message }, 'link degraded');
    else this.#log.info(facts, 'link up');
    this.#failures = 0;
    this.#change(refused === undefined ? 'up' : 'degraded', refused);
  }

  lost(error: GatewayError, nextTryAt: number): void {
    const facts = { code: error.code, reason: error.message, hint: error.hint };
    // A far side that stays away is news once, unless the cause changes.
    if (this.#failures === 0 || this.#error?.code !== error.code) this.#log.warn(facts, 'link down');
    else this.#log.debug(facts, 'link still down');
    this.#failures++;
    this.#change('down', error);
    this.#nextTryAt = nextTryAt;
  }

  trying(): void {
    this.#nextTryAt = undefined;
  }

  stopped(): void {
    this.#change('down', undefined);
  }

  refused(error: GatewayError): void {
    const now = this.#clock.now();
    if (this.#refused === undefined || now - this.#refused.at >= REFUSAL_SHOWN) {
      this.#log.warn({ code: error.code, reason: error.message }, 'far side refused a message');
    }
    this.#refused = { error, at: now };
  }

  view(): Pick<LinkView, 'state' | 'since' | 'error' | 'nextTryAt'> {
    return {
      state: this.#state,
      since: this.#since,
      ...(this.#error === undefined ? {} : { error: errorView(this.#error) }),
      ...(this.#nextTryAt === undefined ? {} : { nextTryAt: this.#nextTryAt }),
    };
  }

  service(name: string): ServiceView {
    const state = this.#state === 'connecting' ? 'starting' : this.#state;
    const view = { name, state, since: this.#since } as const;
    return this.#error === undefined ? view : { ...view, reason: this.#error.message, hint: this.#error.hint };
  }

  alarms(subject: string): readonly AlarmView[] {
    const alarms: AlarmView[] = [];
    if (this.#error !== undefined) {
      const severity = this.#state === 'degraded' ? 'warn' : 'error';
      alarms.push({ severity, subject, since: this.#since, error: errorView(this.#error) });
    }
    if (this.#refused !== undefined && this.#clock.now() - this.#refused.at < REFUSAL_SHOWN) {
      const { at, error } = this.#refused;
      alarms.push({ severity: 'warn', subject, since: at, error: errorView(error) });
    }
    return alarms;
  }

  #change(state: LinkView['state'], error: GatewayError | undefined): void {
    if (state !== this.#state) this.#since = this.#clock.now();
    this.#state = state;
    this.#error = error;
    this.#nextTryAt = undefined;
  }
}
