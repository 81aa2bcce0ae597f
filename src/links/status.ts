/** What a link says about itself: state, cause and since when; logged when it changes, counted in between. */
import type { Clock } from '../core/clock.js';
import { errorView, type GatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { AlarmView, LinkView, ServiceView } from '../core/views.js';
import { LinkHistory, RoundTrips } from './history.js';

/** A refused message is shown for this long, ms. */
const REFUSAL_SHOWN = 5 * 60_000;

export class LinkStatus {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #history = new LinkHistory();
  readonly #roundTrips = new RoundTrips();
  #state: LinkView['state'] = 'connecting';
  #since: number;
  #error: GatewayError | undefined;
  /** Unix ms of the next attempt. */
  #nextTryAt: number | undefined;
  /** Attempts that failed since the link was up. */
  #failures = 0;
  #refused: { readonly error: GatewayError; readonly at: number } | undefined;
  /** What the far side refused of our subscriptions. */
  #refusal: GatewayError | undefined;
  #endpoint: string | null = null;
  #isConnected = false;
  #heartbeat: LinkView['heartbeat'];
  #heartbeatRefusal: { readonly error: GatewayError; readonly at: number } | undefined;
  #provenAt: number | null = null;
  /** Told after each change of state, endpoint or cause. */
  onChanged: () => void = () => {};

  /** @param needsProof - see {@link opened} */
  constructor(clock: Clock, log: Log, needsProof: boolean) {
    this.#clock = clock;
    this.#log = log;
    this.#heartbeat = needsProof ? 'waiting' : 'off';
    this.#since = clock.now();
  }

  get state(): LinkView['state'] {
    return this.#state;
  }

  get since(): number {
    return this.#since;
  }

  /** Where the next attempt goes. */
  trying(endpoint: string | null): void {
    this.#nextTryAt = undefined;
    this.#endpoint = endpoint;
  }

  /** The far side took the connection. @param needsProof - it counts as up only when something was delivered */
  opened(needsProof: boolean): void {
    this.#isConnected = true;
    this.#refusal = undefined;
    this.#heartbeat = needsProof ? 'waiting' : this.#heartbeatRefusal === undefined ? 'off' : 'refused';
    this.#history.connected(this.#clock.now());
  }

  /** @param refused - the far side granted the connection but not all subscriptions */
  subscribed(refused: GatewayError | undefined): void {
    this.#refusal = refused;
    if (this.#heartbeat !== 'waiting') this.#works();
    else if (this.#state !== 'degraded') this.#change('connecting', undefined);
  }

  /** Something that was sent was delivered. */
  proven(proof: 'returned' | 'acknowledged', rttMs: number): void {
    const isOtherProof = this.#heartbeat !== proof;
    this.#heartbeat = proof;
    this.#heartbeatRefusal = undefined;
    this.#provenAt = this.#clock.now();
    this.#roundTrips.add(rttMs);
    const state = this.#refusal === undefined ? 'up' : 'degraded';
    if (this.#state !== state || this.#error !== this.#refusal) this.#works();
    else if (isOtherProof) this.onChanged();
  }

  /** Connected, but nothing is delivered. */
  missed(error: GatewayError): void {
    this.#log.warn({ code: error.code, reason: error.message, hint: error.hint }, 'link degraded');
    this.#change('degraded', error);
  }

  /** From now on nothing proves that the far side delivers. */
  heartbeatRefused(error: GatewayError): void {
    this.#log.warn({ code: error.code, reason: error.message, hint: error.hint }, 'heartbeats are refused');
    this.#heartbeatRefusal = { error, at: this.#clock.now() };
  }

  lost(error: GatewayError): void {
    const facts = { code: error.code, reason: error.message, hint: error.hint, endpoint: this.#endpoint };
    // A far side that stays away is news once, unless the cause changes.
    if (this.#failures === 0 || this.#error?.code !== error.code) this.#log.warn(facts, 'link down');
    else this.#log.debug(facts, 'link still down');
    this.#failures++;
    this.#leave(error);
    this.#change('down', error);
  }

  /** @param until - of the next attempt, Unix ms */
  waiting(until: number): void {
    this.#nextTryAt = until;
  }

  /** The link leaves on its own will: it is not down. */
  moved(reason: GatewayError): void {
    this.#log.info({ reason: reason.message }, 'link moves');
    this.#leave(reason);
    this.#change('connecting', undefined);
  }

  stopped(): void {
    this.#isConnected = false;
    this.#change('down', undefined);
  }

  #leave(error: GatewayError): void {
    this.#history.lost(this.#isConnected ? this.#endpoint : null, error, this.#clock.now());
    this.#isConnected = false;
  }

  #works(): void {
    const refused = this.#refusal;
    const facts = { failures: this.#failures, endpoint: this.#endpoint, heartbeat: this.#heartbeat };
    if (refused !== undefined) {
      this.#log.warn({ ...facts, code: refused.code, reason: refused.message }, 'link degraded');
    } else this.#log.info(facts, 'link up');
    this.#failures = 0;
    this.#change(refused === undefined ? 'up' : 'degraded', refused);
  }

  refused(error: GatewayError): void {
    const now = this.#clock.now();
    if (this.#refused === undefined || now - this.#refused.at >= REFUSAL_SHOWN) {
      this.#log.warn({ code: error.code, reason: error.message }, 'far side refused a message');
    }
    this.#refused = { error, at: now };
  }

  view(): Pick<
    LinkView,
    'state' | 'since' | 'error' | 'nextTryAt' | 'endpoint' | 'heartbeat' | 'provenAt' | 'rttMs' | 'connects' | 'history'
  > {
    return {
      endpoint: this.#endpoint,
      heartbeat: this.#heartbeat,
      provenAt: this.#provenAt,
      rttMs: this.#roundTrips.view(),
      connects: this.#history.connects,
      history: this.#history.view(),
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
    if (this.#heartbeatRefusal !== undefined) {
      const { at, error } = this.#heartbeatRefusal;
      alarms.push({ severity: 'warn', subject, since: at, error: errorView(error) });
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
    this.onChanged();
  }
}
