import { createHash } from "node:crypto";
const MAX_REMEMBERED = 4096;
const ECHO_TIME = 6e4;
class EchoGuard {
  #clock;
  #noLocal;
  /** Topic and payload → how often it was sent lately. Oldest first. */
  #live = /* @__PURE__ */ new Map();
  /** Far topic → payload of the retained message that we put there last. Oldest first. */
  #retained = /* @__PURE__ */ new Map();
  /** @param noLocal - the far side does not return live messages (MQTT 5.0 §3.8.3.1) */
  constructor(clock, noLocal) {
    this.#clock = clock;
    this.#noLocal = noLocal;
  }
  get size() {
    return this.#live.size + this.#retained.size;
  }
  /** Only for topics that the link is subscribed to at the far side. */
  remember(topic, payload, retain) {
    if (this.#noLocal && !retain) return;
    const hash = hashOf(payload);
    if (retain) {
      this.#retained.delete(topic);
      this.#retained.set(topic, hash);
      if (this.#retained.size > MAX_REMEMBERED) this.#retained.delete(firstOf(this.#retained));
    }
    if (this.#noLocal) return;
    const now = this.#clock.monotonic();
    const key = `${hash} ${topic}`;
    const known = this.#live.get(key);
    this.#live.delete(key);
    this.#live.set(key, {
      count: known !== void 0 && known.until > now ? known.count + 1 : 1,
      until: now + ECHO_TIME
    });
    for (const [oldest, { until }] of this.#live) {
      if (until > now && this.#live.size <= MAX_REMEMBERED) break;
      this.#live.delete(oldest);
    }
  }
  /** Is this message from the far side our own? A live one is recognised once for each time it was sent. */
  isEcho(topic, payload, retain) {
    if (this.#live.size === 0 && !this.#retained.has(topic)) return false;
    const hash = hashOf(payload);
    const key = `${hash} ${topic}`;
    const live = this.#live.get(key);
    if (live !== void 0 && !retain) {
      live.count--;
      if (live.count === 0) this.#live.delete(key);
      if (live.until > this.#clock.monotonic()) return true;
    }
    const retained = this.#retained.get(topic);
    if (retained === void 0) return false;
    if (retain && retained === hash) return true;
    this.#retained.delete(topic);
    return false;
  }
  /** The far side forgot the subscriptions with the connection: no live echo will come any more. */
  disconnected() {
    this.#live.clear();
  }
}
function hashOf(payload) {
  return createHash("sha1").update(payload).digest("base64");
}
function firstOf(map) {
  for (const key of map.keys()) return key;
  throw new RangeError("the map is empty");
}
export {
  EchoGuard
};
//# sourceMappingURL=echo.js.map
