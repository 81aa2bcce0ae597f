import { apiError } from "./errors.js";
import { createFeed } from "./feeds.js";
const MAX_STREAMS = 8;
const PING_EVERY = 15e3;
const DRAIN_TIMEOUT = 6e4;
class EventStreams {
  #view;
  #clock;
  #streams = /* @__PURE__ */ new Set();
  #lastId = 0;
  /** Looks skipped because a reader had not drained. */
  skipped = 0;
  constructor(view, clock) {
    this.#view = view;
    this.#clock = clock;
  }
  get size() {
    return this.#streams.size;
  }
  /** @throws GatewayError API_TOO_MANY_STREAMS, or that of a filter that is invalid; nothing was sent then */
  open(response, options) {
    if (this.#streams.size >= MAX_STREAMS) {
      throw apiError("API_TOO_MANY_STREAMS", `${MAX_STREAMS} streams are open, which is the limit`);
    }
    const feeds = [];
    try {
      for (const kind of options.kinds) feeds.push(createFeed(kind, this.#view, options.filter));
    } catch (error) {
      for (const feed of feeds) feed[Symbol.dispose]();
      throw error;
    }
    const stream = new EventStream(response, feeds, 1e3 / options.rate, this.#clock, {
      nextId: () => ++this.#lastId,
      skipped: () => void this.skipped++,
      closed: () => void this.#streams.delete(stream)
    });
    this.#streams.add(stream);
    stream.begin();
  }
  /** Topics counted by all watchers of now. */
  *watchedTopics() {
    for (const stream of this.#streams) {
      for (const feed of stream.feeds) if ("counts" in feed) yield* feed.counts.all();
    }
  }
  [Symbol.dispose]() {
    for (const stream of [...this.#streams]) stream.close();
  }
}
class EventStream {
  feeds;
  #response;
  #everyMs;
  #clock;
  #owner;
  #timer;
  #lastWrite = 0;
  #blockedSince;
  #open = true;
  constructor(response, feeds, everyMs, clock, owner) {
    this.#response = response;
    this.feeds = feeds;
    this.#everyMs = everyMs;
    this.#clock = clock;
    this.#owner = owner;
  }
  begin() {
    this.#response.on("close", () => this.close());
    this.#response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store"
    });
    const snapshot = {};
    for (const feed of this.feeds) {
      const initial = feed.initial();
      if (initial !== void 0) snapshot[feed.kind] = initial;
    }
    this.#send("snapshot", snapshot);
    this.#schedule();
  }
  close() {
    if (!this.#open) return;
    this.#open = false;
    this.#timer?.cancel();
    for (const feed of this.feeds) feed[Symbol.dispose]();
    this.#owner.closed();
    this.#response.end();
  }
  #schedule() {
    if (this.#open) this.#timer = this.#clock.after(this.#everyMs, () => this.#look());
  }
  #look() {
    const now = this.#clock.monotonic();
    if (this.#response.writableNeedDrain) {
      this.#owner.skipped();
      this.#blockedSince ??= now;
      if (now - this.#blockedSince >= DRAIN_TIMEOUT) {
        this.close();
        this.#response.destroy();
      }
    } else {
      this.#blockedSince = void 0;
      for (const feed of this.feeds) {
        const changes = feed.changes();
        if (changes !== void 0) this.#send(feed.kind, changes);
      }
      if (now - this.#lastWrite >= PING_EVERY) this.#write(": ping\n\n");
    }
    this.#schedule();
  }
  #send(kind, data) {
    this.#write(`id: ${this.#owner.nextId()}
event: ${kind}
data: ${JSON.stringify(data)}

`);
  }
  #write(text) {
    this.#lastWrite = this.#clock.monotonic();
    this.#response.write(text);
  }
}
export {
  EventStreams,
  MAX_STREAMS,
  PING_EVERY
};
//# sourceMappingURL=sse.js.map
