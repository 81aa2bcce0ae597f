import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
const PAIR = { failures: 5, forgivenEvery: 3e4, maxBlock: 6e4 };
const ADDRESS = { failures: 30, forgivenEvery: 2e3, maxBlock: 6e4 };
const USER = { failures: 30, forgivenEvery: 2e3, maxBlock: 1e4 };
const FIRST_BLOCK = 1e3;
const MAX_ENTRIES = 1e4;
const FIRST_DELAY = 100;
const MAX_DELAY = 3e3;
const MAX_HELD = 64;
const MAX_HELD_EACH = 4;
const BURST_PAUSE = 6e4;
const LOOK_INTERVAL = 1e4;
const MAX_LINES = 20;
const MAX_SHOWN = 64;
class Failures {
  #limit;
  #entries = /* @__PURE__ */ new Map();
  constructor(limit) {
    this.#limit = limit;
  }
  get size() {
    return this.#entries.size;
  }
  isBlocked(key, now) {
    const entry = this.#entries.get(key);
    return entry !== void 0 && now < entry.blockedUntil;
  }
  /** @returns failures that count now, this one included */
  add(key, now) {
    const { failures, forgivenEvery, maxBlock } = this.#limit;
    const entry = this.#entries.get(key) ?? { count: 0, at: now, blockedUntil: 0 };
    entry.count = Math.max(0, entry.count - (now - entry.at) / forgivenEvery) + 1;
    entry.at = now;
    const over = Math.ceil(entry.count) - failures;
    if (over >= 0) entry.blockedUntil = now + Math.min(maxBlock, FIRST_BLOCK * 2 ** Math.min(over, 20));
    this.#entries.delete(key);
    if (this.#entries.size >= MAX_ENTRIES) this.#entries.delete(this.#entries.keys().next().value);
    this.#entries.set(key, entry);
    return entry.count;
  }
  forget(key) {
    this.#entries.delete(key);
  }
}
class Throttle {
  #clock;
  #log;
  #pairs = new Failures(PAIR);
  #addresses = new Failures(ADDRESS);
  #users = new Failures(USER);
  /** Who was in, from where. */
  #known = /* @__PURE__ */ new Set();
  #bursts = /* @__PURE__ */ new Map();
  #held = /* @__PURE__ */ new Map();
  #heldInAll = 0;
  #lines = 0;
  #unlogged = { addresses: 0, failures: 0 };
  #timer;
  constructor(options) {
    this.#clock = options.clock;
    this.#log = options.log;
  }
  /** Is this client refused without a look at its password? Counted when it is. */
  isBlocked(host, user) {
    const address = networkOf(host);
    const pair = pairOf(address, user);
    const now = this.#clock.monotonic();
    const isBlocked = this.#pairs.isBlocked(pair, now) || !this.#known.has(pair) && (this.#addresses.isBlocked(address, now) || this.#users.isBlocked(keyOf(user), now));
    if (isBlocked) {
      const burst = this.#bursts.get(address);
      if (burst !== void 0) {
        burst.refused++;
        burst.last = now;
      }
    }
    return isBlocked;
  }
  /** @returns ms after which the client should be told; the place it takes is free again by {@link released} */
  failed(host, user) {
    const address = networkOf(host);
    const now = this.#clock.monotonic();
    const count = this.#pairs.add(pairOf(address, user), now);
    if (count <= PAIR.failures) this.#addresses.add(address, now);
    this.#users.add(keyOf(user), now);
    this.#record(address, user, now);
    const held = this.#held.get(address) ?? 0;
    if (count < 2 || this.#heldInAll >= MAX_HELD || held >= MAX_HELD_EACH) return 0;
    this.#held.set(address, held + 1);
    this.#heldInAll++;
    return Math.min(MAX_DELAY, FIRST_DELAY * 2 ** Math.min(Math.ceil(count) - 2, 10));
  }
  /** The client whose answer was held back has it. */
  released(host) {
    const address = networkOf(host);
    const held = (this.#held.get(address) ?? 1) - 1;
    if (held > 0) this.#held.set(address, held);
    else this.#held.delete(address);
    this.#heldInAll--;
  }
  succeeded(host, user) {
    const pair = pairOf(networkOf(host), user);
    this.#pairs.forget(pair);
    this.#known.delete(pair);
    if (this.#known.size >= MAX_ENTRIES) this.#known.delete(this.#known.values().next().value);
    this.#known.add(pair);
  }
  /** Entries in all tables, for tests of their bounds. */
  get size() {
    return this.#pairs.size + this.#addresses.size + this.#users.size + this.#known.size + this.#bursts.size;
  }
  [Symbol.dispose]() {
    this.#timer?.cancel();
    for (const [address, burst] of this.#bursts) this.#ended(address, burst);
    this.#bursts.clear();
    this.#summary();
  }
  #record(address, user, now) {
    const burst = this.#bursts.get(address);
    if (burst !== void 0) {
      burst.failures++;
      burst.last = now;
      return;
    }
    const isLogged = this.#lines < MAX_LINES && this.#bursts.size < MAX_ENTRIES;
    if (isLogged) {
      this.#lines++;
      this.#log.warn({ address, user: user.slice(0, MAX_SHOWN) }, "login failed");
    }
    if (this.#bursts.size < MAX_ENTRIES) {
      this.#bursts.set(address, { since: this.#clock.now(), isLogged, last: now, failures: 1, refused: 0 });
    } else {
      this.#unlogged.failures++;
    }
    this.#timer ??= this.#clock.after(LOOK_INTERVAL, () => this.#look());
  }
  #look() {
    this.#timer = void 0;
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
  #ended(address, { isLogged, failures, refused, since }) {
    if (isLogged) {
      if (failures + refused > 1) this.#log.warn({ address, failures, refused, since }, "logins failed, now quiet");
      return;
    }
    this.#unlogged.addresses++;
    this.#unlogged.failures += failures + refused;
  }
  #summary() {
    if (this.#unlogged.failures === 0) return;
    this.#log.warn(this.#unlogged, "logins failed from many more addresses, now quiet");
    this.#unlogged = { addresses: 0, failures: 0 };
  }
}
function networkOf(host) {
  const plain = host.startsWith("::ffff:") && host.includes(".") ? host.slice(7) : host;
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.replace(/%.*$/, "").split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === void 0 || tail === "" ? [] : tail.split(":");
  const missing = tail === void 0 ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...new Array(Math.max(0, missing)).fill("0"), ...back];
  return `${groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}
function keyOf(user) {
  return user.length <= MAX_SHOWN ? user : createHash("sha256").update(user).digest("base64");
}
function pairOf(address, user) {
  return `${address} ${keyOf(user)}`;
}
export {
  Throttle,
  networkOf
};
//# sourceMappingURL=throttle.js.map
