/** A sequence of packets by one to three clients, as it is played to a broker. */
import type { AcknowledgementName } from '../support/mqtt-writer.js';

/** Slots for connections in one scenario. */
export const SLOTS = 3;

export type Step =
  /** A new connection takes the slot (one that is there is cut first), and sends. */
  | { readonly does: 'open'; readonly slot: number; readonly bytes: Buffer }
  /** Skipped when the slot has no open connection. */
  | { readonly does: 'send'; readonly slot: number; readonly bytes: Buffer }
  /** The network connection is gone, without DISCONNECT. */
  | { readonly does: 'cut'; readonly slot: number }
  /** An acknowledgement for a message that was received; which one depends on what the broker has sent. */
  | {
      readonly does: 'reply';
      readonly slot: number;
      /** `right`: what the state of the message asks for. */
      readonly reply: 'right' | AcknowledgementName;
      /** Which of the messages that are not done, by age. */
      readonly which: number;
      readonly code: number | undefined;
    };

export interface Scenario {
  readonly index: number;
  /** In every name that it uses. */
  readonly prefix: string;
  readonly steps: readonly Step[];
  /** By slot: acknowledges everything at once and rightly; else only with `reply` steps. */
  readonly isAutomatic: readonly boolean[];
  /** Uses filters that see the topics of others: must be played alone. */
  readonly isGlobal: boolean;
}
