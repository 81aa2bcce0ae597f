/** Topic Aliases towards a peer that takes them (MQTT 5.0 §3.3.2.3.4): from the first repeat of a topic on. */

/** As many are used, whatever the peer allows: bounds what a connection makes us remember. */
const MAXIMUM = 64;

export class OutgoingTopicAliases {
  readonly #maximum: number;
  readonly #patience: number;
  /** Topic → alias, the one used last at the end. */
  readonly #aliases = new Map<string, number>();
  readonly #free: number[] = [];
  #last = '';
  #uses = 0;
  /** By alias: in which use. */
  readonly #usedAt: number[] = [];

  /**
   * @param maximum - Topic Alias Maximum of the peer, at least 1
   * @param patience - uses for which an alias stays with its topic, so that many topics in turn do not take it from each other
   */
  constructor(maximum: number, patience = 0) {
    this.#maximum = Math.min(maximum, MAXIMUM);
    this.#patience = patience;
  }

  /**
   * The caller sends a PUBLISH with it, or calls {@link forget}.
   *
   * @returns the alias to set, together with the topic; negative: the alias is set and stands for the topic; 0: none is free
   */
  use(topic: string): number {
    this.#uses++;
    const known = this.#aliases.get(topic);
    if (known === undefined) return this.#set(topic);
    this.#usedAt[known] = this.#uses;
    if (topic !== this.#last) {
      this.#aliases.delete(topic);
      this.#aliases.set(topic, known);
      this.#last = topic;
    }
    return -known;
  }

  /** The PUBLISH that would have set it was not sent. */
  forget(topic: string): void {
    const alias = this.#aliases.get(topic);
    if (alias === undefined) return;
    this.#aliases.delete(topic);
    this.#free.push(alias);
  }

  #set(topic: string): number {
    const alias = this.#free.pop() ?? this.#next();
    if (alias === 0) return 0;
    this.#usedAt[alias] = this.#uses;
    this.#aliases.set(topic, alias);
    this.#last = topic;
    return alias;
  }

  /** A new one, or that of the topic not used for longest; 0: all are in use. */
  #next(): number {
    if (this.#aliases.size < this.#maximum) return this.#aliases.size + 1;
    const [oldest, alias] = this.#aliases.entries().next().value!;
    if (this.#uses - this.#usedAt[alias]! < this.#patience) return 0;
    this.#aliases.delete(oldest);
    return alias;
  }
}
