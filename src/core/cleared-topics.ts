/** Topics whose retained message was cleared, with what cleared them: so that it does not come back from somebody who was away. */
import type { Message } from './message.js';
import { decodeMessageRecord, encodeMessageRecord } from './message-record.js';
import type { StoredTable } from './store.js';
import { topicMatches } from './topic.js';

/** Remembered; those that had no value here go first, and of these the one cleared longest ago. */
const MAX_CLEARED = 10_000;

export class ClearedTopics {
  readonly #table: StoredTable | undefined;
  /** Topic → the message that cleared it, longest ago first. */
  readonly #cleared = new Map<string, Message>();
  /** Of these, topics that had no value here since the start, longest ago first. */
  readonly #idle = new Set<string>();

  /** @param table - where they survive */
  constructor(table: StoredTable | undefined) {
    this.#table = table;
    const found: Message[] = [];
    for (const [topic, bytes] of table?.entries() ?? []) {
      const message = decodeMessageRecord(bytes);
      if (message?.stamp === undefined) table?.delete(topic);
      else found.push(message);
    }
    for (const message of found.sort((a, b) => a.stamp!.at - b.stamp!.at)) this.#cleared.set(message.topic, message);
  }

  get size(): number {
    return this.#cleared.size;
  }

  get(topic: string): Message | undefined {
    return this.#cleared.get(topic);
  }

  /** Of a filter. */
  of(filter: string): readonly Message[] {
    return [...this.#cleared.values()].filter(({ topic }) => topicMatches(filter, topic));
  }

  /**
   * A retained message was set or cleared.
   *
   * @param hadValue - something was retained on the topic
   */
  changed(message: Message, hadValue: boolean): void {
    const { topic, payload, stamp } = message;
    const isKnown = this.#cleared.delete(topic);
    const wasIdle = this.#idle.delete(topic);
    if (payload.length > 0 || stamp === undefined) {
      if (isKnown) this.#table?.delete(topic);
      return;
    }
    const cleared = { ...message, properties: undefined };
    this.#cleared.set(topic, cleared);
    if (!hadValue && (wasIdle || !isKnown)) this.#idle.add(topic);
    this.#table?.set(topic, encodeMessageRecord(cleared), false);
    if (this.#cleared.size > MAX_CLEARED) this.#forget();
  }

  #forget(): void {
    for (const oldest of this.#idle.size > 0 ? this.#idle : this.#cleared.keys()) {
      this.#cleared.delete(oldest);
      this.#idle.delete(oldest);
      this.#table?.delete(oldest);
      break;
    }
  }
}
