/** What publishers were told and what subscribers got, and what follows: lost, duplicated, out of order. */
import type { QoS } from '../../src/core/message.js';

export interface Verdict {
  /** Acknowledged messages that a subscriber never got. */
  readonly lost: number;
  /** Of QoS 2, more than once at a subscriber of QoS 2. */
  readonly duplicated: number;
  /** First copies that came after a later message of their topic. */
  readonly disordered: number;
  /** Nobody sent them. */
  readonly foreign: number;
  /** Later than their Message Expiry Interval allows. */
  readonly expired: number;
  readonly acknowledged: number;
  readonly received: number;
  readonly repeated: number;
  readonly examples: readonly string[];
}

/** A first copy of a message that came after a later one of its topic. */
export interface Disorder {
  readonly name: string;
  readonly later: string;
}

interface Got {
  readonly copies: Map<string, number>;
  /** How many of them are acknowledged. */
  acknowledged: number;
  readonly lastOfTopic: Map<string, number>;
  readonly disorders: Disorder[];
}

/** Messages are named `topic number`. */
export class Witness {
  readonly #sent = new Map<string, number>();
  readonly #acknowledged = new Map<string, QoS>();
  readonly #got = new Map<string, Got>();
  readonly #examples: string[] = [];
  #disordered = 0;
  #foreign = 0;
  #expired = 0;
  #received = 0;

  /** Its lifetime begins anew whenever it is sent. */
  sent(topic: string, number: number): void {
    this.#sent.set(`${topic} ${number}`, performance.now());
  }

  acknowledged(topic: string, number: number, qos: QoS): void {
    const name = `${topic} ${number}`;
    if (!this.#acknowledged.has(name))
      for (const got of this.#got.values()) if (got.copies.has(name)) got.acknowledged++;
    this.#acknowledged.set(name, qos);
  }

  /** @param lifetime - ms after it was sent in which it may come */
  received(subscriber: string, topic: string, number: number, lifetime = Number.POSITIVE_INFINITY): void {
    this.#received++;
    const name = `${topic} ${number}`;
    const sentAt = this.#sent.get(name);
    if (sentAt === undefined) {
      this.#foreign++;
      this.#say(`${subscriber} got ${name}, which nobody sent`);
      return;
    }
    if (performance.now() - sentAt > lifetime) {
      this.#expired++;
      this.#say(`${subscriber} got ${name} ${Math.round(performance.now() - sentAt)} ms after it was sent`);
    }
    const got = this.#of(subscriber);
    const { copies, lastOfTopic, disorders } = got;
    const before = copies.get(name) ?? 0;
    copies.set(name, before + 1);
    if (before > 0) return;
    if (this.#acknowledged.has(name)) got.acknowledged++;
    const last = lastOfTopic.get(topic) ?? 0;
    if (number < last) {
      this.#disordered++;
      disorders.push({ name, later: `${topic} ${last}` });
      this.#say(`${subscriber} got ${name} after ${last}`);
    } else lastOfTopic.set(topic, number);
  }

  /** How many acknowledged messages these subscribers have not got yet. Counted as they come: it is asked often, and there may be millions. */
  missing(subscribers: readonly string[]): number {
    return subscribers.reduce((sum, one) => sum + this.#acknowledged.size - this.#of(one).acknowledged, 0);
  }

  /** Names of acknowledged messages that this subscriber never got. */
  lost(subscriber: string): readonly string[] {
    const { copies } = this.#of(subscriber);
    return [...this.#acknowledged.keys()].filter((name) => !copies.has(name));
  }

  disorders(subscriber: string): readonly Disorder[] {
    return this.#of(subscriber).disorders;
  }

  /** Names of acknowledged messages of QoS 2 that this subscriber got more than once. */
  duplicated(subscriber: string): readonly string[] {
    const { copies } = this.#of(subscriber);
    return [...this.#acknowledged].flatMap(([name, qos]) => (qos === 2 && (copies.get(name) ?? 0) > 1 ? [name] : []));
  }

  /**
   * @param subscribers - who must have got everything
   * @param exactly - those of them that subscribe with QoS 2
   */
  verdict(subscribers: readonly string[], exactly: readonly string[]): Verdict {
    let lost = 0;
    let duplicated = 0;
    let repeated = 0;
    for (const subscriber of subscribers) {
      const { copies } = this.#of(subscriber);
      for (const [name, qos] of this.#acknowledged) {
        const count = copies.get(name) ?? 0;
        if (count === 0) {
          lost++;
          this.#say(`${subscriber} never got ${name} (QoS ${qos})`);
        } else repeated += count - 1;
        if (qos === 2 && count > 1 && exactly.includes(subscriber)) {
          duplicated++;
          this.#say(`${subscriber} got ${name} ${count} times`);
        }
      }
    }
    return {
      lost,
      duplicated,
      repeated,
      disordered: this.#disordered,
      foreign: this.#foreign,
      expired: this.#expired,
      acknowledged: this.#acknowledged.size,
      received: this.#received,
      examples: this.#examples,
    };
  }

  #of(subscriber: string): Got {
    let got = this.#got.get(subscriber);
    if (got === undefined) {
      got = { copies: new Map(), acknowledged: 0, lastOfTopic: new Map(), disorders: [] };
      this.#got.set(subscriber, got);
    }
    return got;
  }

  #say(text: string): void {
    if (this.#examples.length < 20) this.#examples.push(text);
  }
}
