const MAX_TOPICS = 2e4;
class TopicCounts {
  #topics = /* @__PURE__ */ new Map();
  #changed = /* @__PURE__ */ new Set();
  #tail;
  constructor(view, filter) {
    for (const { topic, at } of view.retained(filter)) this.#add(topic, { retained: true, messages: 0, at });
    this.#tail = view.tail(filter, (message) => {
      if (!message.stored) this.#count(message);
    });
  }
  #add(topic, entry) {
    if (this.#topics.size >= MAX_TOPICS) return;
    this.#topics.set(topic, entry);
    this.#changed.add(topic);
  }
  #count(message) {
    const { topic, at, retain, bytes } = message;
    const entry = this.#topics.get(topic);
    if (entry === void 0) {
      this.#add(topic, { retained: retain && bytes > 0, messages: 1, at });
      return;
    }
    entry.messages++;
    entry.at = at;
    if (retain) entry.retained = bytes > 0;
    this.#changed.add(topic);
  }
  *all() {
    for (const [topic, entry] of this.#topics) yield { topic, ...entry };
  }
  /** What changed since the last call. */
  takeChanged() {
    const changed = [...this.#changed].map((topic) => ({ topic, ...this.#topics.get(topic) }));
    this.#changed.clear();
    return changed;
  }
  [Symbol.dispose]() {
    this.#tail[Symbol.dispose]();
  }
}
export {
  TopicCounts
};
//# sourceMappingURL=topic-counts.js.map
