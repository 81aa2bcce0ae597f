/**
 * Shared Subscriptions (MQTT 5.0 §4.8.2): of each message one copy for the group, to the member that can take it best.
 *
 *   ready in turn ─▶ connected, shortest queue ─▶ absent, shortest queue ─▶ full (drops its oldest)
 *
 * A member that goes leaves what it has not delivered to the others: what waits in its queue, and QoS 1 not acknowledged.
 * QoS 2 in flight is never given to another [MQTT-4.8.2-4] [MQTT-4.8.2-5], nor is what a member refused [MQTT-4.8.2-6].
 */
import type { Message } from '../core/message.js';
import { ABSENT, type Share, type Sink, type Subscription } from '../core/router.js';
import { Ledger } from './ledger.js';
import { plainFilter } from './shared-filter.js';

export interface Member {
  readonly sink: Sink;
  subscription: Subscription;
}

/** none: no member may have it, or could keep it. */
export type Outcome = 'taken' | 'dropped' | 'none';

export class SharedSubscription implements Share {
  readonly name: string;
  /** What messages have to match: the name without `$share/{ShareName}/`. */
  readonly filter: string;
  readonly #members: Member[] = [];
  readonly #ledger: Ledger;
  /** Whose turn it is. */
  #next = 0;

  constructor(name: string, ledger = new Ledger()) {
    this.name = name;
    this.#ledger = ledger;
    this.filter = plainFilter(name);
  }

  get size(): number {
    return this.#members.length;
  }

  get sinks(): readonly Sink[] {
    return this.#members.map(({ sink }) => sink);
  }

  /** Whether a message of it may lie in the store. */
  get isDurable(): boolean {
    return this.#members.some(({ sink }) => sink.durable);
  }

  add(member: Member): void {
    this.#members.push(member);
  }

  remove(member: Member): void {
    const at = this.#members.indexOf(member);
    if (at < 0) return;
    this.#members.splice(at, 1);
    if (at < this.#next) this.#next--;
  }

  deliver(message: Message): Outcome {
    return this.#give(message, this.#choose(message, undefined, Number.POSITIVE_INFINITY));
  }

  /** @see Share.pass */
  pass(message: Message, from: Sink, to: 'connected' | 'any'): boolean {
    const limit = to === 'connected' ? ABSENT : Number.POSITIVE_INFINITY;
    return this.#give(message, this.#choose(message, from, limit)) !== 'none';
  }

  /** A member is there to take messages: those who are not give it theirs. */
  arrived(sink: Sink): void {
    if (this.#members.length < 2) return;
    for (const other of [...this.#members]) if (other.sink !== sink) other.sink.passOn?.(this);
  }

  /** @param limit - of the backlog, exclusive */
  #choose(message: Message, except: Sink | undefined, limit: number): Member | undefined {
    const members = this.#members;
    let best = -1;
    let shortest = limit;
    for (let i = 0; i < members.length && shortest > 0; i++) {
      const at = (this.#next + i) % members.length;
      const { sink, subscription } = members[at]!;
      if (sink === except || sink.mayReceive?.(message.topic) === false) continue;
      const backlog = sink.backlog?.(Math.min(message.qos, subscription.qos)) ?? 0;
      if (backlog >= shortest) continue;
      shortest = backlog;
      best = at;
    }
    if (best < 0) return undefined;
    this.#next = (best + 1) % members.length;
    return members[best];
  }

  #give(message: Message, member: Member | undefined): Outcome {
    if (member === undefined) return 'none';
    const isTaken = member.sink.deliver(message, member.subscription) !== false;
    // Sessions keep their own books.
    if (member.sink.kind !== 'client') this.#ledger.hand(isTaken);
    return isTaken ? 'taken' : 'dropped';
  }
}
