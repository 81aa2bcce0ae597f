/**
 * Against guessing of passwords. Failures are counted per address and user together, per address, and per user; who
 * failed too often is refused without a look at the password, for longer each time.
 *
 *   address + user   5 failures, then blocked for 1 s, 2 s, 4 s … 60 s: one client with a wrong password blocks itself only
 *   address         30 failures of whatever users: blocks whoever has not logged in from there before
 *   user            30 failures from wherever: blocks addresses from which that user has not logged in before
 *
 * A token cannot be guessed: it counts for itself and its address, never against the user that it may name or not name,
 * else whoever sends bad ones would keep out everybody whose token is good.
 *
 * Rules: tables are bounded, the one longest unused goes first; who knows his password is not locked out by others who
 * do not, once he has been in; a burst is logged at its beginning and its end.
 */
import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import { networkOf } from '../address.js';

interface Limit {
  /** Failures before the first block. */
  readonly failures: number;
  /** One failure is forgiven per so many ms. */
  readonly forgivenEvery: number;
  readonly maxBlock: number;
}

const PAIR: Limit = { failures: 5, forgivenEvery: 30_000, maxBlock: 60_000 };
const ADDRESS: Limit = { failures: 30, forgivenEvery: 2_000, maxBlock: 60_000 };
const USER: Limit = { failures: 30, forgivenEvery: 2_000, maxBlock: 10_000 };
const FIRST_BLOCK = 1_000;
const MAX_ENTRIES = 10_000;

/** A refusal is told late, from the second on; so many clients wait at a time, all and of one address. */
const FIRST_DELAY = 100;
const MAX_DELAY = 3_000;
const MAX_HELD = 64;
const MAX_HELD_EACH = 4;

/**
 * Who is refused without a look is told so at this pace, ms between two of one address: a connection that comes, is refused
 * and goes costs a third of a millisecond and ten kilobytes, so a thousand per second of them would be felt by everybody.
 */
const PACE = 4;
/** Nobody is told later than so: whoever has more connections than that is told at once. */
const MAX_PACED = 5_000;

/** Quiet for so long: the burst is over, ms. */
const BURST_PAUSE = 60_000;
const LOOK_INTERVAL = 10_000;
/** Bursts that get lines of their own, per {@link LOOK_INTERVAL}; of more there is one line together. */
const MAX_LINES = 20;
const MAX_SHOWN = 64;

/** Of one key: failures, leaking away with time. */
class Failures {
  readonly #limit: Limit;
  readonly #entries = new Map<string, { count: number; at: number; blockedUntil: number }>();

  constructor(limit: Limit) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  isBlocked(key: string, now: number): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && now < entry.blockedUntil;
  }

  /** @returns failures that count now, this one included */
  add(key: string, now: number): number {
    const { failures, forgivenEvery, maxBlock } = this.#limit;
    const entry = this.#entries.get(key) ?? { count: 0, at: now, blockedUntil: 0 };
    entry.count = Math.max(0, entry.count - (now - entry.at) / forgivenEvery) + 1;
    entry.at = now;
    const over = Math.ceil(entry.count) - failures;
    if (over >= 0) entry.blockedUntil = now + Math.min(maxBlock, FIRST_BLOCK * 2 ** Math.min(over, 20));
    this.#entries.delete(key);
    if (this.#entries.size >= MAX_ENTRIES) this.#entries.delete(this.#entries.keys().next().value!);
    this.#entries.set(key, entry);
    return entry.count;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }
}

interface Burst {
  readonly since: number;
  readonly isLogged: boolean;
  last: number;
  failures: number;
  refused: number;
  /** When the last of those refused is told, monotonic ms. */
  toldAt: number;
}

export interface ThrottleOptions {
  readonly clock: Clock;
  readonly log: Log;
}

export class Throttle implements Disposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pairs = new Failures(PAIR);
  readonly #addresses = new Failures(ADDRESS);
  readonly #users = new Failures(USER);
  /** Who was in, from where. */
  readonly #known = new Set<string>();
  readonly #bursts = new Map<string, Burst>();
  readonly #held = new Map<string, number>();
  #heldInAll = 0;
  #lines = 0;
  #unlogged = { addresses: 0, failures: 0 };
  #timer: Timer | undefined;
  #isOver = false;

  constructor(options: ThrottleOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /**
   * Is this client refused without a look at its password? Counted when it is.
   *
   * @param token - digest of the token it offers, here and in the other methods
   */
  isBlocked(host: string, user: string, token?: string): boolean {
    const address = networkOf(host);
    const pair = pairOf(address, token ?? user);
    const now = this.#clock.monotonic();
    const isUserBlocked = token === undefined && this.#users.isBlocked(keyOf(user), now);
    const isBlocked =
      this.#pairs.isBlocked(pair, now) ||
      (!this.#known.has(pair) && (isUserBlocked || this.#addresses.isBlocked(address, now)));
    if (isBlocked) {
      const burst = this.#bursts.get(address);
      if (burst !== undefined) {
        burst.refused++;
        burst.last = now;
      }
    }
    return isBlocked;
  }

  /** @returns ms after which a client that {@link isBlocked} should be told */
  pace(host: string): number {
    const burst = this.#bursts.get(networkOf(host));
    if (burst === undefined || this.#isOver) return 0;
    const now = this.#clock.monotonic();
    const toldAt = Math.max(now, burst.toldAt + PACE);
    if (toldAt - now > MAX_PACED) return 0;
    burst.toldAt = toldAt;
    return Math.ceil(toldAt - now);
  }

  /** @returns ms after which the client should be told; the place it takes is free again by {@link released} */
  failed(host: string, user: string, token?: string): number {
    if (this.#isOver) return 0;
    const address = networkOf(host);
    const now = this.#clock.monotonic();
    const count = this.#pairs.add(pairOf(address, token ?? user), now);
    // A client that repeats itself says nothing of its neighbours.
    if (count <= PAIR.failures) this.#addresses.add(address, now);
    if (token === undefined) this.#users.add(keyOf(user), now);
    this.#record(address, user, now);
    const held = this.#held.get(address) ?? 0;
    if (count < 2 || this.#heldInAll >= MAX_HELD || held >= MAX_HELD_EACH) return 0;
    this.#held.set(address, held + 1);
    this.#heldInAll++;
    return Math.min(MAX_DELAY, FIRST_DELAY * 2 ** Math.min(Math.ceil(count) - 2, 10));
  }

  /** The client whose answer was held back has it. */
  released(host: string): void {
    const address = networkOf(host);
    const held = (this.#held.get(address) ?? 1) - 1;
    if (held > 0) this.#held.set(address, held);
    else this.#held.delete(address);
    this.#heldInAll--;
  }

  succeeded(host: string, user: string, token?: string): void {
    const pair = pairOf(networkOf(host), token ?? user);
    this.#pairs.forget(pair);
    this.#known.delete(pair);
    if (this.#known.size >= MAX_ENTRIES) this.#known.delete(this.#known.values().next().value!);
    this.#known.add(pair);
  }

  /** Entries in all tables, for tests of their bounds. */
  get size(): number {
    return this.#pairs.size + this.#addresses.size + this.#users.size + this.#known.size + this.#bursts.size;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.cancel();
    for (const [address, burst] of this.#bursts) this.#ended(address, burst);
    this.#bursts.clear();
    this.#summary();
  }

  #record(address: string, user: string, now: number): void {
    const burst = this.#bursts.get(address);
    if (burst !== undefined) {
      burst.failures++;
      burst.last = now;
      return;
    }
    const isLogged = this.#lines < MAX_LINES && this.#bursts.size < MAX_ENTRIES;
    if (isLogged) {
      this.#lines++;
      this.#log.warn({ address, user: user.slice(0, MAX_SHOWN) }, 'login failed');
    }
    if (this.#bursts.size < MAX_ENTRIES) {
      this.#bursts.set(address, { since: this.#clock.now(), isLogged, last: now, failures: 1, refused: 0, toldAt: 0 });
    } else {
      this.#unlogged.failures++;
    }
    this.#timer ??= this.#clock.after(LOOK_INTERVAL, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    this.#lines = 0;
    const now = this.#clock.monotonic();
    for (const [address, burst] of this.#bursts) {
      if (now - burst.last < BURST_PAUSE) continue;
      this.#bursts.delete(address);
      this.#ended(address, burst);
    }
    if (this.#bursts.size > 0) this.#timer = this.#clock.after(LOOK_INTERVAL, () => this.#look());
    else this.#summary();
  }

  #ended(address: string, { isLogged, failures, refused, since }: Burst): void {
    if (isLogged) {
      // One that failed once was told of already.
      if (failures + refused > 1) this.#log.warn({ address, failures, refused, since }, 'logins failed, now quiet');
      return;
    }
    this.#unlogged.addresses++;
    this.#unlogged.failures += failures + refused;
  }

  #summary(): void {
    if (this.#unlogged.failures === 0) return;
    this.#log.warn(this.#unlogged, 'logins failed from many more addresses, now quiet');
    this.#unlogged = { addresses: 0, failures: 0 };
  }
}

/** A user name may have 65,535 bytes, and there are many keys. */
function keyOf(user: string): string {
  return user.length <= MAX_SHOWN ? user : createHash('sha256').update(user).digest('base64');
}

function pairOf(address: string, user: string): string {
  return `${address} ${keyOf(user)}`;
}
