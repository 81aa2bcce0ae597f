/** Messages that the far side has not acknowledged, by Packet Identifier, in the order in which they were sent. */
import type { GatewayError } from '../../core/errors.js';
import { freeOf, LOSS_REPORTS, STORED } from '../packet-identifiers.js';
import type { Encoded } from '../route-types.js';
import type { Item } from './item.js';

/** Of a stored message: it follows from its sequence, so that after a crash it comes again under the one it had. */
export function packetIdOf(sequence: number): number {
  return ((sequence - 1) % STORED.last) + 1;
}

export interface Flight {
  readonly packetId: number;
  /** What is settled with its acknowledgement: one, several of a batch, or none when it is not from the outbox. */
  readonly items: readonly Item[];
  /** As it was sent; undefined: by an earlier run. */
  readonly encoded: Encoded | undefined;
  /**
   * sent: PUBLISH; released: PUBREC came, and PUBREL goes, or went, once {@link batch} is kept; given up: it must not be
   * delivered any more, and its identifier is being made free (MQTT 5.0 §4.3.3).
   */
  stage: 'sent' | 'released' | 'given-up';
  /** Of the release, or of what else must be on disk before the next packet. */
  batch: number;
  isReleaseSent: boolean;
  /** Why it is given up. */
  reason: string;
  /** Not from the outbox: who wants to know. */
  readonly settled: ((refusal: GatewayError | undefined) => void) | undefined;
}

export function flightOf(
  packetId: number,
  items: readonly Item[],
  encoded: Encoded | undefined,
  settled?: Flight['settled'],
): Flight {
  return { packetId, items, encoded, stage: 'sent', batch: 0, isReleaseSent: false, reason: '', settled };
}

export class Flights {
  readonly #flights = new Map<number, Flight>();

  get size(): number {
    return this.#flights.size;
  }

  has(packetId: number): boolean {
    return this.#flights.has(packetId);
  }

  get(packetId: number): Flight | undefined {
    return this.#flights.get(packetId);
  }

  add(flight: Flight): void {
    this.#flights.set(flight.packetId, flight);
  }

  delete(packetId: number): void {
    this.#flights.delete(packetId);
  }

  values(): Iterable<Flight> {
    return this.#flights.values();
  }

  /** Takes all of them out. */
  land(): readonly Flight[] {
    const landed = [...this.#flights.values()];
    this.#flights.clear();
    return landed;
  }

  /** For what is not from the outbox; undefined: there is none. */
  freeId(): number | undefined {
    return freeOf(LOSS_REPORTS, (packetId) => this.#flights.has(packetId));
  }
}
