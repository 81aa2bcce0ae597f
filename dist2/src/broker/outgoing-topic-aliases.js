const MAXIMUM = 64;
class OutgoingTopicAliases {
  #maximum;
  /** Topic → alias, the one used last at the end. */
  #aliases = /* @__PURE__ */ new Map();
  #free = [];
  #last = "";
  /** @param maximum - Topic Alias Maximum of the client, at least 1 */
  constructor(maximum) {
    this.#maximum = Math.min(maximum, MAXIMUM);
  }
  /**
   * The caller sends a PUBLISH with it, or calls {@link forget}.
   *
   * @returns the alias to set, together with the topic; negative: the alias is set and stands for the topic
   */
  use(topic) {
    const known = this.#aliases.get(topic);
    if (known === void 0) return this.#set(topic);
    if (topic !== this.#last) {
      this.#aliases.delete(topic);
      this.#aliases.set(topic, known);
      this.#last = topic;
    }
    return -known;
  }
  /** The PUBLISH that would have set it was not sent. */
  forget(topic) {
    const alias = this.#aliases.get(topic);
    if (alias === void 0) return;
    this.#aliases.delete(topic);
    this.#free.push(alias);
  }
  #set(topic) {
    const alias = this.#free.pop() ?? this.#next();
    this.#aliases.set(topic, alias);
    this.#last = topic;
    return alias;
  }
  /** A new one, or that of the topic not used for longest. */
  #next() {
    if (this.#aliases.size < this.#maximum) return this.#aliases.size + 1;
    const [oldest, alias] = this.#aliases.entries().next().value;
    this.#aliases.delete(oldest);
    return alias;
  }
}
export {
  OutgoingTopicAliases
};
//# sourceMappingURL=outgoing-topic-aliases.js.map
