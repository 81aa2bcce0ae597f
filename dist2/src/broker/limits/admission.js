import { isIP } from "node:net";
import { ReasonCode, Refusal } from "../reason-codes.js";
import { networkOf } from "./address.js";
import { TokenBucket } from "./token-bucket.js";
const BURST = 2;
const MAX_TURNED_AWAY = 64;
const MIN_PENDING = 16;
const SWEEP_AT = 1024;
const SWEEP_INTERVAL = 1e3;
class Place {
  bucket;
  /** Open, closing ones included. */
  sockets = 0;
  /** Before CONNECT. */
  pending = 0;
  connected = 0;
  constructor(ratePerSecond, now) {
    if (ratePerSecond > 0) this.bucket = new TokenBucket(ratePerSecond, ratePerSecond * BURST, now);
  }
  isIdle(now) {
    return this.sockets === 0 && (this.bucket?.isFull(now) ?? true);
  }
}
class Admission {
  #options;
  #listeners = /* @__PURE__ */ new Map();
  users = /* @__PURE__ */ new Map();
  turnedAway = 0;
  #sweptAt = 0;
  constructor(options) {
    this.#options = options;
  }
  /** Addresses remembered. */
  get addresses() {
    let sum = 0;
    for (const { addresses } of this.#listeners.values()) sum += addresses.size;
    return sum;
  }
  /** What holds for the connections of a listener: its own limits, else those of the broker. */
  limitsOf(policy) {
    return this.#listener(policy).limits;
  }
  /**
   * A connection was accepted.
   *
   * @param host - its address without the port; anything else: it has none (a Unix socket)
   * @returns undefined: to be closed at once
   */
  open(policy, host) {
    const now = this.#options.clock.monotonic();
    const listener = this.#listener(policy);
    const { limits } = listener;
    const address = isIP(host) === 0 ? void 0 : this.#address(listener, networkOf(host), now);
    const reason = socketsRefused(listener, address);
    if (reason !== void 0) {
      this.refused(reason, host);
      return void 0;
    }
    const late = rateExceeded(listener, address, now);
    if (late !== void 0) {
      this.refused(late, host);
      if (this.turnedAway >= MAX_TURNED_AWAY) return void 0;
    }
    return new Ticket(this, limits, listener.place, address, host, late !== void 0);
  }
  refused(reason, host) {
    this.#options.statistics.refuse(reason);
    this.#options.onRefused(reason, host);
  }
  get connectionsPerUser() {
    return this.#options.limits.connectionsPerUser;
  }
  #listener(policy) {
    let listener = this.#listeners.get(policy);
    if (listener === void 0) {
      const own = Object.entries(policy.limits ?? {}).filter(([, limit]) => limit !== void 0);
      const limits = { ...this.#options.limits, ...Object.fromEntries(own) };
      const place = new Place(limits.connectRate, this.#options.clock.monotonic());
      listener = { limits, place, addresses: /* @__PURE__ */ new Map() };
      this.#listeners.set(policy, listener);
    }
    return listener;
  }
  #address({ limits, addresses }, network, now) {
    let address = addresses.get(network);
    if (address === void 0) {
      if (addresses.size >= SWEEP_AT) this.#sweep(addresses, now);
      address = new Place(limits.connectRatePerAddress, now);
      addresses.set(network, address);
    }
    return address;
  }
  #sweep(addresses, now) {
    if (now - this.#sweptAt < SWEEP_INTERVAL) return;
    this.#sweptAt = now;
    for (const [network, place] of addresses) if (place.isIdle(now)) addresses.delete(network);
  }
}
class Ticket {
  limits;
  /** It came too fast: CONNECT is answered with this. */
  refusal;
  #admission;
  #places;
  #address;
  #host;
  #state = "pending";
  #user;
  constructor(admission, limits, listener, address, host, isLate) {
    this.limits = limits;
    this.#admission = admission;
    this.#places = address === void 0 ? [listener] : [listener, address];
    this.#address = address;
    this.#host = host;
    this.refusal = isLate ? new Refusal(ReasonCode.connectionRateExceeded, "too many connections per second") : void 0;
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
  connect(user, replaces) {
    const { limits } = this;
    const [listener] = this.#places;
    const ofUser = user === void 0 ? 0 : this.#admission.users.get(user) ?? 0;
    const perUser = this.#admission.connectionsPerUser;
    if (!replaces) {
      if (listener.connected >= limits.connections) {
        return this.#full("connections", "as many clients are connected here as are allowed");
      }
      if (limits.connectionsPerAddress > 0 && (this.#address?.connected ?? 0) >= limits.connectionsPerAddress) {
        return this.#full("connectionsPerAddress", "as many clients of this address are connected as are allowed");
      }
      if (perUser > 0 && ofUser >= perUser) {
        return this.#full("connectionsPerUser", "as many clients of this user are connected as are allowed");
      }
    }
    this.#leave();
    this.#state = "connected";
    for (const place of this.#places) place.connected++;
    this.#user = user;
    if (user !== void 0) this.#admission.users.set(user, ofUser + 1);
    return void 0;
  }
  /** Not a client any more; its socket may still be open for a moment. */
  over() {
    if (this.#state === "over" || this.#state === "closed") return;
    this.#leave();
    this.#state = "over";
  }
  close() {
    if (this.#state === "closed") return;
    this.over();
    this.#state = "closed";
    for (const place of this.#places) place.sockets--;
    if (this.refusal !== void 0) this.#admission.turnedAway--;
  }
  #leave() {
    const { users } = this.#admission;
    for (const place of this.#places) {
      if (this.#state === "pending") place.pending--;
      if (this.#state === "connected") place.connected--;
    }
    if (this.#user === void 0) return;
    const left = (users.get(this.#user) ?? 1) - 1;
    if (left > 0) users.set(this.#user, left);
    else users.delete(this.#user);
    this.#user = void 0;
  }
  #full(reason, text) {
    this.#admission.refused(reason, this.#host);
    return new Refusal(ReasonCode.quotaExceeded, text);
  }
}
function socketsRefused({ limits, place }, address) {
  const spare = Math.max(MIN_PENDING, limits.connections);
  if (place.sockets >= limits.connections + spare) return "connections";
  const isTooMany = address !== void 0 && address.pending >= limits.connections + MIN_PENDING;
  return isTooMany ? "pendingConnections" : void 0;
}
function rateExceeded({ place }, address, now) {
  if (address?.bucket?.tryTake(1, now) === false) return "connectRatePerAddress";
  return place.bucket?.tryTake(1, now) === false ? "connectRate" : void 0;
}
export {
  Admission,
  Ticket
};
//# sourceMappingURL=admission.js.map
