import { TokenBucket } from "./token-bucket.js";
const AHEAD = 20;
class Rates {
  #messages;
  #bytes;
  /** @returns undefined: without limit, which then costs nothing */
  static of({ messageRate, byteRate }, now) {
    return messageRate === 0 && byteRate === 0 ? void 0 : new Rates(messageRate, byteRate, now);
  }
  /** One second's worth may come at once. */
  constructor(messageRate, byteRate, now) {
    if (messageRate > 0) this.#messages = new TokenBucket(messageRate, messageRate, now);
    if (byteRate > 0) this.#bytes = new TokenBucket(byteRate, byteRate, now);
  }
  /** @returns whether it was one too many: it is to be handled, but the next ones have to wait */
  takeMessage(now) {
    return this.#messages?.take(1, now) ?? false;
  }
  /** @returns as {@link takeMessage} */
  takeBytes(bytes, now) {
    return this.#bytes?.take(bytes, now) ?? false;
  }
  /** Until both allow more, ms. */
  wait(now) {
    return Math.max(this.#messages?.wait(AHEAD, now) ?? 0, this.#bytes?.wait(AHEAD, now) ?? 0);
  }
}
export {
  Rates
};
//# sourceMappingURL=rates.js.map
