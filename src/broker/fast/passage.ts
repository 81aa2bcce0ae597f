/** Who takes frames as they came. */
import type { Run } from './frames.js';
import type { Pile, Piled } from './pile.js';

/** A connection that may be sent frames as they came. */
export interface Passage {
  /** Whether the client takes these frames as they are, and all of them now. */
  takes(run: Run): boolean;
  /** Sends QoS 0 as it came. @returns false when nothing was sent, because it does not {@link takes} it */
  forward(run: Run): boolean;
  /** The same with all runs on a pile. @returns false when nothing was sent: it is for {@link forward}, run by run */
  forwardPile(pile: Pile, piled: Piled): boolean;
  /**
   * Sends QoS 0 as it came to a client that is behind, in place of what waits longest.
   *
   * @returns how many messages that waited were dropped for it; 0: nothing was sent
   */
  forwardLate(run: Run): number;
  /**
   * Sends QoS 0 as it came, frame after frame, until the client is behind: what was sent is added to {@link Run.part}.
   *
   * @returns false when nothing was sent, because it takes no such frames
   */
  forwardPart(run: Run): boolean;
  /** Sends one PUBLISH of QoS 1 or 2 as it came, but for the Packet Identifier; only if it {@link takes} it. */
  forwardOne(run: Run, packetIdentifier: number): void;
}

/** The session of such a connection, or of none. */
export interface Recipient {
  /** Sends QoS 0 as it came. @returns false when nothing was done: it is for {@link forwardLate}, then {@link forwardPart} */
  forward(run: Run): boolean;
  /** The same with all runs on a pile. @returns false when nothing was done: it is for {@link forward}, run by run */
  forwardPile(pile: Pile, piled: Piled): boolean;
  /** The same to a client that is behind, in place of what waits longest. */
  forwardLate(run: Run): boolean;
  /**
   * The same to a client that is absent, or behind, or will be.
   *
   * @returns false when nothing was done; else {@link Run.part} is what was sent, the rest is dropped
   */
  forwardPart(run: Run): boolean;
  /** The same with QoS 1 or 2, in a session that ends with its connection: the message is not kept. */
  forwardOne(run: Run, topic: string): boolean;
}
