/** What every kind of link offers to the part that decides what is sent: one open connection to the far side. */
import type { GatewayError } from '../core/errors.js';
import type { PublishProperties, QoS } from '../core/message.js';

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
  /** QoS 2: that the message was here is kept with it. To be called in the turn in which it is published, each time it is. */
  readonly keep?: () => void;
}

/** A message under the name it has at the far side. */
export interface Outgoing {
  readonly topic: string;
  /** At most the Maximum QoS of the far side: see {@link FarSide.maximumQoS}. */
  readonly qos: QoS;
  readonly retain: boolean;
  readonly payload: Buffer;
  readonly properties: PublishProperties | undefined;
  /** Message Expiry Interval that is left, s. */
  readonly expirySeconds: number | undefined;
  /** 1 to 65,535; 0 with QoS 0. Chosen by the sender. */
  readonly packetId: number;
  /** It may have been sent before under this identifier. */
  readonly dup: boolean;
}

export interface SubscribeWishes {
  /** Messages of ours do not come back (5.0); by default. */
  readonly noLocal?: boolean;
  /** Retained messages are sent only if there was no such subscription (5.0). */
  readonly onlyNew?: boolean;
  /** Lowest QoS at which messages are to come; heeded by gateways of ours (5.0). */
  readonly minQos?: QoS;
}

export interface FarSide {
  /** The far side still has our session (CONNACK), and it is the one that we sent to last: what it has of our messages, by Packet Identifier, counts. */
  readonly sessionPresent: boolean;
  /** How many messages of QoS 1 and 2 may be unacknowledged (MQTT 5.0 §3.3.4). */
  readonly window: number;
  readonly maximumQoS: QoS;
  readonly retainAvailable: boolean;
  /** false: bytes wait for the network; `onDrain` tells when there is room again. */
  readonly isWritable: boolean;
  /** Bytes written to the wire since it opened. */
  readonly bytesOut: number;
  /** Why the far side would not accept this message at all (Maximum Packet Size), or MQTT cannot express it; undefined: it would. */
  refusal(message: Outgoing): GatewayError | undefined;
  /** Writes of one turn of the event loop leave together. */
  publish(message: Outgoing): void;
  /** PUBREL; only after the release is kept. */
  release(packetId: number): void;
  /** Resolves with the refusal of the far side, or undefined when it granted the subscription; rejects when the connection ends. */
  subscribe(filter: string, qos: QoS, options?: SubscribeWishes): Promise<GatewayError | undefined>;
  unsubscribe(filter: string): Promise<void>;
  /** Ends what the session that is continued is subscribed to without having been asked for over this connection. */
  unsubscribeOthers(): Promise<void>;
  /** Resolves with the cause when the connection is gone; never rejects. */
  readonly closed: Promise<GatewayError>;
  /** Ends the connection for this reason. */
  fail(cause: GatewayError): void;
  /** Says goodbye and closes; `closed` tells when that is done. With `will` the far side publishes the will. */
  close(will: boolean): void;
}

export interface FarSideEvents {
  /** The promise is our acknowledgement (PUBACK, PUBREC). Rejects when the message is not taken: it will be sent again. */
  onMessage(message: Incoming): Promise<void>;
  /** PUBACK, PUBREC or PUBCOMP for this identifier; `refusal`: its Reason Code is 0x80 or more. */
  onAcknowledged(packet: 'puback' | 'pubrec' | 'pubcomp', packetId: number, refusal: GatewayError | undefined): void;
  onDrain(): void;
}
