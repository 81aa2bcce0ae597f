/** Keeps the model fed: the event streams the screen needs, opened again when they are lost, and the heartbeat. */
import type { ApiClient, EventKind, EventOptions } from '../api/contract.js';
import { backoffDelays } from '../core/backoff.js';
import type { Clock } from '../core/clock.js';
import { errorView, toGatewayError } from '../core/errors.js';
import { Scope } from '../core/scope.js';
import { tuiError } from './errors.js';
import { gatewayNow, wantedStreams } from './select.js';
import type { Action, PointRow, StreamName } from './state.js';
import type { Store } from './store.js';

const MAIN_KINDS: readonly EventKind[] = ['status', 'devices', 'points', 'links', 'functions', 'logs'];
const EVENTS_PER_SECOND = 4;
const RETRY = { first: 250, max: 5_000 } as const;
const HEARTBEAT_MS = 1_000;
const CLIENTS_MS = 2_000;
const LINES_MS = 1_000;
/** Of a function, as many as a detail has room for. */
const LINES = '50';
/** The cursor may run over many topics: only the one it rests on is watched. */
const REST_MS = 200;
const DAY_MS = 86_400_000;
/** Of the last day in the detail of a point. */
const PERIOD_MS = 900_000;
const PERIODS_MS = 15_000;

interface Look {
  readonly name: string;
  readonly stop: AbortController;
}

interface Watch {
  readonly filter: string;
  readonly stop: AbortController;
}

export interface FeedOptions {
  readonly client: ApiClient;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told of what should never happen. */
  readonly onError: (error: unknown) => void;
}

export class Feed implements AsyncDisposable {
  readonly #client: ApiClient;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #scope: Scope;
  readonly #watches: { topics: Watch | undefined; tail: Watch | undefined } = { topics: undefined, tail: undefined };
  #clients: AbortController | undefined;
  /** What is asked for again and again because it is looked at: lines of a function, the last day of a point. */
  readonly #looks: Record<'lines' | 'day', Look | undefined> = { lines: undefined, day: undefined };

  constructor(options: FeedOptions) {
    this.#client = options.client;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#scope = new Scope(options.onError);
  }

  start(): void {
    this.#scope.run((signal) => this.#follow('main', { kinds: MAIN_KINDS }, signal));
    this.#scope.run((signal) => this.#beat(signal));
    this.#scope.defer(this.#store.subscribe(() => this.#sync()));
    this.#sync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope[Symbol.asyncDispose]();
  }

  /** Opens and closes streams as the screen needs them. */
  #sync(): void {
    const wanted = wantedStreams(this.#store.model);
    this.#watch('topics', wanted.topics, ['topics']);
    this.#watch('tail', wanted.tail, ['messages']);
    this.#lookAtLines(wanted.functionLines);
    this.#lookAtDay(wanted.pointDay);
    if (wanted.clients && this.#clients === undefined) {
      const stop = new AbortController();
      this.#clients = stop;
      this.#scope.run((signal) => this.#pollClients(AbortSignal.any([signal, stop.signal])));
    } else if (!wanted.clients) {
      this.#clients?.abort();
      this.#clients = undefined;
    }
  }

  /** What the function under the cursor says. */
  #lookAtLines(name: string | undefined): void {
    this.#look('lines', name, LINES_MS, async (signal) => {
      const options = { params: { function: name! }, query: { limit: LINES }, signal };
      const { items } = await this.#client.request('GET /v1/functions/{function}/logs', options);
      return { type: 'function-lines', name: name!, lines: items };
    });
  }

  #lookAtDay(row: PointRow | undefined): void {
    this.#look('day', row?.key, PERIODS_MS, async (signal) => {
      const { device, point } = row!.view;
      const from = String(gatewayNow(this.#store.model) - DAY_MS);
      const options = { params: { device, point }, query: { from, every: String(PERIOD_MS) }, signal };
      try {
        const view = await this.#client.request('GET /v1/history/{device}/{point}', options);
        return { type: 'point-day', key: row!.key, view };
      } catch (error) {
        // Not every point is recorded.
        if (toGatewayError(error).code === 'HISTORY_UNKNOWN') return undefined;
        throw error;
      }
    });
  }

  /** Asks again and again while the same is looked at. @param name - undefined: nothing is */
  #look(
    what: 'lines' | 'day',
    name: string | undefined,
    every: number,
    ask: (signal: AbortSignal) => Promise<Action | undefined>,
  ): void {
    if (this.#looks[what]?.name === name) return;
    this.#looks[what]?.stop.abort();
    this.#looks[what] = undefined;
    if (name === undefined) return;
    const stop = new AbortController();
    this.#looks[what] = { name, stop };
    this.#scope.run(async (scopeSignal) => {
      const signal = AbortSignal.any([scopeSignal, stop.signal]);
      if (!(await this.#rest(REST_MS, signal))) return;
      await this.#poll(every, signal, async () => {
        const action = await ask(signal);
        if (action !== undefined && !signal.aborted) this.#store.dispatch(action);
      });
    });
  }

  #watch(stream: 'topics' | 'tail', filter: string | undefined, kinds: readonly EventKind[]): void {
    const old = this.#watches[stream];
    if (old?.filter === filter) return;
    old?.stop.abort();
    if (filter === undefined) {
      this.#watches[stream] = undefined;
      return;
    }
    const watch = { filter, stop: new AbortController() };
    this.#watches[stream] = watch;
    this.#scope.run(async (scopeSignal) => {
      const signal = AbortSignal.any([scopeSignal, watch.stop.signal]);
      if (old !== undefined && !(await this.#rest(REST_MS, signal))) return;
      this.#store.dispatch({ type: 'reset', stream });
      await this.#follow(stream, { kinds, filter }, signal);
    });
  }

  /** @returns false when the wait was ended by the signal */
  async #rest(ms: number, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#clock.sleep(ms, signal);
      return true;
    } catch {
      return false;
    }
  }

  async #follow(stream: StreamName, options: Omit<EventOptions, 'signal'>, signal: AbortSignal): Promise<void> {
    let delays = backoffDelays(RETRY, this.#random);
    while (!signal.aborted) {
      try {
        let isFirst = true;
        for await (const event of this.#client.events({ ...options, rate: EVENTS_PER_SECOND, signal })) {
          if (signal.aborted) return;
          if (isFirst) delays = backoffDelays(RETRY, this.#random);
          isFirst = false;
          this.#store.dispatch({ type: 'event', stream, event, at: this.#clock.now() });
        }
        throw tuiError('TUI_STREAM_ENDED', 'the gateway closed the event stream');
      } catch (error) {
        if (signal.aborted) return;
        const view = errorView(toGatewayError(error));
        this.#store.dispatch({ type: 'lost', stream, error: view, at: this.#clock.now() });
      }
      if (!(await this.#rest(delays.next().value, signal))) return;
    }
  }

  /** Ages go on even when nothing else happens. */
  async #beat(signal: AbortSignal): Promise<void> {
    while (await this.#rest(HEARTBEAT_MS, signal)) this.#store.dispatch({ type: 'tick', at: this.#clock.now() });
  }

  #pollClients(signal: AbortSignal): Promise<void> {
    return this.#poll(CLIENTS_MS, signal, async () => {
      const { items } = await this.#client.request('GET /v1/clients', { signal });
      if (!signal.aborted) this.#store.dispatch({ type: 'clients', items });
    });
  }

  async #poll(every: number, signal: AbortSignal, ask: () => Promise<void>): Promise<void> {
    do {
      try {
        await ask();
      } catch (error) {
        // Without a connection the screen says so already.
        if (signal.aborted || this.#store.model.connection.state !== 'live') continue;
        const { code, message, hint } = toGatewayError(error);
        this.#store.dispatch({ type: 'notice', tone: 'bad', text: `${code} ${message}`, hint });
      }
    } while (await this.#rest(every, signal));
  }
}
