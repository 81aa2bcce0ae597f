/**
 * The history of points: records what devices publish, and answers what it was.
 *
 *   devices ─▶ Recorder ─(a batch a second)─▶ worker ─▶ history.sqlite: tail ─(minutes later)─▶ samples, minutes, hours
 *                                               ▲
 *   API ─ query ────────────────────────────────┘
 */
import type { Clock } from '../core/clock.js';
import { type ErrorView, errorView, type GatewayError, toGatewayError } from '../core/errors.js';
import type {
  HistoryConfig,
  HistoryQuery,
  HistoryRecorder,
  HistorySample,
  HistorySummary,
  HistoryView,
  SeriesView,
} from '../core/history.js';
import type { Log } from '../core/log.js';
import type { Service, ServiceStatus } from '../core/service.js';
import type { AlarmView } from '../core/views.js';
import { historyError } from './errors.js';
import { HOUR, MINUTE } from './periods.js';
import type { FileFigures } from './protocol.js';
import { Recorder } from './recorder.js';
import { type Opened, WorkerLink, type Written } from './worker-link.js';

/** What waits is written at the end, if it takes no longer, ms. */
const CLOSE_DEADLINE = 3_000;

export interface HistoryOptions {
  readonly config: HistoryConfig;
  /** Absolute. */
  readonly file: string;
  readonly minFree: { readonly bytes: number; readonly share: number };
  readonly log: Log;
  readonly clock: Clock;
}

export interface History extends Service, HistoryRecorder {
  /** @throws GatewayError HISTORY_UNKNOWN, HISTORY_QUERY, HISTORY_BUSY, HISTORY_STOPPED, HISTORY_FAILED */
  query(query: HistoryQuery): Promise<HistoryView>;
  /** By device and point. @throws GatewayError HISTORY_BUSY, HISTORY_STOPPED, HISTORY_FAILED */
  list(): Promise<readonly SeriesView[]>;
  summary(): HistorySummary;
  alarms(): readonly AlarmView[];
}

export function createHistory(options: HistoryOptions): History {
  return new RunningHistory(options);
}

class RunningHistory implements History {
  readonly name = 'history';
  readonly #o: HistoryOptions;
  readonly #recorder: Recorder;
  readonly #alarms = new Map<string, AlarmView>();
  #starting: Promise<WorkerLink> | undefined;
  #link: WorkerLink | undefined;
  #figures: FileFigures = { series: 0, bytes: 0, shortened: undefined, heldUntil: undefined };
  #since: number;
  #fault: ErrorView | undefined;
  #isStopping = false;
  /** It took too long to end: nothing is begun any more. */
  #isOver = false;

  constructor(options: HistoryOptions) {
    this.#o = options;
    const { config, clock } = options;
    this.#since = clock.now();
    this.#recorder = new Recorder({
      points: config.points,
      keep: config.keep,
      clock,
      write: async (samples, name) => {
        const link = await this.#worker();
        const isTimeKnown = clock.quality?.() !== 'unsynced';
        const corrections = isTimeKnown ? (clock.corrections?.() ?? []) : [];
        const { written, trouble } = await link.write({ name, samples, now: clock.now(), isTimeKnown, corrections });
        this.#took(written);
        return trouble;
      },
      onState: (error) => this.#state(error),
    });
  }

  /** The gateway works without it, too: what keeps it from working is an alarm, and it is tried again. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    try {
      await this.#worker();
      this.#state(undefined);
    } catch (error) {
      this.#state(toGatewayError(error));
    }
  }

  status(): ServiceStatus {
    const since = this.#since;
    if (this.#isStopping) return { state: 'stopping', since };
    const fault = this.#fault;
    if (fault === undefined) return { state: 'up', since };
    return { state: 'degraded', since, reason: fault.message, hint: fault.hint };
  }

  record(sample: HistorySample): void {
    this.#recorder.record(sample);
  }

  async query(query: HistoryQuery): Promise<HistoryView> {
    const { device, point, from, to, every } = query;
    if (from >= to) throw historyError('HISTORY_QUERY', 'the span that is asked for is empty');
    if (every !== undefined && every >= HOUR && every % MINUTE !== 0) {
      throw historyError('HISTORY_QUERY', 'periods of an hour and more are of whole minutes');
    }
    const rows = await (await this.#asked()).query(query);
    if (rows === undefined) throw historyError('HISTORY_UNKNOWN', `nothing is recorded of ${device}/${point}`);
    const { unit, samples, periods, next } = rows;
    return {
      device,
      point,
      ...(unit === undefined ? {} : { unit }),
      from,
      to,
      every: every ?? null,
      ...(samples === undefined ? {} : { samples }),
      ...(periods === undefined ? {} : { periods }),
      ...(next === undefined ? {} : { next }),
    };
  }

  async list(): Promise<readonly SeriesView[]> {
    return (await this.#asked()).list();
  }

  summary(): HistorySummary {
    const { series, bytes, shortened } = this.#figures;
    const { maxBytes, keep } = this.#o.config;
    const { recorded, dropped, waiting } = this.#recorder;
    return {
      series,
      recorded,
      dropped,
      waiting,
      bytes,
      maxBytes,
      keep,
      ...(shortened === undefined ? {} : { shortened }),
    };
  }

  alarms(): readonly AlarmView[] {
    return [...this.#alarms.values()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    using _deadline = this.#o.clock.after(CLOSE_DEADLINE, resolve);
    await Promise.race([this.#close(), late]);
    this.#isOver = true;
    // Not awaited: it may hang in a disk that does not answer.
    void this.#link?.terminate();
    void this.#starting?.then((link) => link.terminate()).catch(() => {});
  }

  async #close(): Promise<void> {
    await this.#recorder[Symbol.asyncDispose]();
    await this.#starting?.catch(() => {});
    await this.#link?.close();
  }

  /** For a question; a worker that is started for one when all is over would never end. */
  async #asked(): Promise<WorkerLink> {
    const stopped = () => historyError('HISTORY_STOPPED', 'the gateway is stopping');
    if (this.#isStopping) throw stopped();
    const link = await this.#worker();
    if (this.#isStopping) throw stopped();
    return link;
  }

  /** Started when it is needed, and again when it ended. */
  #worker(): Promise<WorkerLink> {
    if (this.#isOver) return Promise.reject(historyError('HISTORY_STOPPED', 'the gateway is stopping'));
    if (this.#link !== undefined && !this.#link.hasEnded) return Promise.resolve(this.#link);
    this.#starting ??= this.#startWorker().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #startWorker(): Promise<WorkerLink> {
    const { file, config, minFree } = this.#o;
    const { keep, keepHours, maxBytes } = config;
    const { link, opened } = await WorkerLink.start({ file, keep, keepHours, maxBytes, minFree });
    this.#link = link;
    this.#took(opened);
    return link;
  }

  #took({ figures, setAside }: Opened | Written): void {
    this.#figures = figures;
    this.#told('HISTORY_SHORTENED', figures.shortened, (at) => `nothing before ${at} is kept: maxBytes is reached`);
    const held = (at: string) => `the clock leapt by more than a week: nothing goes for its age before ${at}`;
    this.#told('HISTORY_HELD', figures.heldUntil, held);
    if (setAside === undefined) return;
    this.#o.log.error({ code: 'HISTORY_DAMAGED', file: setAside }, 'the history was damaged: a new one was begun');
    this.#alarm(historyError('HISTORY_DAMAGED', `the history was damaged and is now ${setAside}`), 'HISTORY_DAMAGED');
  }

  /** @param error - undefined: it works */
  #state(error: GatewayError | undefined): void {
    const { log, clock } = this.#o;
    const before = this.#fault;
    this.#fault = error === undefined ? undefined : errorView(error);
    if (error === undefined && before === undefined) return;
    for (const code of ['HISTORY_FULL', 'HISTORY_FAILED', 'HISTORY_NEWER']) {
      this.#alarm(error?.code === code ? error : undefined, code);
    }
    if (before?.code === error?.code) return;
    this.#since = clock.now();
    if (error === undefined) log.info('the history is written again');
    else log.error({ err: error }, 'the history is not written');
  }

  /** @param time - Unix ms; undefined: it is over */
  #told(code: 'HISTORY_SHORTENED' | 'HISTORY_HELD', time: number | undefined, text: (at: string) => string): void {
    this.#alarm(time === undefined ? undefined : historyError(code, text(new Date(time).toISOString())), code);
  }

  /** @param error - undefined: it is over */
  #alarm(error: GatewayError | undefined, code: string): void {
    if (error === undefined) this.#alarms.delete(code);
    else {
      const severity = code === 'HISTORY_SHORTENED' || code === 'HISTORY_HELD' ? 'warn' : 'error';
      const since = this.#alarms.get(code)?.since ?? this.#o.clock.now();
      this.#alarms.set(code, { severity, subject: 'history', since, error: errorView(error) });
    }
  }
}
