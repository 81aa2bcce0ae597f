/**
 * Functions at the door of a link.
 *
 *   router ─▶ OutDoor ─▶ outbox        far side ─▶ InDoor ─▶ router
 *
 * What leaves goes through them before it waits, so that no disk and no far side ever has the message as it was; what comes
 * goes through them before it is published here. What the gateway says of itself passes.
 */
import type { Transform } from '../core/function.js';
import type { Message } from '../core/message.js';
import { stampOf } from '../core/stamp.js';
import { Transforming } from '../core/transforming.js';

/** Messages that functions have of one door: what comes then is dropped, or waits with who brings it. */
const MAX_WAITING = 1_000;

export class OutDoor {
  readonly #transforming: Transforming;
  readonly #take: (output: Message, message: Message) => boolean;
  readonly #onFull: () => void;
  /** What functions still have. */
  readonly #late = new Set<Promise<boolean>>();
  #isClosed = false;

  /**
   * @param take - into the outbox, what came of a message; false: something was dropped
   * @param onFull - a message was dropped before functions
   */
  constructor(
    transform: Transform,
    take: (output: Message, message: Message) => boolean,
    onFull: () => void = () => {},
  ) {
    this.#transforming = new Transforming(transform);
    this.#take = take;
    this.#onFull = onFull;
  }

  /** @returns as `take` does; a promise where a function waits */
  accept(message: Message): boolean | Promise<boolean> {
    if (!isForDoor(this.#transforming, message)) return this.#take(message, message);
    if (this.#transforming.waiting >= MAX_WAITING) {
      this.#onFull();
      return false;
    }
    let isTaken = true;
    const given = this.#transforming.apply(message, (outputs) => {
      for (const output of this.#isClosed ? [] : stamped(message, outputs)) {
        if (!this.#take(output, message)) isTaken = false;
      }
    });
    if (given === undefined) return isTaken;
    const late = given.then(
      () => isTaken && !this.#isClosed,
      () => false,
    );
    this.#late.add(late);
    void late.then(() => this.#late.delete(late));
    return late;
  }

  /** Resolves when functions have nothing more. */
  async settled(): Promise<void> {
    await Promise.all(this.#late);
  }

  /** What comes from functions now comes too late. */
  close(): void {
    this.#isClosed = true;
  }
}

export class InDoor {
  readonly #transforming: Transforming;
  /** What came before, while a function has some of it. */
  #last: Promise<unknown> | undefined;
  #waiting = 0;

  constructor(transform: Transform) {
    this.#transforming = new Transforming(transform);
  }

  /** As much as may be waits here: what nobody would send again is better dropped. */
  get isFull(): boolean {
    return this.#waiting >= MAX_WAITING;
  }

  /** @returns what is to be published of what came, all in one turn; a promise where it, or what came before, waits */
  pass(messages: readonly Message[]): readonly Message[] | Promise<readonly Message[]> {
    const parts: (readonly Message[])[] = [];
    const waits: Promise<void>[] = [];
    for (const [index, message] of messages.entries()) {
      parts.push([message]);
      if (!isForDoor(this.#transforming, message)) continue;
      const given = this.#transforming.apply(message, (outputs) => {
        parts[index] = stamped(message, outputs);
      });
      if (given !== undefined) waits.push(given);
    }
    if (waits.length === 0 && this.#last === undefined) return parts.flat();
    const all = Promise.all([...waits, this.#last]).then(() => parts.flat());
    const last = all.catch(() => {});
    this.#last = last;
    this.#waiting++;
    void last.then(() => {
      this.#waiting--;
      if (this.#last === last) this.#last = undefined;
    });
    return all;
  }
}

function isForDoor(transforming: Transforming, { topic, origin }: Message): boolean {
  return !origin.startsWith('gateway:') && transforming.concerns(topic);
}

/** What came of a message is known in the mesh as what it came of is. */
function stamped(message: Message, outputs: readonly Message[]): readonly Message[] {
  const { topic, stamp } = message;
  return outputs.map((output, index) => {
    if (output === message) return output;
    output.stamp = stampOf(topic, stamp, output.topic, index);
    return output;
  });
}
