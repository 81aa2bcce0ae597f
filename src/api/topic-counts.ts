/** Counts messages per topic for one watcher, up to a limit; what is new since the last look. */
import type { GatewayView, MessageView, TopicView } from './contract.js';

/** Topics counted per watcher; messages of further topics are not counted. */
const MAX_TOPICS = 20_000;

export class TopicCounts implements Disposable {
  readonly #topics = new Map<string, { retained: boolean; messages: number; at: number | null }>();
  readonly #changed = new Set<string>();
  readonly #tail: Disposable;

  constructor(view: GatewayView, filter: string) {
    for (const { topic, at } of view.retained(filter)) this.#add(topic, { retained: true, messages: 0, at });
    // The tail begins with the retained messages, which are in already.
    this.#tail = view.tail(filter, (message) => {
      if (!message.stored) this.#count(message);
    });
  }

  #add(topic: string, entry: { retained: boolean; messages: number; at: number | null }): void {
    if (this.#topics.size >= MAX_TOPICS) return;
    this.#topics.set(topic, entry);
    this.#changed.add(topic);
  }

  #count(message: MessageView): void {
    const { topic, at, retain, bytes } = message;
    const entry = this.#topics.get(topic);
    if (entry === undefined) {
      this.#add(topic, { retained: retain && bytes > 0, messages: 1, at });
      return;
    }
    entry.messages++;
    entry.at = at;
    // An empty retained message clears the retained one [MQTT-3.3.1-6].
    if (retain) entry.retained = bytes > 0;
    this.#changed.add(topic);
  }

  *all(): Iterable<TopicView> {
    for (const [topic, entry] of this.#topics) yield { topic, ...entry };
  }

  /** What changed since the last call. */
  takeChanged(): readonly TopicView[] {
    const changed = [...this.#changed].map((topic) => ({ topic, ...this.#topics.get(topic)! }));
    this.#changed.clear();
    return changed;
  }

  [Symbol.dispose](): void {
    this.#tail[Symbol.dispose]();
  }
}
