/**
 * Server-Sent Events: a snapshot first, then only what changed, at the client's rate. Rules: a stream costs nothing
 * when nobody watches; a reader that does not drain is skipped, its next event has everything up to then; a reader
 * that takes nothing for a minute is disconnected.
 */
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../core/clock.js';
import type { EventKind, Events, GatewayView, TopicView } from './contract.js';
import { apiError } from './errors.js';
import { createFeed, type Feed, type TopicsFeed } from './feeds.js';

export const MAX_STREAMS = 8;
/** Comment that tells a quiet connection from a dead one, ms. */
export const PING_EVERY = 15_000;
const DRAIN_TIMEOUT = 60_000;

export interface StreamOptions {
  readonly kinds: readonly EventKind[];
  readonly filter: string;
  /** Events per second and kind at most. */
  readonly rate: number;
}

export class EventStreams implements Disposable {
  readonly #view: GatewayView;
  readonly #clock: Clock;
  readonly #streams = new Set<EventStream>();
  #lastId = 0;
  /** Looks skipped because a reader had not drained. */
  skipped = 0;

  constructor(view: GatewayView, clock: Clock) {
    this.#view = view;
    this.#clock = clock;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** @throws GatewayError API_TOO_MANY_STREAMS, or that of a filter that is invalid; nothing was sent then */
  open(response: ServerResponse, options: StreamOptions): void {
    if (this.#streams.size >= MAX_STREAMS) {
      throw apiError('API_TOO_MANY_STREAMS', `${MAX_STREAMS} streams are open, which is the limit`);
    }
    const feeds: (Feed | TopicsFeed)[] = [];
    try {
      for (const kind of options.kinds) feeds.push(createFeed(kind, this.#view, options.filter));
    } catch (error) {
      for (const feed of feeds) feed[Symbol.dispose]();
      throw error;
    }
    const stream = new EventStream(response, feeds, 1_000 / options.rate, this.#clock, {
      nextId: () => ++this.#lastId,
      skipped: () => void this.skipped++,
      closed: () => void this.#streams.delete(stream),
    });
    this.#streams.add(stream);
    stream.begin();
  }

  /** Topics counted by all watchers of now. */
  *watchedTopics(): Iterable<TopicView> {
    for (const stream of this.#streams) {
      for (const feed of stream.feeds) if ('counts' in feed) yield* feed.counts.all();
    }
  }

  [Symbol.dispose](): void {
    for (const stream of [...this.#streams]) stream.close();
  }
}

interface Owner {
  nextId(): number;
  skipped(): void;
  closed(): void;
}

class EventStream {
  readonly feeds: readonly (Feed | TopicsFeed)[];
  readonly #response: ServerResponse;
  readonly #everyMs: number;
  readonly #clock: Clock;
  readonly #owner: Owner;
  #timer: Timer | undefined;
  #lastWrite = 0;
  #blockedSince: number | undefined;
  #open = true;

  constructor(
    response: ServerResponse,
    feeds: readonly (Feed | TopicsFeed)[],
    everyMs: number,
    clock: Clock,
    owner: Owner,
  ) {
    this.#response = response;
    this.feeds = feeds;
    this.#everyMs = everyMs;
    this.#clock = clock;
    this.#owner = owner;
  }

  begin(): void {
    this.#response.on('close', () => this.close());
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    const snapshot: Record<string, unknown> = {};
    for (const feed of this.feeds) {
      const initial = feed.initial();
      if (initial !== undefined) snapshot[feed.kind] = initial;
    }
    this.#send('snapshot', snapshot);
    this.#schedule();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#timer?.cancel();
    for (const feed of this.feeds) feed[Symbol.dispose]();
    this.#owner.closed();
    this.#response.end();
  }

  #schedule(): void {
    if (this.#open) this.#timer = this.#clock.after(this.#everyMs, () => this.#look());
  }

  #look(): void {
    const now = this.#clock.monotonic();
    if (this.#response.writableNeedDrain) {
      this.#owner.skipped();
      this.#blockedSince ??= now;
      if (now - this.#blockedSince >= DRAIN_TIMEOUT) {
        this.close();
        this.#response.destroy();
      }
    } else {
      this.#blockedSince = undefined;
      for (const feed of this.feeds) {
        const changes = feed.changes();
        if (changes !== undefined) this.#send(feed.kind, changes);
      }
      if (now - this.#lastWrite >= PING_EVERY) this.#write(': ping\n\n');
    }
    this.#schedule();
  }

  #send<K extends keyof Events>(kind: K, data: unknown): void {
    this.#write(`id: ${this.#owner.nextId()}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #write(text: string): void {
    this.#lastWrite = this.#clock.monotonic();
    this.#response.write(text);
  }
}
