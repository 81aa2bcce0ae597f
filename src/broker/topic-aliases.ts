/** Topic Aliases a client uses towards us (MQTT 5.0 §3.3.2.3.4). They live as long as the connection. */

/** Announced as Topic Alias Maximum; bounds what a connection makes us remember. */
export const TOPIC_ALIAS_MAXIMUM = 10;

export class TopicAliases {
  #topics: string[] | undefined;

  /**
   * @param topic - empty: the alias stands for what was set before
   * @returns the Topic Name; undefined: the alias is out of range or was never set
   */
  resolve(alias: number, topic: string): string | undefined {
    if (alias < 1 || alias > TOPIC_ALIAS_MAXIMUM) return undefined;
    if (topic === '') return this.#topics?.[alias];
    this.#topics ??= [];
    this.#topics[alias] = topic;
    return topic;
  }
}
