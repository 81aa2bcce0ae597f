/** Control packets as a client sees them: what a server sent, checked. Field names are those of MQTT 5.0 §3. */
import type { QoS } from '../../../core/message.js';
import type { Properties } from './properties.js';

/** 4 is MQTT 3.1.1. */
export type ProtocolVersion = 4 | 5;

/** Control packet types (§2.1.2, table 2-1). */
export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

export interface ConnackPacket {
  readonly type: 'connack';
  readonly sessionPresent: boolean;
  /** In 3.1.1 the Connect Return Code. */
  readonly reasonCode: number;
  readonly properties: Properties | undefined;
}

export interface PublishPacket {
  readonly type: 'publish';
  /** Empty only with a Topic Alias. */
  readonly topic: string;
  /** A view of the packet: copy what is kept. */
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 for QoS 0. */
  readonly packetIdentifier: number;
  readonly properties: Properties | undefined;
}

export interface AcknowledgementPacket {
  readonly type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp';
  readonly packetIdentifier: number;
  readonly reasonCode: number;
  readonly reasonString: string | undefined;
}

export interface SubscriptionAnswer {
  readonly type: 'suback' | 'unsuback';
  readonly packetIdentifier: number;
  /** One for each filter; of an UNSUBACK of 3.1.1 none. */
  readonly reasonCodes: Buffer;
  readonly reasonString: string | undefined;
}

export interface PingrespPacket {
  readonly type: 'pingresp';
}

export interface DisconnectPacket {
  readonly type: 'disconnect';
  readonly reasonCode: number;
  readonly reasonString: string | undefined;
  readonly serverReference: string | undefined;
}

export type Packet =
  | ConnackPacket
  | PublishPacket
  | AcknowledgementPacket
  | SubscriptionAnswer
  | PingrespPacket
  | DisconnectPacket;
