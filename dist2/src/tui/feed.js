import { backoffDelays } from "../core/backoff.js";
import { errorView, toGatewayError } from "../core/errors.js";
import { Scope } from "../core/scope.js";
import { tuiError } from "./errors.js";
import { wantedStreams } from "./select.js";
const MAIN_KINDS = ["status", "devices", "points", "links", "logs"];
const EVENTS_PER_SECOND = 4;
const RETRY = { first: 250, max: 5e3 };
const HEARTBEAT_MS = 1e3;
const CLIENTS_MS = 2e3;
const REST_MS = 200;
class Feed {
  #client;
  #store;
  #clock;
  #random;
  #scope;
  #watches = { topics: void 0, tail: void 0 };
  #clients;
  constructor(options) {
    this.#client = options.client;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#scope = new Scope(options.onError);
  }
  start() {
    this.#scope.run((signal) => this.#follow("main", { kinds: MAIN_KINDS }, signal));
    this.#scope.run((signal) => this.#beat(signal));
    this.#scope.defer(this.#store.subscribe(() => this.#sync()));
    this.#sync();
  }
  [Symbol.asyncDispose]() {
    return this.#scope[Symbol.asyncDispose]();
  }
  /** Opens and closes streams as the screen needs them. */
  #sync() {
    const wanted = wantedStreams(this.#store.model);
    this.#watch("topics", wanted.topics, ["topics"]);
    this.#watch("tail", wanted.tail, ["messages"]);
    if (wanted.clients && this.#clients === void 0) {
      const stop = new AbortController();
      this.#clients = stop;
      this.#scope.run((signal) => this.#pollClients(AbortSignal.any([signal, stop.signal])));
    } else if (!wanted.clients) {
      this.#clients?.abort();
      this.#clients = void 0;
    }
  }
  #watch(stream, filter, kinds) {
    const old = this.#watches[stream];
    if (old?.filter === filter) return;
    old?.stop.abort();
    if (filter === void 0) {
      this.#watches[stream] = void 0;
      return;
    }
    const watch = { filter, stop: new AbortController() };
    this.#watches[stream] = watch;
    this.#scope.run(async (scopeSignal) => {
      const signal = AbortSignal.any([scopeSignal, watch.stop.signal]);
      if (old !== void 0 && !await this.#rest(REST_MS, signal)) return;
      this.#store.dispatch({ type: "reset", stream });
      await this.#follow(stream, { kinds, filter }, signal);
    });
  }
  /** @returns false when the wait was ended by the signal */
  async #rest(ms, signal) {
    try {
      await this.#clock.sleep(ms, signal);
      return true;
    } catch {
      return false;
    }
  }
  async #follow(stream, options, signal) {
    let delays = backoffDelays(RETRY, this.#random);
    while (!signal.aborted) {
      try {
        let isFirst = true;
        for await (const event of this.#client.events({ ...options, rate: EVENTS_PER_SECOND, signal })) {
          if (signal.aborted) return;
          if (isFirst) delays = backoffDelays(RETRY, this.#random);
          isFirst = false;
          this.#store.dispatch({ type: "event", stream, event, at: this.#clock.now() });
        }
        throw tuiError("TUI_STREAM_ENDED", "the gateway closed the event stream");
      } catch (error) {
        if (signal.aborted) return;
        const view = errorView(toGatewayError(error));
        this.#store.dispatch({ type: "lost", stream, error: view, at: this.#clock.now() });
      }
      if (!await this.#rest(delays.next().value, signal)) return;
    }
  }
  /** Ages go on even when nothing else happens. */
  async #beat(signal) {
    while (await this.#rest(HEARTBEAT_MS, signal)) this.#store.dispatch({ type: "tick", at: this.#clock.now() });
  }
  async #pollClients(signal) {
    do {
      try {
        const { items } = await this.#client.request("GET /v1/clients", { signal });
        if (!signal.aborted) this.#store.dispatch({ type: "clients", items });
      } catch (error) {
        if (signal.aborted || this.#store.model.connection.state !== "live") continue;
        const { code, message, hint } = toGatewayError(error);
        this.#store.dispatch({ type: "notice", tone: "bad", text: `${code} ${message}`, hint });
      }
    } while (await this.#rest(CLIENTS_MS, signal));
  }
}
export {
  Feed
};
//# sourceMappingURL=feed.js.map
