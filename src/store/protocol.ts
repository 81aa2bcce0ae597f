/** What the store and its worker say to each other. */
import type { LabelFilter, Surveyed } from '../core/store.js';

export interface WorkerOptions {
  readonly file: string;
  /** strict: every commit reaches the disk before it is answered; relaxed: the system writes it when it likes. */
  readonly durability: 'strict' | 'relaxed';
  /** Names of the tables; a batch has their numbers. */
  readonly tables: readonly string[];
  /** Version of this program. */
  readonly program: string;
  /** The highest schema it knows; undefined: that of these sources. */
  readonly schema: number | undefined;
  /** A newer program was given up: a store that it migrated makes way for its backup. */
  readonly isAfterFallback: boolean;
}

/** Requests are answered in order, each once, with its `id`. */
export type WorkerRequest =
  | { readonly kind: 'batch'; readonly id: number; readonly bytes: ArrayBuffer; readonly length: number }
  | {
      readonly kind: 'read';
      readonly id: number;
      readonly receiver: number;
      readonly after: number;
      readonly messages: number;
      readonly only: LabelFilter | undefined;
    }
  | {
      readonly kind: 'survey';
      readonly id: number;
      readonly receiver: number;
      readonly after: number;
      readonly messages: number;
    }
  | {
      readonly kind: 'readReleased';
      readonly id: number;
      readonly receiver: number;
      readonly upTo: number;
      readonly after: number;
      readonly messages: number;
    }
  | {
      readonly kind: 'dropOldest';
      readonly id: number;
      readonly receiver: number;
      readonly spared: number;
      readonly sentTo: number;
      readonly messages: number;
    }
  /** How full the disk is. */
  | { readonly kind: 'disk'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number };

export interface FoundQueue {
  readonly id: number;
  readonly receiver: string;
  readonly messages: number;
  readonly bytes: number;
  readonly lastSequence: number;
}

export interface Found {
  readonly queues: readonly FoundQueue[];
  readonly tables: readonly { readonly name: string; readonly entries: readonly (readonly [string, Uint8Array])[] }[];
  readonly lastMessageId: number;
  /** What happened to a file that was damaged. */
  readonly repair: Repair | undefined;
  readonly damagedLog: DamagedLog | undefined;
  /** A newer program had migrated the store: its backup is what counts, what came since was set aside. */
  readonly restored: Restored | undefined;
  /** The file is only read, or cannot be opened at all: nothing can be kept, and why. */
  readonly blocked: Failure | undefined;
}

export interface Restored {
  readonly setAside: string;
  /** Of the backup. */
  readonly schema: number;
  /** When it was made, Unix ms. */
  readonly backupAt: number;
}

export interface Repair {
  /** Where the damaged file is now. */
  readonly setAside: string;
  readonly keptMessages: number;
  readonly keptRecords: number;
  /** Ranges that could not be read; undefined: not known, an earlier start had begun it. */
  readonly unreadable: number | undefined;
  readonly reason: string;
}

/** The write-ahead log was damaged in its middle: what was committed behind that is lost. */
export interface DamagedLog {
  /** A copy of it; undefined: none could be made. */
  readonly setAside: string | undefined;
  readonly commits: number;
  /** First damaged frame, bytes from the beginning. */
  readonly at: number;
}

export interface ReadEntry {
  readonly sequence: number;
  readonly flags: number;
  readonly released: number;
  readonly identifiers: readonly number[];
  readonly share: string | undefined;
  readonly record: Buffer;
}

export interface Failure {
  /** SQLite's name for it, or the system's: SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR, ENOSPC. */
  readonly code: string;
  readonly message: string;
}

export interface DiskFigures {
  readonly freeBytes: number;
  readonly diskBytes: number;
  readonly writtenBytes: number;
  readonly fileBytes: number;
  readonly logBytes: number;
}

export type WorkerAnswer =
  | { readonly kind: 'opened'; readonly found: Found; readonly disk: DiskFigures }
  | { readonly kind: 'notOpened'; readonly failure: Failure }
  | { readonly kind: 'committed'; readonly id: number; readonly disk: DiskFigures }
  /** Nothing of the batch is kept; what was no promise is tried again with the next. */
  | { readonly kind: 'refused'; readonly id: number; readonly failure: Failure; readonly disk: DiskFigures }
  | {
      readonly kind: 'entries';
      readonly id: number;
      /** @see EntryWriter */
      readonly slabs: readonly Uint8Array<ArrayBuffer>[];
      readonly failure?: Failure;
    }
  | { readonly kind: 'surveyed'; readonly id: number; readonly labels: readonly Surveyed[]; readonly failure?: Failure }
  | {
      readonly kind: 'dropped';
      readonly id: number;
      readonly messages: number;
      readonly bytes: number;
      readonly failure?: Failure;
    }
  | { readonly kind: 'disk'; readonly id: number; readonly disk: DiskFigures }
  | { readonly kind: 'closed'; readonly id: number };
