/** Collects messages for routes with `batch`: see {@link Batcher}. */
import { GatewayError } from '../core/errors.js';
import type { Message, QoS } from '../core/message.js';
import { encodeBatch, expiryOf } from './encode.js';
import type { Batch, Batcher, Target } from './route-types.js';

/** Beyond one of them the oldest batch leaves although it could wait. */
export interface BatcherLimits {
  readonly messages: number;
  readonly bytes: number;
}

const LIMITS: BatcherLimits = { messages: 10_000, bytes: 8_000_000 };

interface Group<D> {
  readonly key: string;
  readonly target: Target;
  readonly elements: Buffer[];
  readonly deliveries: D[];
  /** With what stands between the elements. */
  bytes: number;
  qos: QoS;
  expiresAt: number;
  /** Monotonic ms. */
  readonly dueAt: number;
}

/** Between two elements, and at the ends of all. */
const SEPARATOR_BYTES = 1;
const END_BYTES = 2;

export class MessageBatcher<D> implements Batcher<D> {
  readonly #limits: BatcherLimits;
  /** By form and topic. Oldest first. */
  readonly #open = new Map<string, Group<D>>();
  /** Full ones, in order; from `#first` on. */
  #full: Group<D>[] = [];
  #size = 0;
  #bytes = 0;
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(limits: BatcherLimits = LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  get dueAt(): number {
    return this.#full.length > 0 || this.#isOver ? Number.NEGATIVE_INFINITY : this.#dueAt;
  }

  get #isOver(): boolean {
    return this.#size > this.#limits.messages || this.#bytes > this.#limits.bytes;
  }

  add(target: Target, message: Message, delivery: D, now: number): GatewayError | undefined {
    const { encoder, batch, form } = target.route;
    if (encoder === undefined || batch === undefined) throw new RangeError('the route has no batches');
    const element = encoder.element(message);
    if (element instanceof GatewayError) return element;
    const key = `${form} ${target.topic}`;
    const bytes = element.length + SEPARATOR_BYTES;
    let group = this.#open.get(key);
    if (group !== undefined && group.bytes + bytes > batch.maxBytes) {
      this.#close(group);
      group = undefined;
    }
    if (group === undefined) {
      const dueAt = now + batch.maxDelay;
      group = { key, target, elements: [], deliveries: [], bytes: END_BYTES, qos: 0, expiresAt: 0, dueAt };
      this.#open.set(key, group);
      this.#dueAt = Math.min(this.#dueAt, dueAt);
    }
    group.elements.push(element);
    group.deliveries.push(delivery);
    group.bytes += bytes;
    group.qos = Math.max(group.qos, message.qos) as QoS;
    group.expiresAt = Math.max(group.expiresAt, expiryOf(target.route, message));
    this.#size++;
    this.#bytes += bytes;
    if (group.elements.length >= batch.maxMessages || group.bytes >= batch.maxBytes) this.#close(group);
    return undefined;
  }

  next(now: number, all = false): Batch<D> | undefined {
    const group = this.#full.shift() ?? this.#due(now, all);
    if (group === undefined) return undefined;
    this.#size -= group.elements.length;
    this.#bytes -= group.bytes - END_BYTES;
    return batchOf(group);
  }

  clear(): void {
    this.#open.clear();
    this.#full = [];
    this.#size = 0;
    this.#bytes = 0;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  #due(now: number, all: boolean): Group<D> | undefined {
    if (!all && !this.#isOver && this.#dueAt > now) return undefined;
    let due: Group<D> | undefined;
    for (const group of this.#open.values()) if (due === undefined || group.dueAt < due.dueAt) due = group;
    if (due !== undefined) this.#take(due);
    return due;
  }

  #close(group: Group<D>): void {
    this.#take(group);
    this.#full.push(group);
  }

  #take(group: Group<D>): void {
    this.#open.delete(group.key);
    if (group.dueAt > this.#dueAt) return;
    this.#dueAt = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#open.values()) this.#dueAt = Math.min(this.#dueAt, dueAt);
  }
}

function batchOf<D>({
  target,
  elements,
  deliveries,
  qos,
  expiresAt,
}: Omit<Group<D>, 'key' | 'bytes' | 'dueAt'>): Batch<D> {
  return { target, elements, deliveries, qos, expiresAt, encoded: encodeBatch(target, { elements, qos, expiresAt }) };
}

/** Two batches, in order, for a far side that takes only smaller packets; undefined: there is one message in it. */
export function halve<D>(batch: Batch<D>): readonly [Batch<D>, Batch<D>] | undefined {
  const middle = Math.ceil(batch.elements.length / 2);
  if (middle === batch.elements.length) return undefined;
  const part = (from: number, to?: number) =>
    batchOf({ ...batch, elements: batch.elements.slice(from, to), deliveries: batch.deliveries.slice(from, to) });
  return [part(0, middle), part(middle)];
}
