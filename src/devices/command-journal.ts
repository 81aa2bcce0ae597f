/**
 * What is known of commands that came over MQTT.
 *
 *   in work: on disk before its sender is told that it came (PUBACK), so that after a crash the sender is told that nobody
 *            knows what became of it
 *   done:    by Correlation Data, so that a command that is sent again is answered again, and not done again
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import { createMessage, type Message } from '../core/message.js';
import type { Store, StoredTable } from '../core/store.js';

/** Commands done that are remembered, and for how long, ms. */
const MOST_DONE = 1_000;
const REMEMBERED_MS = 600_000;
/** A longer result is not remembered. */
const MOST_BYTES = 8_192;

interface Open {
  readonly open: true;
  readonly topic: string;
  readonly origin: Message['origin'];
  /** Base64, as is the correlation. */
  readonly payload: string;
  readonly responseTopic?: string | undefined;
  readonly correlation?: string | undefined;
  readonly at: number;
  /** Unix ms; absent: as long as commands are valid that say nothing. */
  readonly expiresAt?: number | undefined;
}

interface Done {
  readonly open: false;
  /** Of the payload: the same Correlation Data with another one is another command. */
  readonly digest: string;
  readonly body: string;
  readonly at: number;
}

export interface JournalEntry {
  readonly key: string;
  readonly digest: string;
  readonly isKept: boolean;
}

export type Begun =
  | { readonly is: 'new'; readonly entry: JournalEntry }
  /** The same command is in work: its result will be the answer to both. */
  | { readonly is: 'in work' }
  /** The same command was done; that was the result. */
  | { readonly is: 'done'; readonly body: string };

export class CommandJournal {
  readonly #clock: Clock;
  readonly #table: StoredTable | undefined;
  readonly #open = new Map<string, string>();
  /** Oldest first. */
  readonly #done = new Map<string, Done>();
  #lastNumber = 0;

  constructor(clock: Clock, store: Store | undefined) {
    this.#clock = clock;
    this.#table = store?.table('command');
  }

  /** Reads what is on disk. @returns the commands that were in work when the gateway ended */
  start(): readonly { readonly entry: JournalEntry; readonly message: Message }[] {
    const interrupted = [];
    const done: [string, Done][] = [];
    for (const [key, value] of [...(this.#table?.entries() ?? [])]) {
      const record = parse(value);
      if (record === undefined) this.#table?.delete(key);
      else if (!record.open) done.push([key, record]);
      else {
        if (key.startsWith('n')) this.#lastNumber = Math.max(this.#lastNumber, Number(key.slice(1)) || 0);
        const message = messageOf(record);
        const digest = digestOf(message.payload);
        this.#open.set(key, digest);
        interrupted.push({ entry: { key, digest, isKept: true }, message });
      }
    }
    for (const [key, record] of done.sort(([, a], [, b]) => a.at - b.at)) this.#done.set(key, record);
    this.#forget();
    return interrupted;
  }

  begin(message: Message): Begun {
    const { correlationData, responseTopic } = message.properties ?? {};
    const digest = digestOf(message.payload);
    const key = correlationData === undefined ? `n${++this.#lastNumber}` : keyOf(message, correlationData);
    this.#forget();
    if (this.#open.get(key) === digest) return { is: 'in work' };
    const done = this.#done.get(key);
    if (done?.digest === digest) return { is: 'done', body: done.body };
    // Nobody was promised anything for QoS 0.
    const isKept = message.qos > 0 && this.#table !== undefined;
    this.#open.set(key, digest);
    this.#done.delete(key);
    if (isKept) {
      const record: Open = {
        open: true,
        topic: message.topic,
        origin: message.origin,
        payload: message.payload.toString('base64'),
        responseTopic,
        correlation: correlationData?.toString('base64'),
        at: this.#clock.now(),
        expiresAt: Number.isFinite(message.expiresAt) ? message.expiresAt : undefined,
      };
      this.#table?.set(key, Buffer.from(JSON.stringify(record)), false);
    }
    return { is: 'new', entry: { key, digest, isKept } };
  }

  /** @param body - the result as it is published */
  end({ key, digest, isKept }: JournalEntry, body: string): void {
    // Another command with the same Correlation Data may have taken its place.
    if (this.#open.get(key) !== digest) return;
    this.#open.delete(key);
    if (key.startsWith('n') || body.length > MOST_BYTES) {
      if (isKept) this.#table?.delete(key);
      return;
    }
    const record: Done = { open: false, digest, body, at: this.#clock.now() };
    this.#done.delete(key);
    this.#done.set(key, record);
    if (isKept) this.#table?.set(key, Buffer.from(JSON.stringify(record)), false);
    this.#forget();
  }

  #forget(): void {
    const before = this.#clock.now() - REMEMBERED_MS;
    for (const [key, { at }] of this.#done) {
      if (this.#done.size <= MOST_DONE && at > before) return;
      this.#done.delete(key);
      this.#table?.delete(key);
    }
  }
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64url');
}

/** Who sent it, where to, and its Correlation Data. */
function keyOf(message: Message, correlationData: Buffer): string {
  const hash = createHash('sha256').update(`${message.origin}\0${message.topic}\0`).update(correlationData);
  return `c${hash.digest('base64url')}`;
}

function messageOf(record: Open): Message {
  const { topic, origin, payload, responseTopic, correlation, at, expiresAt } = record;
  return createMessage({
    topic,
    origin,
    payload: Buffer.from(payload, 'base64'),
    receivedAt: at,
    qos: 1,
    properties: {
      ...(responseTopic === undefined ? {} : { responseTopic }),
      ...(correlation === undefined ? {} : { correlationData: Buffer.from(correlation, 'base64') }),
    },
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
}

/** Written by us; a version to come may have written something else. */
function parse(value: Buffer): Open | Done | undefined {
  try {
    const record = JSON.parse(value.toString()) as Open | Done;
    const isWhole = record.open
      ? typeof record.topic === 'string' && typeof record.payload === 'string'
      : 'body' in record;
    return isWhole && typeof record.at === 'number' ? record : undefined;
  } catch {
    return undefined;
  }
}
