/** What is kept in the data folder so that a gateway without a battery-backed clock knows at start what time it surely is. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Timer, TimeSegment } from './core/clock.js';
import { errorsOf, errorView } from './core/errors.js';
import { GuardedClock } from './core/guarded-clock.js';
import type { Log } from './core/log.js';
import { createMessage } from './core/message.js';
import type { Router } from './core/router.js';
import { correctedTime } from './core/sample-time.js';
import type { AlarmView } from './core/views.js';

export const timeErrors = {
  CLOCK_UNSYNCED: {
    fault: 'config',
    hint: 'set the clock, or let NTP do it (`timedatectl`); values are marked "tq":"unsynced" and corrected then',
  },
} as const;
const timeError = errorsOf(timeErrors);

const FILE = 'clock.json';
/** The time is written this often, ms: flash wears. */
const WRITE_INTERVAL = 300_000;
/** Between two looks at the clock, ms. */
const LOOK_INTERVAL = 1_000;

interface TimeRecord {
  /** Unix ms; the clock was right then, or counted on from such a time. */
  readonly last: number;
  readonly segments: readonly TimeSegment[];
}

export interface KnownTimeOptions {
  /** The data folder. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** When this version was built, Unix ms. */
  readonly builtAt: number;
}

export class KnownTime implements Disposable {
  readonly clock: GuardedClock;
  readonly #o: KnownTimeOptions;
  readonly #file: string;
  readonly #since: number;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #canWrite = true;
  #timer: Timer | undefined;
  /** Called once, when the clock was set. */
  onKnown: () => void = () => {};

  constructor(options: KnownTimeOptions) {
    this.#o = options;
    const { folder, clock, log, builtAt } = options;
    this.#file = join(folder, FILE);
    const record = read(this.#file);
    const floor = Math.max(builtAt, record?.last ?? 0);
    this.clock = new GuardedClock(clock, {
      floor,
      // What was said between the last write and the end of that run lies below.
      base: floor + WRITE_INTERVAL + LOOK_INTERVAL,
      segments: record?.segments ?? [],
      onKnown: ({ offset }) => {
        log.warn({ offsetMs: offset }, 'the clock was set: times since the start are corrected');
        this.#write();
        this.onKnown();
      },
    });
    this.#since = this.clock.now();
    if (this.clock.quality() === 'unsynced') {
      log.warn({ code: 'CLOCK_UNSYNCED', clock: new Date(clock.now()).toISOString() }, this.#text());
    }
    this.#look();
  }

  alarms(): readonly AlarmView[] {
    if (this.clock.quality() === 'synced') return [];
    const error = errorView(timeError('CLOCK_UNSYNCED', this.#text()));
    return [{ severity: 'warn', subject: 'clock', since: this.#since, error }];
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#write();
  }

  #text(): string {
    return 'the clock of this machine is behind a time that has surely passed';
  }

  #look(): void {
    const step = this.clock.look();
    if (step !== 0) this.#o.log.warn({ stepMs: Math.round(step) }, 'the clock of this machine was changed');
    if (this.#o.clock.monotonic() - this.#writtenAt >= WRITE_INTERVAL) this.#write();
    this.#timer = this.#o.clock.after(LOOK_INTERVAL, () => this.#look());
  }

  #write(): void {
    this.#writtenAt = this.#o.clock.monotonic();
    const record: TimeRecord = { last: this.clock.now(), segments: this.clock.corrections() };
    try {
      mkdirSync(this.#o.folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${this.#file}.new`, JSON.stringify(record), { flush: true });
      renameSync(`${this.#file}.new`, this.#file);
      this.#canWrite = true;
    } catch (error) {
      if (this.#canWrite) this.#o.log.warn({ err: error }, 'the time cannot be kept in the data folder');
      this.#canWrite = false;
    }
  }
}

function read(file: string): TimeRecord | undefined {
  try {
    const { last, segments } = JSON.parse(readFileSync(file, 'utf8')) as Partial<TimeRecord>;
    if (typeof last !== 'number' || !Number.isSafeInteger(last)) return undefined;
    const isSegment = ({ from, to, offset }: TimeSegment) => [from, to, offset].every(Number.isFinite);
    return { last, segments: Array.isArray(segments) ? segments.filter(isSegment) : [] };
  } catch {
    return undefined;
  }
}

/** Retained values of this gateway with a time of the unknown clock are published again with the right one. */
export function correctRetained(router: Router, gatewayId: string, clock: Clock): void {
  for (const message of [...router.retained(`hpmq/${gatewayId}/#`)]) {
    const payload = correctedTime(message.payload, clock);
    if (payload === message.payload) continue;
    const { topic, qos, origin, properties } = message;
    const stored = router.publish(
      createMessage({ topic, payload, qos, retain: true, origin, properties, receivedAt: clock.now() }),
    );
    void stored?.catch(() => {});
  }
}
