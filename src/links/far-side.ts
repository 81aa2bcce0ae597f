/** What every kind of link offers to the part that decides what is sent: one open connection to the far side. */
import type { GatewayError } from '../core/errors.js';
import type { PublishProperties, QoS } from '../core/message.js';
import type { Outgoing } from './queue.js';

/** A message from the far side, under its name there. */
export interface Incoming {
  readonly topic: string;
  /** Owned bytes. */
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: PublishProperties | undefined;
  /** Message Expiry Interval that is left, s. */
  readonly expirySeconds: number | undefined;
}

export interface FarSide {
  /** How many messages of QoS 1 and 2 may be unacknowledged (MQTT 5.0 §3.3.4). */
  readonly window: number;
  /** false: bytes wait for the network; `onDrain` tells when there is room again. */
  readonly isWritable: boolean;
  /** Why the far side would not accept this message at all; undefined: it would. */
  refusal(message: Outgoing): GatewayError | undefined;
  /**
   * Sends one message. `settled` is called once the far side took it (QoS 0: when written) or refused it for good;
   * never when the connection is lost.
   */
  publish(message: Outgoing, expirySeconds: number | undefined, settled: (refusal?: GatewayError) => void): void;
  /** Resolves with the refusal of the far side, or undefined when it granted the subscription; rejects when the connection ends. */
  subscribe(filter: string, qos: QoS): Promise<GatewayError | undefined>;
  /** Resolves with the cause when the connection is gone; never rejects. */
  readonly closed: Promise<GatewayError>;
  /** Ends the connection for this reason. */
  fail(cause: GatewayError): void;
  /** Says goodbye and closes; `closed` tells when that is done. With `will` the far side publishes the will. */
  close(will: boolean): void;
}

export interface FarSideEvents {
  /** The promise is our acknowledgement. Must not reject. */
  onMessage(message: Incoming): Promise<void>;
  onDrain(): void;
}
