/** The properties a server may send (MQTT 5.0 §2.2.2.2): which packet allows them, how often, with which values. */
import { PropertyIdentifier } from '../../../core/mqtt/property-identifiers.js';
import type { Reader } from '../../../core/mqtt/reader.js';
import { ReasonCode } from '../../../core/mqtt/reason-codes.js';

export type PropertyPlace = 'connack' | 'publish' | 'acknowledgement' | 'disconnect';

/** Properties as received. Binary values are views of the packet. Times are seconds, as on the wire. */
export interface Properties {
  payloadFormatIndicator?: boolean;
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Buffer;
  /** The last of them; there is one for each subscription that matched (§3.3.4). */
  subscriptionIdentifier?: number;
  sessionExpiryInterval?: number;
  assignedClientIdentifier?: string;
  serverKeepAlive?: number;
  authenticationMethod?: string;
  authenticationData?: Buffer;
  responseInformation?: string;
  serverReference?: string;
  reasonString?: string;
  receiveMaximum?: number;
  topicAliasMaximum?: number;
  topicAlias?: number;
  maximumQoS?: boolean;
  retainAvailable?: boolean;
  userProperties?: [name: string, value: string][];
  maximumPacketSize?: number;
  wildcardSubscriptionAvailable?: boolean;
  subscriptionIdentifiersAvailable?: boolean;
  sharedSubscriptionAvailable?: boolean;
}

type Kind = 'flag' | 'uint16' | 'uint32' | 'variable' | 'string' | 'binary' | 'pair';

interface Rule {
  readonly name: keyof Properties;
  readonly kind: Kind;
  readonly places: readonly PropertyPlace[];
  /** Zero is a Protocol Error. */
  readonly positive?: boolean;
}

/** User Properties of one packet: more are read over, so that 16 MB of them do not become a gigabyte. */
const MAX_USER_PROPERTIES = 10_000;

const P = PropertyIdentifier;
const rules = new Map<number, Rule>([
  [P.payloadFormatIndicator, { name: 'payloadFormatIndicator', kind: 'flag', places: ['publish'] }],
  [P.messageExpiryInterval, { name: 'messageExpiryInterval', kind: 'uint32', places: ['publish'] }],
  [P.contentType, { name: 'contentType', kind: 'string', places: ['publish'] }],
  [P.responseTopic, { name: 'responseTopic', kind: 'string', places: ['publish'] }],
  [P.correlationData, { name: 'correlationData', kind: 'binary', places: ['publish'] }],
  [P.subscriptionIdentifier, { name: 'subscriptionIdentifier', kind: 'variable', places: ['publish'], positive: true }],
  [P.sessionExpiryInterval, { name: 'sessionExpiryInterval', kind: 'uint32', places: ['connack'] }],
  [P.assignedClientIdentifier, { name: 'assignedClientIdentifier', kind: 'string', places: ['connack'] }],
  [P.serverKeepAlive, { name: 'serverKeepAlive', kind: 'uint16', places: ['connack'] }],
  [P.authenticationMethod, { name: 'authenticationMethod', kind: 'string', places: ['connack'] }],
  [P.authenticationData, { name: 'authenticationData', kind: 'binary', places: ['connack'] }],
  [P.responseInformation, { name: 'responseInformation', kind: 'string', places: ['connack'] }],
  [P.serverReference, { name: 'serverReference', kind: 'string', places: ['connack', 'disconnect'] }],
  [P.reasonString, { name: 'reasonString', kind: 'string', places: ['connack', 'acknowledgement', 'disconnect'] }],
  [P.receiveMaximum, { name: 'receiveMaximum', kind: 'uint16', places: ['connack'], positive: true }],
  [P.topicAliasMaximum, { name: 'topicAliasMaximum', kind: 'uint16', places: ['connack'] }],
  [P.topicAlias, { name: 'topicAlias', kind: 'uint16', places: ['publish'], positive: true }],
  [P.maximumQoS, { name: 'maximumQoS', kind: 'flag', places: ['connack'] }],
  [P.retainAvailable, { name: 'retainAvailable', kind: 'flag', places: ['connack'] }],
  [
    P.userProperty,
    { name: 'userProperties', kind: 'pair', places: ['connack', 'publish', 'acknowledgement', 'disconnect'] },
  ],
  [P.maximumPacketSize, { name: 'maximumPacketSize', kind: 'uint32', places: ['connack'], positive: true }],
  [P.wildcardSubscriptionAvailable, { name: 'wildcardSubscriptionAvailable', kind: 'flag', places: ['connack'] }],
  [P.subscriptionIdentifiersAvailable, { name: 'subscriptionIdentifiersAvailable', kind: 'flag', places: ['connack'] }],
  [P.sharedSubscriptionAvailable, { name: 'sharedSubscriptionAvailable', kind: 'flag', places: ['connack'] }],
]);

/**
 * Reads a Property Length and the properties behind it; faults are left in the reader.
 *
 * @returns undefined when there are none
 */
export function readProperties(reader: Reader, place: PropertyPlace): Properties | undefined {
  const length = reader.variableByteInteger();
  if (length === 0) return undefined;
  if (length > reader.remaining) {
    reader.refuse(ReasonCode.malformedPacket, 'the Property Length exceeds the packet');
    return undefined;
  }
  const stop = reader.remaining - length;
  const properties: Properties = {};
  while (reader.remaining > stop) {
    // Every identifier in use fits one byte, although it is a Variable Byte Integer by definition.
    const rule = rules.get(reader.byte());
    if (rule === undefined || !rule.places.includes(place)) {
      reader.refuse(ReasonCode.malformedPacket, 'a property is unknown or not allowed in this packet');
      return undefined;
    }
    readProperty(reader, rule, properties);
  }
  if (reader.remaining < stop && reader.fault === undefined) {
    reader.refuse(ReasonCode.malformedPacket, 'a property exceeds the Property Length');
  }
  return reader.fault === undefined ? properties : undefined;
}

function readProperty(reader: Reader, rule: Rule, properties: Properties): void {
  if (rule.kind === 'pair') {
    const pair: [string, string] = [reader.string(), reader.string()];
    properties.userProperties ??= [];
    if (properties.userProperties.length < MAX_USER_PROPERTIES) properties.userProperties.push(pair);
    return;
  }
  const value = readValue(reader, rule.kind);
  if (rule.positive && value === 0) reader.refuse(ReasonCode.protocolError, 'a property is zero that must not be');
  if (properties[rule.name] !== undefined && rule.kind !== 'variable') {
    reader.refuse(ReasonCode.protocolError, 'a property is given twice');
    return;
  }
  // The table ties each name to its kind.
  (properties as Record<string, unknown>)[rule.name] = value;
}

function readValue(reader: Reader, kind: Exclude<Kind, 'pair'>): boolean | number | string | Buffer {
  switch (kind) {
    case 'flag': {
      const value = reader.byte();
      if (value > 1) reader.refuse(ReasonCode.protocolError, 'a property is neither 0 nor 1');
      return value === 1;
    }
    case 'uint16':
      return reader.uint16();
    case 'uint32':
      return reader.uint32();
    case 'variable':
      return reader.variableByteInteger();
    case 'string':
      return reader.string();
    case 'binary':
      return reader.binary();
  }
}
