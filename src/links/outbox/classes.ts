/** What of a queue has which priority, and how far each has been read and sent. */
import type { LabelFilter } from '../../core/store.js';
import { PRIORITY_MASK } from './item.js';
import { Marks } from './marks.js';

/** Messages of one priority. */
export interface Class {
  readonly priority: number;
  messages: number;
  /** Of the last that was appended. */
  lastSequence: number;
  /** All up to here are in memory, in flight, gone, or set aside. */
  readTo: number;
  /** In order: all up to here were sent, are gone, or set aside. */
  sentTo: number;
}

export class Classes {
  readonly #classes: Class[] = [];
  readonly #marks = new Marks((sequence, priority) => sequence <= (this.#classes[priority]?.sentTo ?? 0));

  of(priority: number): Class {
    let found = this.#classes[priority];
    if (found === undefined) {
      found = { priority, messages: 0, lastSequence: 0, readTo: 0, sentTo: 0 };
      this.#classes[priority] = found;
    }
    return found;
  }

  /** Those with messages, the least important first. */
  present(): readonly Class[] {
    return this.#classes.filter((one) => one !== undefined && one.messages > 0);
  }

  /** The most important of which something is on disk only. */
  get toRead(): Class | undefined {
    for (let i = this.#classes.length - 1; i >= 0; i--) {
      const one = this.#classes[i];
      if (one !== undefined && one.messages > 0 && one.readTo < one.lastSequence) return one;
    }
    return undefined;
  }

  /** undefined: there is no other. */
  filterOf({ priority }: Class): LabelFilter | undefined {
    return this.present().length < 2 ? undefined : { mask: PRIORITY_MASK, value: priority };
  }

  /** A message that goes in the order of the queue. */
  mark(slot: number, priority: number, sequence: number): void {
    this.#marks.set(slot, sequence, priority);
  }

  /** Nothing of the slot waits in the order of the queue. */
  isFree(slot: number): boolean {
    return this.#marks.get(slot) === undefined;
  }

  /** A message must not overtake another of its topic because a route has got another priority meanwhile. */
  priorityFor(slot: number, priority: number): number {
    return this.#marks.get(slot) ?? priority;
  }

  /** Nothing waits, nor is in flight. */
  clear(): void {
    this.#marks.clear();
  }

  /** Everything is read anew. */
  rewind(): void {
    for (const one of this.#classes) {
      if (one === undefined) continue;
      one.readTo = 0;
      one.sentTo = 0;
    }
  }
}
