import { randomBytes } from "node:crypto";
const MAX_REQUESTS = 1e3;
const REPLY_TIME = 5 * 6e4;
class Replies {
  #prefix;
  #clock;
  /** By local topic, oldest first: all live equally long. */
  #requests = /* @__PURE__ */ new Map();
  constructor(linkName, clock) {
    this.#prefix = `$link/${linkName}/`;
    this.#clock = clock;
  }
  /** Local filter of all replies. */
  get filter() {
    return `${this.#prefix}#`;
  }
  get size() {
    return this.#requests.size;
  }
  isReply(topic) {
    return topic.startsWith(this.#prefix);
  }
  /** @returns the local Response Topic, which nobody else can guess */
  add(address) {
    const now = this.#clock.monotonic();
    for (const [topic2, request] of this.#requests) {
      if (request.until > now && this.#requests.size < MAX_REQUESTS) break;
      this.#requests.delete(topic2);
    }
    const topic = this.#prefix + randomBytes(12).toString("base64url");
    this.#requests.set(topic, { address, until: now + REPLY_TIME });
    return topic;
  }
  /** Where a reply goes; undefined when it is too late or was never asked for. One request may get several replies. */
  find(topic) {
    const request = this.#requests.get(topic);
    return request !== void 0 && request.until > this.#clock.monotonic() ? request.address : void 0;
  }
}
export {
  Replies
};
//# sourceMappingURL=replies.js.map
