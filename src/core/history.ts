/** What points were over time: what is recorded of them, and how it is asked for. */
import type { Quality } from './adapter.js';

export interface HistoryConfig {
  /** Patterns of `device/point`, with `*` for any characters: `boiler/*`. */
  readonly points: readonly string[];
  /** Samples, and what sums up their minutes, are kept for so long, ms. */
  readonly keep: number;
  /** What sums up their hours is kept for so long, ms. */
  readonly keepHours: number;
  /** On disk, bytes; beyond it the oldest samples go first. */
  readonly maxBytes: number;
}

/** In engineering terms. */
export type HistoryValue = number | bigint | boolean | string;

/** One reading of a point, as it was published. */
export interface HistorySample {
  readonly device: string;
  readonly point: string;
  readonly unit: string | undefined;
  /** undefined when quality is bad. */
  readonly value: HistoryValue | undefined;
  readonly quality: Quality;
  /** Unix ms. */
  readonly at: number;
  /** The time is of a clock that was not set, and is corrected when it is. */
  readonly isUnsynced?: boolean;
}

export interface HistoryRecorder {
  /** Takes it, to be written with others a second later. Never waits. */
  record(sample: HistorySample): void;
}

export interface HistoryQuery {
  readonly device: string;
  readonly point: string;
  /** Unix ms, included. */
  readonly from: number;
  /** Unix ms, not included. */
  readonly to: number;
  /** Length of a period that is summed up, ms; undefined: every sample. */
  readonly every: number | undefined;
  /** Most rows. */
  readonly limit: number;
}

/** to undefined: now; from undefined: `last` ms before it, an hour when that is undefined, too. */
export interface HistoryRequest extends Omit<HistoryQuery, 'from' | 'to'> {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly last: number | undefined;
}

/** Where nobody says from when, ms. */
const SPAN = 3_600_000;

/** @param now - Unix ms */
export function historySpan(request: HistoryRequest, now: number): Pick<HistoryQuery, 'from' | 'to'> {
  const { to = now + 1, last = SPAN } = request;
  return { from: request.from ?? Math.max(0, to - last), to };
}

/** A value without JSON, a bigint beyond 2^53, is its digits. */
export interface SampleView {
  /** Unix ms. */
  readonly at: number;
  readonly value: number | boolean | string | null;
  readonly quality: Quality;
  /** The time is of a clock that was not set. */
  readonly timeQuality?: 'unsynced';
}

/** A period with at least one sample; the figures are of its good numbers, null without any. */
export interface PeriodView {
  /** Its begin, Unix ms. */
  readonly at: number;
  /** Samples that are good numbers. */
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  /** Mean of the samples, however long each was the last one. */
  readonly mean: number | null;
  /** The last good one. */
  readonly last: number | null;
  /** Samples that are not good numbers. */
  readonly others: number;
}

export interface HistoryView {
  readonly device: string;
  readonly point: string;
  readonly unit?: string;
  readonly from: number;
  readonly to: number;
  /** ms; null: every sample. */
  readonly every: number | null;
  /** Exactly one of both. */
  readonly samples?: readonly SampleView[];
  readonly periods?: readonly PeriodView[];
  /** There is more: ask again from here, Unix ms. Absent: that was all. */
  readonly next?: number;
}

export interface SeriesView {
  readonly device: string;
  readonly point: string;
  readonly unit?: string;
  /** Kept samples. */
  readonly samples: number;
  /** Unix ms of the oldest and the newest of them; null: there are none any more. */
  readonly first: number | null;
  readonly last: number | null;
}

export interface HistorySummary {
  readonly series: number;
  /** Recorded since the gateway started. */
  readonly recorded: number;
  /** Not recorded because the disk took nothing for too long. */
  readonly dropped: number;
  /** Waiting to be written. */
  readonly waiting: number;
  /** On disk. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** ms. */
  readonly keep: number;
  /** maxBytes made room before `keep` was over: nothing before is kept, Unix ms. */
  readonly shortened?: number;
}
