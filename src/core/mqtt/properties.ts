/** The properties of MQTT 5.0 §2.2.2.2: their types, who may put them where, and with which values. */

import { PropertyIdentifier as P } from './property-identifiers.js';
import type { Sender } from './sender.js';

/** User Properties of one packet: with more, 16 MB of them would become a gigabyte, and no message is kept with 65,536. */
export const MAX_USER_PROPERTIES = 10_000;

/** Where properties stand; `will` is the second set inside CONNECT, `acknowledgement` is also SUBACK and UNSUBACK. */
export type PropertyPlace =
  | 'connect'
  | 'will'
  | 'connack'
  | 'publish'
  | 'acknowledgement'
  | 'subscribe'
  | 'unsubscribe'
  | 'disconnect'
  | 'auth';

/** Binary values that were read are views of the packet. Times are seconds, as on the wire. */
export interface Properties {
  payloadFormatIndicator?: boolean;
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Buffer;
  /** From a server the last of them; there is one for each subscription that matched (§3.3.4). */
  subscriptionIdentifier?: number;
  sessionExpiryInterval?: number;
  assignedClientIdentifier?: string;
  serverKeepAlive?: number;
  authenticationMethod?: string;
  authenticationData?: Buffer;
  requestProblemInformation?: boolean;
  willDelayInterval?: number;
  requestResponseInformation?: boolean;
  responseInformation?: string;
  serverReference?: string;
  reasonString?: string;
  receiveMaximum?: number;
  topicAliasMaximum?: number;
  topicAlias?: number;
  maximumQoS?: boolean;
  retainAvailable?: boolean;
  userProperties?: readonly (readonly [name: string, value: string])[];
  maximumPacketSize?: number;
  wildcardSubscriptionAvailable?: boolean;
  subscriptionIdentifiersAvailable?: boolean;
  sharedSubscriptionAvailable?: boolean;
}

/** The data types of §1.5; `flag` is a byte that is 0 or 1, `pairs` are User Properties. */
export type PropertyKind = 'flag' | 'uint16' | 'uint32' | 'variable' | 'string' | 'binary' | 'pairs';

export interface PropertyRule {
  readonly identifier: number;
  readonly name: keyof Properties;
  readonly kind: PropertyKind;
  /** Where a client may put it. */
  readonly client: readonly PropertyPlace[];
  readonly server: readonly PropertyPlace[];
  /** From whom zero is a Protocol Error. The broker refuses a Topic Alias of 0 where it resolves it. */
  readonly positive?: readonly Sender[];
  /** Who may give it more than once. */
  readonly repeats?: Sender;
}

type Entry = readonly [
  identifier: number,
  name: keyof Properties,
  kind: PropertyKind,
  places: { readonly client?: readonly PropertyPlace[]; readonly server?: readonly PropertyPlace[] },
  more?: Pick<PropertyRule, 'positive' | 'repeats'>,
];

const INSIDE_MESSAGE = { client: ['publish', 'will'], server: ['publish'] } as const;
const BOTH = { positive: ['client', 'server'] } as const;
const entries: readonly Entry[] = [
  [P.payloadFormatIndicator, 'payloadFormatIndicator', 'flag', INSIDE_MESSAGE],
  [P.messageExpiryInterval, 'messageExpiryInterval', 'uint32', INSIDE_MESSAGE],
  [P.contentType, 'contentType', 'string', INSIDE_MESSAGE],
  [P.responseTopic, 'responseTopic', 'string', INSIDE_MESSAGE],
  [P.correlationData, 'correlationData', 'binary', INSIDE_MESSAGE],
  [
    P.subscriptionIdentifier,
    'subscriptionIdentifier',
    'variable',
    { client: ['subscribe'], server: ['publish'] },
    { ...BOTH, repeats: 'server' },
  ],
  [
    P.sessionExpiryInterval,
    'sessionExpiryInterval',
    'uint32',
    { client: ['connect', 'disconnect'], server: ['connack'] },
  ],
  [P.assignedClientIdentifier, 'assignedClientIdentifier', 'string', { server: ['connack'] }],
  [P.serverKeepAlive, 'serverKeepAlive', 'uint16', { server: ['connack'] }],
  [P.authenticationMethod, 'authenticationMethod', 'string', { client: ['connect', 'auth'], server: ['connack'] }],
  [P.authenticationData, 'authenticationData', 'binary', { client: ['connect', 'auth'], server: ['connack'] }],
  [P.requestProblemInformation, 'requestProblemInformation', 'flag', { client: ['connect'] }],
  [P.willDelayInterval, 'willDelayInterval', 'uint32', { client: ['will'] }],
  [P.requestResponseInformation, 'requestResponseInformation', 'flag', { client: ['connect'] }],
  [P.responseInformation, 'responseInformation', 'string', { server: ['connack'] }],
  [P.serverReference, 'serverReference', 'string', { server: ['connack', 'disconnect'] }],
  [
    P.reasonString,
    'reasonString',
    'string',
    { client: ['acknowledgement', 'disconnect', 'auth'], server: ['connack', 'acknowledgement', 'disconnect'] },
  ],
  [P.receiveMaximum, 'receiveMaximum', 'uint16', { client: ['connect'], server: ['connack'] }, BOTH],
  [P.topicAliasMaximum, 'topicAliasMaximum', 'uint16', { client: ['connect'], server: ['connack'] }],
  [P.topicAlias, 'topicAlias', 'uint16', { client: ['publish'], server: ['publish'] }, { positive: ['server'] }],
  [P.maximumQoS, 'maximumQoS', 'flag', { server: ['connack'] }],
  [P.retainAvailable, 'retainAvailable', 'flag', { server: ['connack'] }],
  [
    P.userProperty,
    'userProperties',
    'pairs',
    {
      client: ['connect', 'will', 'publish', 'acknowledgement', 'subscribe', 'unsubscribe', 'disconnect', 'auth'],
      server: ['connack', 'publish', 'acknowledgement', 'disconnect'],
    },
  ],
  [P.maximumPacketSize, 'maximumPacketSize', 'uint32', { client: ['connect'], server: ['connack'] }, BOTH],
  [P.wildcardSubscriptionAvailable, 'wildcardSubscriptionAvailable', 'flag', { server: ['connack'] }],
  [P.subscriptionIdentifiersAvailable, 'subscriptionIdentifiersAvailable', 'flag', { server: ['connack'] }],
  [P.sharedSubscriptionAvailable, 'sharedSubscriptionAvailable', 'flag', { server: ['connack'] }],
];

/** One for each property of {@link Properties}. */
export const propertyRules: readonly PropertyRule[] = entries.map(
  ([identifier, name, kind, { client = [], server = [] }, more]) => ({
    identifier,
    name,
    kind,
    client,
    server,
    ...more,
  }),
);
