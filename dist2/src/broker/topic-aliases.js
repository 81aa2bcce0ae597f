const TOPIC_ALIAS_MAXIMUM = 10;
class TopicAliases {
  #topics;
  /**
   * @param topic - empty: the alias stands for what was set before
   * @returns the Topic Name; undefined: the alias is out of range or was never set
   */
  resolve(alias, topic) {
    if (alias < 1 || alias > TOPIC_ALIAS_MAXIMUM) return void 0;
    if (topic === "") return this.#topics?.[alias];
    this.#topics ??= [];
    this.#topics[alias] = topic;
    return topic;
  }
}
export {
  TOPIC_ALIAS_MAXIMUM,
  TopicAliases
};
//# sourceMappingURL=topic-aliases.js.map
