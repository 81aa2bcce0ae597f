/** Functions that are plain JavaScript: at once, or when the test says so. */
import type { Transform } from '../../src/core/function.js';
import { createMessage, type Message } from '../../src/core/message.js';
import { topicMatches } from '../../src/core/topic.js';

export type Change = Partial<Pick<Message, 'topic' | 'qos' | 'retain'>> & { readonly payload?: string };

export interface Call {
  readonly message: Message;
  readonly answer: (outputs?: readonly Message[]) => void;
}

export class FakeTransform implements Transform {
  onChanged?: (() => void) | undefined;
  /** Payloads that it was given, with their topics. */
  readonly seen: string[] = [];
  /** Calls that wait for the test. */
  readonly calls: Call[] = [];
  isLate = false;
  #filter: string;
  #make: (message: Message) => readonly Message[];

  constructor(filter: string, make: (message: Message) => readonly Message[]) {
    this.#filter = filter;
    this.#make = make;
  }

  wants(topic: string): boolean {
    return topicMatches(this.#filter, topic);
  }

  apply(message: Message): readonly Message[] | Promise<readonly Message[]> {
    this.seen.push(`${message.topic} ${message.payload}`);
    if (!this.isLate) return this.#make(message);
    return new Promise((resolve) =>
      this.calls.push({ message, answer: (outputs = this.#make(message)) => resolve(outputs) }),
    );
  }

  /** From now on messages on these topics. */
  become(filter: string, make = this.#make): void {
    this.#filter = filter;
    this.#make = make;
    this.onChanged?.();
  }
}

/** Another message of the same, as a function makes it. */
export function changed(message: Message, change: Change): Message {
  const { topic, payload, qos, retain, properties, origin, receivedAt, expiresAt } = message;
  return createMessage({ topic, payload, qos, retain, properties, origin, receivedAt, expiresAt, ...change });
}

export const upper = (message: Message): Message[] => [
  changed(message, { payload: `${message.payload}`.toUpperCase() }),
];
