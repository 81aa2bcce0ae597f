/**
 * Functions in the path of messages: what comes of a message goes on in its place. Of the router, and of the doors of links.
 *
 *   message ─▶ apply ─┬─ at once ─────────▶ give(outputs)
 *                     └─ promise ┄▶ … ┄┄┄▶ give(outputs)    in the order of the topic
 *
 * Rules: `$SYS` is never given to a function; a message does not overtake one of its topic that a function still has,
 * whatever has become of the function meanwhile; what a topic is to functions is looked up once.
 */
import type { Transform } from './function.js';
import type { Message } from './message.js';

/** Topics whose answer is kept. */
const MAX_KNOWN = 16_384;

/** @param isLate - not in the turn in which the message was published */
export type Give = (outputs: readonly Message[], isLate: boolean) => void | Promise<void>;

export class Transforming {
  readonly #transform: Transform;
  readonly #onChanged: () => void;
  readonly #known = new Map<string, boolean>();
  /** Topic → its last message that a function still has. */
  readonly #late = new Map<string, Promise<void>>();
  #waiting = 0;
  #hasChanged = false;

  /** @param onChanged - {@link concerns} may answer otherwise for any topic */
  constructor(transform: Transform, onChanged: () => void = () => {}) {
    this.#transform = transform;
    this.#onChanged = onChanged;
    transform.onChanged = () => {
      this.#known.clear();
      this.#hasChanged = this.#late.size > 0;
      onChanged();
    };
  }

  /** Messages that functions still have. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Messages on this topic are for {@link apply}, if they are {@link isOfPath}. */
  concerns(topic: string): boolean {
    return this.#wants(topic) || this.#late.has(topic);
  }

  /**
   * Calls `give` with what takes the place of the message.
   *
   * @returns what `give` returns; a promise where it is called later
   */
  apply(message: Message, give: Give): void | Promise<void> {
    const { topic } = message;
    const before = this.#late.get(topic);
    const made = this.#wants(topic) ? this.#transform.apply(message) : [message];
    if (before === undefined && !(made instanceof Promise)) return give(made, false);
    const given =
      before === undefined ? made : Promise.all([made, before.catch(() => {})]).then(([outputs]) => outputs);
    return this.#wait(topic, Promise.resolve(given), give);
  }

  #wait(topic: string, given: Promise<readonly Message[]>, give: Give): Promise<void> {
    this.#waiting++;
    // What is given on waits for nothing of the next message: the order is that of `give`, not that of the disk.
    let stored: void | Promise<void>;
    const late = given.then((outputs) => {
      stored = give(outputs, true);
    });
    this.#late.set(topic, late);
    const done = () => {
      this.#waiting--;
      if (this.#late.get(topic) === late) this.#late.delete(topic);
      if (!this.#hasChanged || this.#late.size > 0) return;
      this.#hasChanged = false;
      this.#onChanged();
    };
    late.then(done, done);
    return late.then(() => stored);
  }

  #wants(topic: string): boolean {
    const known = this.#known.get(topic);
    if (known !== undefined) return known;
    const wants = !topic.startsWith('$SYS/') && this.#transform.wants(topic);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(topic, wants);
    return wants;
  }
}

/** Clients, devices and links; the gateway speaks for itself, and functions have spoken already. */
export function isOfPath({ origin }: Message): boolean {
  return !origin.startsWith('gateway:') && !origin.startsWith('function:');
}
