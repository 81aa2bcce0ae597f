/** Control packets, as they are read: checked. Field names are those of MQTT 5.0 §3. */
import type { QoS } from '../message.js';
import type { Subscription } from '../router.js';
import type { Properties } from './properties.js';

/** Protocol Version (§3.1.2.2): 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. */
export type ProtocolVersion = 3 | 4 | 5;

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

export interface ConnectPacket {
  readonly type: 'connect';
  readonly protocolVersion: ProtocolVersion;
  /** Another broker as a client: bit 7 of the protocol level of 3.1 and 3.1.1, a custom begun by Mosquitto. */
  readonly isBridge: boolean;
  readonly clientId: string;
  /** Clean Start; Clean Session in 3.1.1. */
  readonly cleanStart: boolean;
  /** Seconds; 0: none. */
  readonly keepAlive: number;
  readonly will: WillFields | undefined;
  readonly username: string | undefined;
  /** A view of the packet: copy what is kept. */
  readonly password: Buffer | undefined;
  readonly properties: Properties;
}

/** Owned: nothing in it is a view of the packet. */
export interface WillFields {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: Properties;
}

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

export interface SubscribePacket {
  readonly type: 'subscribe';
  readonly packetIdentifier: number;
  /** The filters are not yet validated: each gets its own Reason Code. */
  readonly subscriptions: readonly Subscription[];
  readonly userProperties?: Properties['userProperties'];
}

export interface UnsubscribePacket {
  readonly type: 'unsubscribe';
  readonly packetIdentifier: number;
  readonly filters: readonly string[];
}

export interface SubscriptionAnswer {
  readonly type: 'suback' | 'unsuback';
  readonly packetIdentifier: number;
  /** One for each filter; of an UNSUBACK of 3.1.1 none. */
  readonly reasonCodes: Buffer;
  readonly reasonString: string | undefined;
}

export interface DisconnectPacket {
  readonly type: 'disconnect';
  readonly reasonCode: number;
  /** Of a client: seconds; undefined: as it was. */
  readonly sessionExpiryInterval: number | undefined;
  readonly reasonString: string | undefined;
  /** Of a server. */
  readonly serverReference: string | undefined;
}

export interface AuthPacket {
  readonly type: 'auth';
  /** 0x18 Continue authentication or 0x19 Re-authenticate. */
  readonly reasonCode: number;
  readonly authenticationMethod: string;
  /** A view of the packet. */
  readonly authenticationData: Buffer | undefined;
}

export interface PingreqPacket {
  readonly type: 'pingreq';
}

export interface PingrespPacket {
  readonly type: 'pingresp';
}

/** What a client may send. */
export type ClientPacket =
  | ConnectPacket
  | PublishPacket
  | AcknowledgementPacket
  | SubscribePacket
  | UnsubscribePacket
  | DisconnectPacket
  | AuthPacket
  | PingreqPacket;

/** What a server may send to a client that asked for no enhanced authentication. */
export type ServerPacket =
  | ConnackPacket
  | PublishPacket
  | AcknowledgementPacket
  | SubscriptionAnswer
  | PingrespPacket
  | DisconnectPacket;
