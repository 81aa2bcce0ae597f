/** What the history and its worker say to each other. */
import type { TimeSegment } from '../core/clock.js';
import type { HistoryQuery, HistorySample, PeriodView, SampleView, SeriesView } from '../core/history.js';

export interface WorkerOptions {
  readonly file: string;
  /** ms. */
  readonly keep: number;
  readonly keepHours: number;
  readonly maxBytes: number;
  /** Less free on the disk, and nothing is written: bytes, plus a share (0 to 1) of the disk. */
  readonly minFree: { readonly bytes: number; readonly share: number };
}

/** What is to be written; without samples it is time to tidy up. */
export interface Batch {
  /** Unlike that of any other: it is written once, however often it is sent. */
  readonly name: string;
  readonly samples: readonly HistorySample[];
  /** Unix ms. */
  readonly now: number;
  /** It is the time of the world. */
  readonly isTimeKnown: boolean;
  /** Times of the unknown clock that are known by now. */
  readonly corrections: readonly TimeSegment[];
}

/** Requests are answered in order, each once, with its `id`. */
export type WorkerRequest =
  | { readonly kind: 'write'; readonly id: number; readonly batch: Batch }
  | { readonly kind: 'query'; readonly id: number; readonly query: HistoryQuery }
  | { readonly kind: 'list'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number };

/** SQLite's or the system's. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface FileFigures {
  readonly series: number;
  readonly bytes: number;
  /** What is older went before its time, Unix ms. */
  readonly shortened: number | undefined;
  /** The clock leapt: until then nothing goes for its age, Unix ms. */
  readonly heldUntil: number | undefined;
}

/** Rows of a query. */
export interface Rows {
  readonly unit: string | undefined;
  readonly samples: readonly SampleView[] | undefined;
  readonly periods: readonly PeriodView[] | undefined;
  readonly next: number | undefined;
}

export type WorkerAnswer =
  /** @param setAside - name of a damaged file that made way */
  | { readonly kind: 'opened'; readonly figures: FileFigures; readonly setAside: string | undefined }
  /** @param trouble - what failed beside the samples, which are written */
  | {
      readonly kind: 'written';
      readonly id: number;
      readonly trouble: Failure | undefined;
      readonly figures: FileFigures;
      readonly setAside: string | undefined;
    }
  /** undefined: there is no such series. */
  | { readonly kind: 'rows'; readonly id: number; readonly rows: Rows | undefined }
  | { readonly kind: 'series'; readonly id: number; readonly series: readonly SeriesView[] }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure }
  | { readonly kind: 'closed'; readonly id: number };
