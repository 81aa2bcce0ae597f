import type { DiskState } from '../../core/store.js';

/** What the outbox needs of the store. */
export interface Keeping {
  /** Nothing can be kept now, and why: publishers are told. */
  readonly refusal: Error | undefined;
  readonly disk: DiskState;
  /** @see Store.batchNumber */
  readonly batchNumber: number;
  isKept(batch: number): boolean;
}
