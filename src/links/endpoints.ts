/**
 * Which endpoint of a link is tried next, after which wait, and when a better one is worth the move. Pure: it opens
 * nothing and knows no clock; all times are monotonic ms.
 *
 * - One round tries every endpoint once, the preferred first; what failed lately comes last.
 * - Between two rounds: decorrelated jitter, so that a thousand gateways do not come back at once after an outage.
 * - A connection to another than the preferred one probes those before it. It goes back when one was good for
 *   `failBack`; whoever relapses soon after must be good for twice as long the next time.
 */
import type { Endpoint } from './endpoint.js';

/** Shortest wait between two rounds, ms. */
export const SHORTEST_WAIT = 250;
/** A connection that lasted this long, ms, was a good one: the waits begin with the shortest again. */
const GOOD_CONNECTION = 10_000;
/** An endpoint that failed comes last for this long, ms, twice as long with each further failure. */
const HOLD = { first: 30_000, max: 300_000 };
/** The same for one that took connections and delivered nothing. */
const WEDGED_HOLD = { first: 120_000, max: 3_600_000 };
/** Lost within this time, ms, after the link went back to it: a relapse. */
const RELAPSE = 300_000;
const MOST_RELAPSES = 6;
/** Nearer means: at most this share of the time, and at least so many ms less. */
const NEARER = { share: 0.7, ms: 3 };
const SHORTEST_PROBE_INTERVAL = 1_000;

export interface EndpointsOptions {
  readonly choose: 'first' | 'nearest';
  /** How long a better endpoint must have been good, ms. */
  readonly failBack: number;
  /** Longest wait between two rounds, ms. */
  readonly maxWait: number;
  /** In [0, 1). */
  readonly random: () => number;
}

export type EndpointState = 'unknown' | 'good' | 'failed';

/** What is known of one. */
interface Known {
  endpoint: Endpoint;
  state: EndpointState;
  /** It comes last until then. */
  heldUntil: number;
  failures: number;
  rttMs: number | undefined;
  /** Since when all probes were good. */
  goodSince: number | undefined;
  nextProbeAt: number;
  relapses: number;
  /** When the link went back to it. */
  movedAt: number;
  connects: number;
}

export class Endpoints {
  readonly #o: EndpointsOptions;
  #known = new Map<string, Known>();
  /** Tried in this round. */
  readonly #tried = new Set<string>();
  #current: { readonly key: string; readonly since: number } | undefined;
  #lastWait = SHORTEST_WAIT;
  #isFirst = true;
  /** The link leaves on its own will for this one. */
  #wanted: string | undefined;

  constructor(options: EndpointsOptions) {
    this.#o = options;
  }

  get count(): number {
    return this.#known.size;
  }

  /** The endpoints there are now, the preferred first. What is known of those that stay is kept. */
  offer(list: readonly Endpoint[]): void {
    const before = this.#known;
    this.#known = new Map();
    for (const endpoint of list) {
      const known = before.get(endpoint.key) ?? unknown(endpoint);
      known.endpoint = endpoint;
      this.#known.set(endpoint.key, known);
    }
    for (const key of this.#tried) if (!this.#known.has(key)) this.#tried.delete(key);
  }

  /** Where endpoints of this uplink connect from; undefined: there are none. */
  addressOf(via: string): string | undefined {
    for (const { endpoint } of this.#known.values()) if (endpoint.via === via) return endpoint.localAddress;
    return undefined;
  }

  /** @returns the endpoint to try after `wait` ms; undefined: there is none, and it is worth looking again after `wait` */
  next(now: number): { readonly endpoint: Endpoint | undefined; readonly wait: number } {
    const wanted = this.#wanted === undefined ? undefined : this.#known.get(this.#wanted);
    this.#wanted = undefined;
    if (wanted !== undefined) return this.#try(wanted, 0);
    const order = this.#order(now);
    const left = order.find(({ endpoint }) => !this.#tried.has(endpoint.key));
    if (left !== undefined && this.#tried.size > 0) {
      // The far side of all others failed at the same moment, too.
      return this.#try(left, Math.round(this.#o.random() * SHORTEST_WAIT));
    }
    this.#tried.clear();
    const wait = this.#isFirst ? 0 : this.#jitter();
    this.#isFirst = false;
    const [first] = order;
    return first === undefined ? { endpoint: undefined, wait } : this.#try(first, wait);
  }

  connected(key: string, now: number): void {
    const known = this.#known.get(key);
    this.#current = { key, since: now };
    if (known === undefined) return;
    known.connects++;
    known.goodSince = undefined;
  }

  /** What was sent to it was delivered, in this time. */
  delivered(key: string, rttMs: number, now: number): void {
    const known = this.#known.get(key);
    if (known === undefined) return;
    known.state = 'good';
    known.heldUntil = 0;
    known.failures = 0;
    known.rttMs = known.rttMs === undefined ? rttMs : known.rttMs * 0.7 + rttMs * 0.3;
    if (now - known.movedAt > RELAPSE) known.relapses = 0;
  }

  /**
   * The attempt failed, or the connection ended.
   *
   * @param how - `wedged`: it took the connection but delivered nothing
   */
  lost(key: string, how: 'failed' | 'wedged', now: number): void {
    const connection = this.#current;
    this.#current = undefined;
    const known = this.#known.get(key);
    const wasGood = connection !== undefined && how === 'failed' && now - connection.since >= GOOD_CONNECTION;
    if (wasGood) {
      this.#lastWait = SHORTEST_WAIT;
      this.#tried.clear();
      // The first wait is that of a new round, and the same endpoint is as good as before.
      this.#isFirst = false;
    } else this.#tried.add(key);
    if (known === undefined) return;
    known.state = 'failed';
    known.goodSince = undefined;
    if (now - known.movedAt < RELAPSE) known.relapses = Math.min(MOST_RELAPSES, known.relapses + 1);
    known.movedAt = Number.NEGATIVE_INFINITY;
    if (wasGood) return;
    const { first, max } = how === 'wedged' ? WEDGED_HOLD : HOLD;
    known.heldUntil = now + Math.min(max, first * 2 ** Math.min(16, known.failures));
    known.failures++;
  }

  /** The link closes the connection in order to go to this one. */
  moving(key: string, now: number): void {
    this.#current = undefined;
    this.#wanted = key;
    this.#tried.clear();
    const known = this.#known.get(key);
    if (known !== undefined) known.movedAt = now;
  }

  /** Those that may be better than the one in use and are due to be probed. */
  probes(now: number): readonly Endpoint[] {
    const due = this.#candidates().filter(({ nextProbeAt }) => nextProbeAt <= now);
    for (const known of due) known.nextProbeAt = now + this.#probeInterval();
    return due.map(({ endpoint }) => endpoint);
  }

  /** ms until {@link probes} may have something; undefined: there is nothing to probe. */
  untilProbe(now: number): number | undefined {
    const times = this.#candidates().map(({ nextProbeAt }) => nextProbeAt);
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - now);
  }

  /** All but the one in use, to be measured before the first choice. */
  unmeasured(): readonly Endpoint[] {
    if (this.#o.choose === 'first' || this.#known.size < 2) return [];
    return [...this.#known.values()].filter(({ rttMs }) => rttMs === undefined).map(({ endpoint }) => endpoint);
  }

  /** @param rttMs - undefined: it failed */
  probed(key: string, rttMs: number | undefined, now: number): void {
    const known = this.#known.get(key);
    if (known === undefined) return;
    if (rttMs === undefined) {
      known.goodSince = undefined;
      known.state = 'failed';
      return;
    }
    known.goodSince ??= now;
    known.state = 'good';
    known.rttMs = known.rttMs === undefined ? rttMs : known.rttMs * 0.5 + rttMs * 0.5;
  }

  /** The endpoint to go to now; undefined: stay. */
  better(now: number): Endpoint | undefined {
    const ready = this.#candidates().filter(
      ({ goodSince, relapses }) => goodSince !== undefined && now - goodSince >= this.#o.failBack * 2 ** relapses,
    );
    if (this.#o.choose === 'first') return ready[0]?.endpoint;
    const current = this.#known.get(this.#current?.key ?? '');
    const limit = current?.rttMs;
    if (limit === undefined) return undefined;
    const nearer = ready.filter(({ rttMs = limit }) => rttMs <= limit * NEARER.share && limit - rttMs >= NEARER.ms);
    return nearer.sort((a, b) => a.rttMs! - b.rttMs!)[0]?.endpoint;
  }

  view(now: number): readonly {
    readonly endpoint: Endpoint;
    readonly state: EndpointState;
    readonly isCurrent: boolean;
    readonly isHeld: boolean;
    readonly rttMs: number | undefined;
    readonly connects: number;
  }[] {
    return [...this.#known.values()].map(({ endpoint, state, heldUntil, rttMs, connects }) => {
      const isCurrent = endpoint.key === this.#current?.key;
      return { endpoint, state, isCurrent, isHeld: heldUntil > now, rttMs, connects };
    });
  }

  #try({ endpoint }: Known, wait: number) {
    this.#tried.add(endpoint.key);
    this.#isFirst = false;
    return { endpoint, wait };
  }

  /** In the order in which they are wanted; what is held comes last, the longest held at the end. */
  #order(now: number): readonly Known[] {
    const all = [...this.#known.values()];
    const ranked =
      this.#o.choose === 'nearest'
        ? all.sort((a, b) => (a.rttMs ?? Number.POSITIVE_INFINITY) - (b.rttMs ?? Number.POSITIVE_INFINITY) || 0)
        : all;
    return [
      ...ranked.filter(({ heldUntil }) => heldUntil <= now),
      ...ranked.filter(({ heldUntil }) => heldUntil > now).sort((a, b) => a.heldUntil - b.heldUntil),
    ];
  }

  /** Those that the link would rather use than the one it uses. */
  #candidates(): readonly Known[] {
    const all = [...this.#known.values()];
    const current = all.findIndex(({ endpoint }) => endpoint.key === this.#current?.key);
    // It is no longer on offer: anything is better.
    if (this.#current !== undefined && current < 0) return all;
    if (this.#current === undefined) return [];
    return this.#o.choose === 'nearest' ? all.filter((_, index) => index !== current) : all.slice(0, current);
  }

  #probeInterval(): number {
    const interval = Math.min(60_000, Math.max(SHORTEST_PROBE_INTERVAL, this.#o.failBack / 4));
    return interval * (0.8 + this.#o.random() * 0.4);
  }

  /** Each wait between the shortest and three times the one before, at most the longest. */
  #jitter(): number {
    const most = Math.max(SHORTEST_WAIT, this.#lastWait * 3);
    const wait = Math.min(this.#o.maxWait, SHORTEST_WAIT + this.#o.random() * (most - SHORTEST_WAIT));
    this.#lastWait = wait;
    return Math.round(wait);
  }
}

function unknown(endpoint: Endpoint): Known {
  return {
    endpoint,
    state: 'unknown',
    heldUntil: 0,
    failures: 0,
    rttMs: undefined,
    goodSince: undefined,
    nextProbeAt: 0,
    relapses: 0,
    movedAt: Number.NEGATIVE_INFINITY,
    connects: 0,
  };
}
