/** The retained messages that follow after each connect, once the backlog is gone: each with its value of that moment, once. */
import type { Message, Origin } from '../../core/message.js';
import type { Router } from '../../core/router.js';
import type { LoopGuard } from '../loops.js';

export class Replay {
  readonly #router: Router;
  /** What came from the far side does not go back. */
  readonly #origin: Origin;
  readonly #loops: Pick<LoopGuard, 'replays' | 'replayed' | 'cleared'>;
  /** What cleared topics, for peers. */
  #cleared: Message[] = [];
  /** Local topics; from the end. */
  #topics: string[] = [];
  /** Went out on this connection while the replay lasts. */
  #fresh = new WeakSet<Message>();

  constructor(router: Router, origin: Origin, loops: Pick<LoopGuard, 'replays' | 'replayed' | 'cleared'>) {
    this.#router = router;
    this.#origin = origin;
    this.#loops = loops;
  }

  begin(filters: Iterable<string>): void {
    if (!this.#loops.replays) return;
    const topics = new Set<string>();
    const cleared = new Set<Message>();
    for (const filter of filters) {
      for (const message of this.#loops.cleared(filter)) cleared.add(message);
      for (const message of this.#router.retained(filter)) {
        if (message.origin !== this.#origin) topics.add(message.topic);
      }
    }
    this.#topics = [...topics].reverse();
    this.#cleared = [...cleared];
    this.#fresh = new WeakSet();
  }

  end(): void {
    this.#topics = [];
    this.#cleared = [];
  }

  get isOver(): boolean {
    return this.#topics.length === 0 && this.#cleared.length === 0;
  }

  /** A live message goes out: it needs no replay. */
  accepted(message: Message): void {
    if (this.#topics.length > 0 && message.retain) this.#fresh.add(message);
  }

  /** The messages of the next topic; none: its value went out already, or there is none any more. */
  *next(): Iterable<Message> {
    const topic = this.#topics.pop();
    if (topic === undefined) {
      yield* this.#cleared.splice(0, 1);
      return;
    }
    for (const message of this.#router.retained(topic)) {
      if (message.origin !== this.#origin && !this.#fresh.has(message)) {
        yield this.#loops.replayed(message);
      }
    }
  }
}
