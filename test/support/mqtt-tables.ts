/** Tables of MQTT 5.0 §2.2.2.2 (properties) and §2.4 (reason codes), written out for the tests, apart from the broker's own. */

export type PropertyKind = 'byte' | 'uint16' | 'uint32' | 'variable' | 'string' | 'binary' | 'pair';

export type Place =
  | 'CONNECT'
  | 'WILL'
  | 'CONNACK'
  | 'PUBLISH'
  | 'PUBACK'
  | 'PUBREC'
  | 'PUBREL'
  | 'PUBCOMP'
  | 'SUBSCRIBE'
  | 'SUBACK'
  | 'UNSUBSCRIBE'
  | 'UNSUBACK'
  | 'DISCONNECT'
  | 'AUTH';

export interface PropertyRule {
  readonly id: number;
  readonly name: string;
  readonly kind: PropertyKind;
  /** Packets of a client that may carry it. */
  readonly client: readonly Place[];
  /** Packets of a server that may carry it. */
  readonly server: readonly Place[];
  readonly isPositive?: boolean;
  readonly isFlag?: boolean;
}

const ACKS = ['PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP'] as const;
const MESSAGE = { client: ['PUBLISH', 'WILL'], server: ['PUBLISH'] } as const;
const CONNACK = { client: [], server: ['CONNACK'] } as const;

const rules: readonly PropertyRule[] = [
  { id: 0x01, name: 'payloadFormatIndicator', kind: 'byte', ...MESSAGE, isFlag: true },
  { id: 0x02, name: 'messageExpiryInterval', kind: 'uint32', ...MESSAGE },
  { id: 0x03, name: 'contentType', kind: 'string', ...MESSAGE },
  { id: 0x08, name: 'responseTopic', kind: 'string', ...MESSAGE },
  { id: 0x09, name: 'correlationData', kind: 'binary', ...MESSAGE },
  {
    id: 0x0b,
    name: 'subscriptionIdentifier',
    kind: 'variable',
    client: ['SUBSCRIBE'],
    server: ['PUBLISH'],
    isPositive: true,
  },
  { id: 0x11, name: 'sessionExpiryInterval', kind: 'uint32', client: ['CONNECT', 'DISCONNECT'], server: ['CONNACK'] },
  { id: 0x12, name: 'assignedClientIdentifier', kind: 'string', ...CONNACK },
  { id: 0x13, name: 'serverKeepAlive', kind: 'uint16', ...CONNACK },
  {
    id: 0x15,
    name: 'authenticationMethod',
    kind: 'string',
    client: ['CONNECT', 'AUTH'],
    server: ['CONNACK', 'AUTH'],
  },
  { id: 0x16, name: 'authenticationData', kind: 'binary', client: ['CONNECT', 'AUTH'], server: ['CONNACK', 'AUTH'] },
  { id: 0x17, name: 'requestProblemInformation', kind: 'byte', client: ['CONNECT'], server: [], isFlag: true },
  { id: 0x18, name: 'willDelayInterval', kind: 'uint32', client: ['WILL'], server: [] },
  { id: 0x19, name: 'requestResponseInformation', kind: 'byte', client: ['CONNECT'], server: [], isFlag: true },
  { id: 0x1a, name: 'responseInformation', kind: 'string', ...CONNACK },
  { id: 0x1c, name: 'serverReference', kind: 'string', client: [], server: ['CONNACK', 'DISCONNECT'] },
  {
    id: 0x1f,
    name: 'reasonString',
    kind: 'string',
    client: [...ACKS, 'DISCONNECT', 'AUTH'],
    server: ['CONNACK', ...ACKS, 'SUBACK', 'UNSUBACK', 'DISCONNECT', 'AUTH'],
  },
  {
    id: 0x21,
    name: 'receiveMaximum',
    kind: 'uint16',
    client: ['CONNECT'],
    server: ['CONNACK'],
    isPositive: true,
  },
  { id: 0x22, name: 'topicAliasMaximum', kind: 'uint16', client: ['CONNECT'], server: ['CONNACK'] },
  { id: 0x23, name: 'topicAlias', kind: 'uint16', client: ['PUBLISH'], server: ['PUBLISH'], isPositive: true },
  { id: 0x24, name: 'maximumQoS', kind: 'byte', ...CONNACK, isFlag: true },
  { id: 0x25, name: 'retainAvailable', kind: 'byte', ...CONNACK, isFlag: true },
  {
    id: 0x26,
    name: 'userProperty',
    kind: 'pair',
    client: ['CONNECT', 'WILL', 'PUBLISH', ...ACKS, 'SUBSCRIBE', 'UNSUBSCRIBE', 'DISCONNECT', 'AUTH'],
    server: ['CONNACK', 'PUBLISH', ...ACKS, 'SUBACK', 'UNSUBACK', 'DISCONNECT', 'AUTH'],
  },
  {
    id: 0x27,
    name: 'maximumPacketSize',
    kind: 'uint32',
    client: ['CONNECT'],
    server: ['CONNACK'],
    isPositive: true,
  },
  { id: 0x28, name: 'wildcardSubscriptionAvailable', kind: 'byte', ...CONNACK, isFlag: true },
  { id: 0x29, name: 'subscriptionIdentifiersAvailable', kind: 'byte', ...CONNACK, isFlag: true },
  { id: 0x2a, name: 'sharedSubscriptionAvailable', kind: 'byte', ...CONNACK, isFlag: true },
];

/** By Property Identifier. */
export const propertyRules: readonly (PropertyRule | undefined)[] = Array.from({ length: 256 }, (_, id) =>
  rules.find((rule) => rule.id === id),
);

/** Names of the control packets by type (§2.1.2). */
export const packetNames = [
  'RESERVED',
  'CONNECT',
  'CONNACK',
  'PUBLISH',
  'PUBACK',
  'PUBREC',
  'PUBREL',
  'PUBCOMP',
  'SUBSCRIBE',
  'SUBACK',
  'UNSUBSCRIBE',
  'UNSUBACK',
  'PINGREQ',
  'PINGRESP',
  'DISCONNECT',
  'AUTH',
] as const;

export type PacketName = (typeof packetNames)[number];

const PUBLISH_CODES = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];

/** The codes that a 5.0 server may put into a packet. */
export const serverCodes: Readonly<Partial<Record<PacketName, readonly number[]>>> = {
  CONNACK: [
    0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b,
    0x9c, 0x9d, 0x9f,
  ],
  PUBACK: PUBLISH_CODES,
  PUBREC: PUBLISH_CODES,
  PUBREL: [0x00, 0x92],
  PUBCOMP: [0x00, 0x92],
  SUBACK: [0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
  UNSUBACK: [0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
  DISCONNECT: [
    0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
    0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
  ],
  AUTH: [0x00, 0x18],
};

/** The codes that a 5.0 client may put into a packet. */
export const clientCodes: Readonly<Partial<Record<PacketName, readonly number[]>>> = {
  PUBACK: PUBLISH_CODES,
  PUBREC: PUBLISH_CODES,
  PUBREL: [0x00, 0x92],
  PUBCOMP: [0x00, 0x92],
  DISCONNECT: [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99],
  AUTH: [0x18, 0x19],
};
