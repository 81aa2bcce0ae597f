/**
 * The loss record: what was accepted at QoS 1 or 2 and will never arrive upstream, by reason. Counted in the same commit that
 * removes the messages, published as `hpmq/<gateway>/$loss/<link>` until the far side has it:
 *
 *   lose ─▶ open ─▶ sending (fixed, numbered) ─▶ acknowledged
 *
 * A record that is being sent does not change any more, also across restarts: who gets it twice knows it by its number, and
 * the sum of `count` over all numbers is what is missing. A message of QoS 1 that was on its way when the gateway ended, and is
 * taken by a limit afterwards, may have arrived: it is counted.
 */
import type { Store, StoredTable } from '../../core/store.js';
import { topicMatches } from '../../core/topic.js';

/** Topic Filters in one record. */
const MAX_FILTERS = 5;
const SEPARATOR = '\0';

/** As it is published. */
export interface LossRecord {
  /** Of this link, since it was first configured; the same record has the same number. */
  readonly number: number;
  readonly reason: string;
  /** Messages. */
  readonly count: number;
  /** When the first and the last of them were accepted, ISO 8601. */
  readonly from: string;
  readonly to: string;
  /** Topic Filters that together match the local topics of all of them. */
  readonly topics: readonly string[];
}

/** Unix ms in place of texts. */
interface Open {
  count: number;
  from: number;
  to: number;
  topics: string[];
}

interface Reason {
  open: Open | undefined;
  sending: LossRecord | undefined;
  /** What is on disk says so, too. */
  isKept: boolean;
  /** Since the link was first configured. */
  total: number;
}

export class Losses {
  readonly #store: Pick<Store, 'commit'> | undefined;
  readonly #table: StoredTable | undefined;
  readonly #prefix: string;
  readonly #reasons = new Map<string, Reason>();
  #lastNumber = 0;
  /** {@link next} has something now. */
  onReady: (() => void) | undefined;

  /** @param kept - undefined: forgotten with the process */
  constructor(link: string, kept: { readonly store: Pick<Store, 'commit'>; readonly table: StoredTable } | undefined) {
    const table = kept?.table;
    this.#store = kept?.store;
    this.#table = table;
    this.#prefix = `${link}${SEPARATOR}loss${SEPARATOR}`;
    for (const [key, value] of table?.entries() ?? []) {
      if (!key.startsWith(this.#prefix)) continue;
      const found = JSON.parse(value.toString()) as Reason & { number?: number };
      this.#lastNumber = Math.max(this.#lastNumber, found.number ?? 0);
      this.#reasons.set(key.slice(this.#prefix.length), {
        open: found.open,
        sending: found.sending,
        isKept: true,
        total: found.total,
      });
    }
  }

  /** Since the link was first configured, by reason. */
  totals(): Readonly<Record<string, number>> {
    return Object.fromEntries(Array.from(this.#reasons, ([reason, { total }]) => [reason, total]));
  }

  /** Messages of which the far side has no record yet. */
  get unreported(): number {
    let sum = 0;
    for (const { open, sending } of this.#reasons.values()) sum += (open?.count ?? 0) + (sending?.count ?? 0);
    return sum;
  }

  /** Of one message. Said in the same turn in which the message is settled. */
  lose(reason: string, topic: string, receivedAt: number): void {
    let known = this.#reasons.get(reason);
    if (known === undefined) {
      known = { open: undefined, sending: undefined, isKept: true, total: 0 };
      this.#reasons.set(reason, known);
    }
    known.total++;
    known.open ??= { count: 0, from: receivedAt, to: receivedAt, topics: [] };
    const { open } = known;
    open.count++;
    open.from = Math.min(open.from, receivedAt);
    open.to = Math.max(open.to, receivedAt);
    addTopic(open.topics, topic);
    this.#save(reason, known);
  }

  /** The next record to publish; the same until it is {@link acknowledged}. undefined: nothing is to be said now. */
  next(): LossRecord | undefined {
    for (const known of this.#reasons.values()) {
      if (known.sending === undefined) continue;
      if (known.isKept) return known.sending;
      this.#keep(known);
      return known.isKept ? known.sending : undefined;
    }
    for (const [reason, known] of this.#reasons) {
      if (known.open === undefined) continue;
      const { count, from, to, topics } = known.open;
      const number = ++this.#lastNumber;
      known.sending = { number, reason, count, from: text(from), to: text(to), topics };
      known.open = undefined;
      known.isKept = false;
      this.#save(reason, known);
      this.#keep(known);
      return known.isKept ? known.sending : undefined;
    }
    return undefined;
  }

  acknowledged({ reason, number }: LossRecord): void {
    const known = this.#reasons.get(reason);
    if (known?.sending?.number !== number) return;
    known.sending = undefined;
    this.#save(reason, known);
  }

  /** The link is forgotten. */
  forget(): void {
    for (const reason of this.#reasons.keys()) this.#table?.delete(this.#prefix + reason);
    this.#reasons.clear();
  }

  /** A number that was seen upstream must not come again with another count. */
  #keep(known: Reason): void {
    const committed = this.#store?.commit();
    if (committed === undefined) {
      known.isKept = true;
      return;
    }
    committed.then(
      () => {
        known.isKept = true;
        this.onReady?.();
      },
      // With the next that is asked for.
      () => {},
    );
  }

  #save(reason: string, known: Reason): void {
    if (this.#table === undefined) return;
    const value = Buffer.from(JSON.stringify({ ...known, isKept: undefined, number: this.#lastNumber }));
    this.#table.set(this.#prefix + reason, value, false);
  }
}

function text(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

/** Keeps the filters few: a topic that is not covered by one widens the filter that is nearest to it. */
export function addTopic(filters: string[], topic: string): void {
  if (filters.some((filter) => topicMatches(filter, topic))) return;
  if (filters.length < MAX_FILTERS) {
    filters.push(topic);
    return;
  }
  const levels = topic.split('/');
  let best = 0;
  let shared = -1;
  for (const [index, filter] of filters.entries()) {
    const common = commonLevels(filter.split('/'), levels);
    if (common > shared) {
      shared = common;
      best = index;
    }
  }
  // `#` alone does not match topics that begin with `$`: nothing that has no level in common is merged with them.
  const wide = [...levels.slice(0, shared), '#'].join('/');
  filters[best] = wide;
  for (let i = filters.length - 1; i >= 0; i--) {
    if (i !== best && filters[i]!.startsWith(wide.slice(0, -1)) && wide !== '#') filters.splice(i, 1);
  }
}

function commonLevels(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count] && a[count] !== '#') count++;
  return count;
}
