/**
 * QoS 1 and 2 messages on their way to a client whose session ends with its connection: they are never sent again, so that
 * one number each is all that is kept. The states are those of inflight.ts.
 */

/** As that of inflight.ts, which asks here. */
type AcknowledgementResult = 'done' | 'release' | 'unknown' | 'mismatch';

const QOS_1 = 0;
const QOS_2 = 1;
/** PUBREC has come, PUBREL is out. */
const RELEASED = 2;
const STATES = 4;

export class PassingMessages {
  /** Packet Identifier → bytes of the message × {@link STATES} + state. */
  #entries: Map<number, number> | undefined;
  #bytes = 0;
  #released = 0;

  /** Of the messages, as far as they are not kept, either. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  /** QoS 2 messages of which the client has said PUBREC. */
  get released(): number {
    return this.#released;
  }

  has(packetIdentifier: number): boolean {
    return this.#entries?.has(packetIdentifier) ?? false;
  }

  add(packetIdentifier: number, qos: 1 | 2, bytes: number): void {
    this.#entries ??= new Map();
    this.#entries.set(packetIdentifier, bytes * STATES + (qos === 1 ? QOS_1 : QOS_2));
    this.#bytes += bytes;
  }

  clear(): void {
    this.#entries = undefined;
    this.#bytes = 0;
    this.#released = 0;
  }

  puback(packetIdentifier: number): AcknowledgementResult {
    const entry = this.#entries?.get(packetIdentifier);
    if (entry === undefined) return 'unknown';
    return entry % STATES === QOS_1 ? this.#done(packetIdentifier, entry) : 'mismatch';
  }

  pubrec(packetIdentifier: number, isFailure: boolean): AcknowledgementResult {
    const entry = this.#entries?.get(packetIdentifier);
    if (entry === undefined) return 'unknown';
    const state = entry % STATES;
    if (state === QOS_1) return 'mismatch';
    if (isFailure) return this.#done(packetIdentifier, entry);
    if (state === QOS_2) {
      this.#entries!.set(packetIdentifier, entry - QOS_2 + RELEASED);
      this.#released++;
    }
    return 'release';
  }

  pubcomp(packetIdentifier: number): AcknowledgementResult {
    const entry = this.#entries?.get(packetIdentifier);
    if (entry === undefined) return 'unknown';
    return entry % STATES === RELEASED ? this.#done(packetIdentifier, entry) : 'mismatch';
  }

  #done(packetIdentifier: number, entry: number): AcknowledgementResult {
    this.#entries!.delete(packetIdentifier);
    this.#bytes -= Math.floor(entry / STATES);
    if (entry % STATES === RELEASED) this.#released--;
    return 'done';
  }
}
