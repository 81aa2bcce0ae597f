/**
 * Functions in the path of messages.
 *
 *   message ─▶ first stage that wants it ─▶ its outputs ─▶ next stage that wants each ─▶ … ─▶ in its place
 *
 * Stages come in the order of the configuration. Where a stage waits, what follows on the same topic comes out behind it.
 */
import type { Clock } from '../core/clock.js';
import type { Direction, Transform } from '../core/function.js';
import { createMessage, type Message } from '../core/message.js';
import { type Filter, matches } from '../core/topic-filter.js';
import { type Chain, chainOf, extend, hasPassed, MAX_DEPTH, setChain } from './chain.js';
import type { DeadLetters } from './dead-letters.js';
import { Failure, type Outcome, wasUnasked } from './failure.js';
import type { MessageRecord } from './frame-reader.js';
import { expirySeconds, messageFrame } from './frame-writer.js';
import { outputsOf } from './outputs.js';
import type { Slot } from './slot.js';

export interface Stage {
  readonly slot: Slot;
  readonly filter: Filter;
  /** Only messages that go this way. */
  readonly direction: Direction | 'both';
  /** Of its function in the configuration. */
  readonly order: number;
}

export interface PipelineOptions {
  readonly stages: readonly Stage[];
  readonly clock: Clock;
  readonly deadLetters: DeadLetters;
  /** Which way messages go here; undefined: as their origin says. */
  readonly direction?: Direction;
}

type Messages = readonly Message[] | Promise<readonly Message[]>;

/** Topics whose stages are remembered. */
const MAX_KNOWN = 4_096;
const NOTHING: readonly Message[] = [];

export class Pipeline implements Transform {
  onChanged: (() => void) | undefined;
  readonly #o: PipelineOptions;
  #known = new Map<string, readonly Stage[]>();
  /** Topic → what comes out for its last message. */
  readonly #tails = new Map<string, Promise<unknown>>();

  constructor(options: PipelineOptions) {
    this.#o = options;
  }

  /** A function was paused, or is back. */
  changed(): void {
    this.#known = new Map();
    this.onChanged?.();
  }

  wants(topic: string): boolean {
    return this.#stagesOf(topic).length > 0;
  }

  apply(message: Message): Messages {
    const { topic } = message;
    const tail = this.#tails.get(topic);
    const made = message.origin.startsWith('gateway:') ? [message] : this.#run(message, -1, chainOf(message));
    if (tail === undefined && !(made instanceof Promise)) return made;
    const inOrder = tail === undefined ? Promise.resolve(made) : tail.then(() => made);
    this.#tails.set(topic, inOrder);
    void inOrder.then(() => {
      if (this.#tails.get(topic) === inOrder) this.#tails.delete(topic);
    });
    return inOrder;
  }

  #stagesOf(topic: string): readonly Stage[] {
    const known = this.#known.get(topic);
    if (known !== undefined) return known;
    const levels = topic.split('/');
    const found = this.#o.stages.filter(({ slot, filter }) => !slot.isPaused && matches(filter, levels));
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(topic, found);
    return found;
  }

  /** Through the stages behind `after`. */
  #run(message: Message, after: number, chain: Chain | undefined): Messages {
    const direction = this.#o.direction ?? (message.origin.startsWith('link:') ? 'downstream' : 'upstream');
    for (const stage of this.#stagesOf(message.topic)) {
      if (stage.order <= after || (stage.direction !== 'both' && stage.direction !== direction)) continue;
      if (!hasPassed(chain, stage.slot.name)) return this.#through(stage, message, chain, direction);
    }
    return [message];
  }

  #through(stage: Stage, message: Message, chain: Chain | undefined, direction: Direction): Messages {
    const { slot, order } = stage;
    const own = extend(chain, slot.name);
    if (own.depth > MAX_DEPTH) {
      const failure = slot.failed(new Failure('depth', `the message has been through ${MAX_DEPTH} functions`));
      return this.#without(slot, order, message, own, failure);
    }
    const outcome = ask(slot, message, own, direction === 'upstream' ? 0 : 1, this.#o.clock.now());
    return outcome instanceof Promise
      ? outcome.then((answer) => this.#outputs(slot, order, message, own, answer))
      : this.#outputs(slot, order, message, own, outcome);
  }

  #outputs(slot: Slot, order: number, message: Message, own: Chain, outcome: Outcome): Messages {
    if (outcome instanceof Failure) return this.#without(slot, order, message, own, outcome);
    const records = outputsOf(slot.config, outcome, message.topic);
    if (records instanceof Failure) return this.#without(slot, order, message, own, slot.failed(records));
    // One in the place of one costs nothing: who sends it is bounded already.
    const taken = within(slot, records, 1);
    slot.stats.messagesOut += taken.length;
    if (taken.length === 0) return NOTHING;
    if (taken.length === 1) return this.#run(toMessage(taken[0]!, message, own), order, own);
    const parts = taken.map((record) => this.#run(toMessage(record, message, own), order, own));
    return parts.some((part) => part instanceof Promise)
      ? Promise.all(parts).then((all) => all.flat())
      : (parts as (readonly Message[])[]).flat();
  }

  /** What becomes of a message without an answer. */
  #without(slot: Slot, order: number, message: Message, own: Chain, failure: Failure): Messages {
    if (failure.cause === 'paused') return this.#run(message, order, own);
    switch (slot.config.onError) {
      case 'pass':
        slot.stats.passed++;
        return this.#run(message, order, own);
      case 'drop':
        slot.stats.dropped++;
        return NOTHING;
      case 'dead-letter': {
        const stored = this.#o.deadLetters.add(slot, message, failure, own);
        const nothing = () => NOTHING;
        return stored === undefined ? NOTHING : stored.then(nothing, nothing);
      }
    }
  }
}

/** Asks on_message, with the payload before on this topic. */
export function ask(
  slot: Slot,
  message: Message,
  chain: Chain,
  direction: 0 | 1 | 2,
  now: number,
): Outcome | Promise<Outcome> {
  const { topic, payload } = message;
  const outcome = slot.call('on_message', messageFrame(message, slot.previous.get(topic), direction, now), chain);
  const wasAsked = !(outcome instanceof Failure) || !wasUnasked(outcome);
  if (wasAsked) slot.previous.set(topic, payload);
  return outcome;
}

/** So many of them as the rate of the function allows. @param free - that cost nothing */
export function within(slot: Slot, records: readonly MessageRecord[], free: number): readonly MessageRecord[] {
  if (records.length <= free) return records;
  let count = free;
  while (count < records.length && slot.rate.take()) count++;
  if (count === records.length) return records;
  slot.stats.rateLimited += records.length - count;
  slot.lines.add(2, `${records.length - count} messages were dropped: more than limits.rate`);
  return records.slice(0, count);
}

/** In the place of another message. */
function toMessage(record: MessageRecord, of: Message, chain: Chain): Message {
  const { expiry } = record;
  const isSame =
    expiry !== undefined &&
    of.expiresAt !== Number.POSITIVE_INFINITY &&
    expiry === expirySeconds(of.expiresAt, of.receivedAt);
  const message = createMessage({
    topic: record.topic,
    payload: record.payload,
    qos: record.qos,
    retain: record.retain,
    properties: record.properties,
    origin: of.origin,
    receivedAt: of.receivedAt,
    expiresAt: isSame ? of.expiresAt : expiry === undefined ? Number.POSITIVE_INFINITY : of.receivedAt + expiry * 1_000,
    stamp: of.stamp,
  });
  setChain(message, chain);
  return message;
}
