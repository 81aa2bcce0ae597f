/**
 * Who uses which Packet Identifiers of a link (MQTT 5.0 §2.2.1): nobody meets those of another, however long one of them waits.
 * Stored messages return to the same identifier for ever, so a change here needs a migration of queues and sessions; there
 * is none for what development versions had in flight: no release numbered otherwise.
 */
export interface Identifiers {
  readonly first: number;
  readonly last: number;
}

/** Of messages of the outbox, by their sequence. */
export const STORED: Identifiers = { first: 1, last: 65_000 };
/** One at a time. */
export const HEARTBEATS: Identifiers = { first: 65_001, last: 65_100 };
export const LOSS_REPORTS: Identifiers = { first: 65_101, last: 65_200 };
/** SUBSCRIBE and UNSUBSCRIBE. */
export const REQUESTS: Identifiers = { first: 65_201, last: 65_535 };

/** @returns undefined: all of them are in use */
export function freeOf({ first, last }: Identifiers, isUsed: (packetId: number) => boolean): number | undefined {
  for (let id = first; id <= last; id++) if (!isUsed(id)) return id;
  return undefined;
}
