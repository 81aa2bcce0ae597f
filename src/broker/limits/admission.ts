/**
 * Who may connect: counts and rates, of each listener and of each address.
 *
 *   accept ─▶ open: rates, connections before CONNECT ─▶ CONNECT ─▶ connect: clients per listener, address, user
 *
 * Rules: the first check costs no I/O and no allocation but the ticket; what is kept per address goes when it is idle.
 */
import { isIP } from 'node:net';
import type { Clock } from '../../core/clock.js';
import type { BrokerLimits, ListenerLimits } from '../../core/config.js';
import { networkOf } from '../address.js';
import type { ListenerPolicy } from '../peer.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import type { Statistics } from '../statistics.js';
import type { RefusalReason } from './reasons.js';
import { TokenBucket } from './token-bucket.js';

/** Seconds of a connect rate that may come at once: after a loss of the network all come back together. */
const BURST = 2;
/** Connections beyond their rate that are let in as far as CONNECT, to be told why; the others are closed at once. */
const MAX_TURNED_AWAY = 64;
/** Least number of connections to spare. */
const MIN_PENDING = 16;
/** So many addresses are kept without being looked through. */
const SWEEP_AT = 1_024;
const SWEEP_INTERVAL = 1_000;

class Place {
  readonly bucket: TokenBucket | undefined;
  /** Open, closing ones included. */
  sockets = 0;
  /** Before CONNECT. */
  pending = 0;
  connected = 0;

  constructor(ratePerSecond: number, now: number) {
    if (ratePerSecond > 0) this.bucket = new TokenBucket(ratePerSecond, ratePerSecond * BURST, now);
  }

  isIdle(now: number): boolean {
    return this.sockets === 0 && (this.bucket?.isFull(now) ?? true);
  }
}

interface ListenerPlace {
  readonly limits: ListenerLimits;
  readonly place: Place;
  readonly addresses: Map<string, Place>;
}

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly limits: BrokerLimits;
  readonly statistics: Statistics;
  /** Told of each connection that is refused. */
  readonly onRefused: (reason: RefusalReason, host: string) => void;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #listeners = new Map<ListenerPolicy, ListenerPlace>();
  readonly users = new Map<string, number>();
  turnedAway = 0;
  #sweptAt = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Addresses remembered. */
  get addresses(): number {
    let sum = 0;
    for (const { addresses } of this.#listeners.values()) sum += addresses.size;
    return sum;
  }

  /** What holds for the connections of a listener: its own limits, else those of the broker. */
  limitsOf(policy: ListenerPolicy): ListenerLimits {
    return this.#listener(policy).limits;
  }

  /**
   * A connection was accepted.
   *
   * @param host - its address without the port; anything else: it has none (a Unix socket)
   * @returns undefined: to be closed at once
   */
  open(policy: ListenerPolicy, host: string): Ticket | undefined {
    const now = this.#options.clock.monotonic();
    const listener = this.#listener(policy);
    const { limits } = listener;
    const address = isIP(host) === 0 ? undefined : this.#address(listener, networkOf(host), now);
    const reason = socketsRefused(listener, address);
    if (reason !== undefined) {
      this.refused(reason, host);
      return undefined;
    }
    const late = rateExceeded(listener, address, now);
    if (late !== undefined) {
      this.refused(late, host);
      if (this.turnedAway >= MAX_TURNED_AWAY) return undefined;
    }
    return new Ticket(this, limits, listener.place, address, host, late !== undefined);
  }

  refused(reason: RefusalReason, host: string): void {
    this.#options.statistics.refuse(reason);
    this.#options.onRefused(reason, host);
  }

  get connectionsPerUser(): number {
    return this.#options.limits.connectionsPerUser;
  }

  #listener(policy: ListenerPolicy): ListenerPlace {
    let listener = this.#listeners.get(policy);
    if (listener === undefined) {
      const own = Object.entries(policy.limits ?? {}).filter(([, limit]) => limit !== undefined);
      const limits: ListenerLimits = { ...this.#options.limits, ...Object.fromEntries(own) };
      const place = new Place(limits.connectRate, this.#options.clock.monotonic());
      listener = { limits, place, addresses: new Map() };
      this.#listeners.set(policy, listener);
    }
    return listener;
  }

  #address({ limits, addresses }: ListenerPlace, network: string, now: number): Place {
    let address = addresses.get(network);
    if (address === undefined) {
      if (addresses.size >= SWEEP_AT) this.#sweep(addresses, now);
      address = new Place(limits.connectRatePerAddress, now);
      addresses.set(network, address);
    }
    return address;
  }

  #sweep(addresses: Map<string, Place>, now: number): void {
    if (now - this.#sweptAt < SWEEP_INTERVAL) return;
    this.#sweptAt = now;
    for (const [network, place] of addresses) if (place.isIdle(now)) addresses.delete(network);
  }
}

/** One connection in the counts. */
export class Ticket {
  readonly limits: ListenerLimits;
  /** It came too fast: CONNECT is answered with this. */
  readonly refusal: Refusal | undefined;
  readonly #admission: Admission;
  readonly #places: readonly Place[];
  readonly #address: Place | undefined;
  readonly #host: string;
  #state: 'pending' | 'connected' | 'over' | 'closed' = 'pending';
  #user: string | undefined;

  constructor(
    admission: Admission,
    limits: ListenerLimits,
    listener: Place,
    address: Place | undefined,
    host: string,
    isLate: boolean,
  ) {
    this.limits = limits;
    this.#admission = admission;
    this.#places = address === undefined ? [listener] : [listener, address];
    this.#address = address;
    this.#host = host;
    this.refusal = isLate
      ? new Refusal(ReasonCode.connectionRateExceeded, 'too many connections per second')
      : undefined;
    if (isLate) admission.turnedAway++;
    for (const place of this.#places) {
      place.sockets++;
      place.pending++;
    }
  }

  /**
   * CONNECT was accepted otherwise.
   *
   * @param replaces - another connection with the Client Identifier goes for it
   * @returns why not, counted
   */
  connect(user: string | undefined, replaces: boolean): Refusal | undefined {
    const { limits } = this;
    const [listener] = this.#places;
    const ofUser = user === undefined ? 0 : (this.#admission.users.get(user) ?? 0);
    const perUser = this.#admission.connectionsPerUser;
    if (!replaces) {
      if (listener!.connected >= limits.connections) {
        return this.#full('connections', 'as many clients are connected here as are allowed');
      }
      if (limits.connectionsPerAddress > 0 && (this.#address?.connected ?? 0) >= limits.connectionsPerAddress) {
        return this.#full('connectionsPerAddress', 'as many clients of this address are connected as are allowed');
      }
      if (perUser > 0 && ofUser >= perUser) {
        return this.#full('connectionsPerUser', 'as many clients of this user are connected as are allowed');
      }
    }
    this.#leave();
    this.#state = 'connected';
    for (const place of this.#places) place.connected++;
    this.#user = user;
    if (user !== undefined) this.#admission.users.set(user, ofUser + 1);
    return undefined;
  }

  /** Not a client any more; its socket may still be open for a moment. */
  over(): void {
    if (this.#state === 'over' || this.#state === 'closed') return;
    this.#leave();
    this.#state = 'over';
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.over();
    this.#state = 'closed';
    for (const place of this.#places) place.sockets--;
    if (this.refusal !== undefined) this.#admission.turnedAway--;
  }

  #leave(): void {
    const { users } = this.#admission;
    for (const place of this.#places) {
      if (this.#state === 'pending') place.pending--;
      if (this.#state === 'connected') place.connected--;
    }
    if (this.#user === undefined) return;
    const left = (users.get(this.#user) ?? 1) - 1;
    if (left > 0) users.set(this.#user, left);
    else users.delete(this.#user);
    this.#user = undefined;
  }

  #full(reason: RefusalReason, text: string): Refusal {
    this.#admission.refused(reason, this.#host);
    return new Refusal(ReasonCode.quotaExceeded, text);
  }
}

/**
 * Twice as many sockets as clients are let in, as far as CONNECT: after a loss of the network all come back at once, to take
 * their sessions over, and who is refused is to be told why.
 */
function socketsRefused({ limits, place }: ListenerPlace, address: Place | undefined): RefusalReason | undefined {
  const spare = Math.max(MIN_PENDING, limits.connections);
  if (place.sockets >= limits.connections + spare) return 'connections';
  // One address alone, before it has said who it is, leaves about half of them to the others.
  const isTooMany = address !== undefined && address.pending >= limits.connections + MIN_PENDING;
  return isTooMany ? 'pendingConnections' : undefined;
}

function rateExceeded({ place }: ListenerPlace, address: Place | undefined, now: number): RefusalReason | undefined {
  // The address first: what it has too much is not taken from the others.
  if (address?.bucket?.tryTake(1, now) === false) return 'connectRatePerAddress';
  return place.bucket?.tryTake(1, now) === false ? 'connectRate' : undefined;
}
