/** QoS 2 messages that a client has sent and not yet released by PUBREL (MQTT 5.0 §4.3.3), by their Packet Identifiers. */
import { PacketIdentifiers } from './packet-identifiers.js';
import type { Persistence } from './persistence/persistence.js';

export class IncomingMessages {
  readonly #clientId: string;
  /** Where those of a durable session are kept. */
  readonly #keeper: Persistence | undefined;
  readonly #held = new PacketIdentifiers();
  /** Those of them that are in the store, with their messages. */
  readonly #kept = new PacketIdentifiers();
  /** Those of them whose PUBLISH came over the present connection. */
  readonly #now = new PacketIdentifiers();

  /** Of those whose message is not committed yet, or with a function. */
  #waiting: Map<number, Promise<void>> | undefined;

  constructor(clientId: string, keeper: Persistence | undefined) {
    this.#clientId = clientId;
    this.#keeper = keeper;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Of this connection: they count against our Receive Maximum (§4.9). */
  get outstanding(): number {
    return this.#now.size;
  }

  get kept(): PacketIdentifiers {
    return this.#kept;
  }

  connect(): void {
    this.#now.clear();
  }

  /** A QoS 2 PUBLISH with a Packet Identifier held is the same message again (§4.3.3). */
  has(packetIdentifier: number): boolean {
    return this.#held.has(packetIdentifier);
  }

  hold(packetIdentifier: number): void {
    this.#held.add(packetIdentifier);
    this.#now.add(packetIdentifier);
  }

  /**
   * Its message is kept with it: after a crash it must be known that it was here. To be called in the same turn. Not if it is
   * held no more: a function may have had the message for longer than the session lasted.
   */
  keep(packetIdentifier: number): void {
    if (this.#keeper === undefined || !this.#held.has(packetIdentifier)) return;
    this.#kept.add(packetIdentifier);
    this.#keeper.hold(this.#clientId, packetIdentifier);
  }

  /** What comes of its message is not kept before `committed`; if that fails, it was never here. */
  wait(packetIdentifier: number, committed: Promise<void>): void {
    this.#waiting ??= new Map();
    const waiting = this.#waiting.set(packetIdentifier, committed);
    const done = () => {
      if (waiting.get(packetIdentifier) === committed) waiting.delete(packetIdentifier);
    };
    committed.then(done, done);
  }

  /** Of a message that is held: what is to be waited for before its sender may be told. */
  waitsFor(packetIdentifier: number): Promise<void> | undefined {
    return this.#waiting?.get(packetIdentifier);
  }

  /** @returns whether it was held */
  release(packetIdentifier: number): boolean {
    this.#now.delete(packetIdentifier);
    this.#waiting?.delete(packetIdentifier);
    if (this.#kept.delete(packetIdentifier)) this.#keeper?.release(this.#clientId, packetIdentifier);
    return this.#held.delete(packetIdentifier);
  }

  /** Whether what {@link release} would say goes to the store: PUBCOMP has to wait for that. */
  isKept(packetIdentifier: number): boolean {
    return this.#kept.has(packetIdentifier);
  }

  /** The session is over. */
  end(): void {
    this.#held.clear();
    this.#kept.clear();
    this.#now.clear();
    this.#waiting = undefined;
  }

  restore(packetIdentifier: number): void {
    this.#held.add(packetIdentifier);
    this.#kept.add(packetIdentifier);
  }
}
