/** The properties a client may send (MQTT 5.0 §2.2.2.2): which packet allows them, how often, with which values. */
import { PropertyIdentifier } from '../../core/mqtt/property-identifiers.js';
import type { Reader } from '../../core/mqtt/reader.js';
import { topicNameFault } from '../../core/topic.js';
import { ReasonCode } from '../reason-codes.js';

/** Where properties stand; `will` is the second set inside CONNECT. */
export type PropertyPlace =
  | 'connect'
  | 'will'
  | 'publish'
  | 'acknowledgement'
  | 'subscribe'
  | 'unsubscribe'
  | 'disconnect'
  | 'auth';

/** Properties as received. Binary values are views of the packet. Times are seconds, as on the wire. */
export interface Properties {
  payloadFormatIndicator?: boolean;
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Buffer;
  subscriptionIdentifier?: number;
  sessionExpiryInterval?: number;
  authenticationMethod?: string;
  authenticationData?: Buffer;
  requestProblemInformation?: boolean;
  willDelayInterval?: number;
  requestResponseInformation?: boolean;
  reasonString?: string;
  receiveMaximum?: number;
  topicAliasMaximum?: number;
  topicAlias?: number;
  userProperties?: [name: string, value: string][];
  maximumPacketSize?: number;
}

type Kind = 'flag' | 'uint16' | 'uint32' | 'variable' | 'string' | 'binary' | 'pair';

interface Rule {
  readonly name: keyof Properties;
  readonly kind: Kind;
  readonly places: readonly PropertyPlace[];
  /** Zero is a Protocol Error. */
  readonly positive?: boolean;
}

const P = PropertyIdentifier;
const rules: readonly (Rule | undefined)[] = table([
  [P.payloadFormatIndicator, { name: 'payloadFormatIndicator', kind: 'flag', places: ['publish', 'will'] }],
  [P.messageExpiryInterval, { name: 'messageExpiryInterval', kind: 'uint32', places: ['publish', 'will'] }],
  [P.contentType, { name: 'contentType', kind: 'string', places: ['publish', 'will'] }],
  [P.responseTopic, { name: 'responseTopic', kind: 'string', places: ['publish', 'will'] }],
  [P.correlationData, { name: 'correlationData', kind: 'binary', places: ['publish', 'will'] }],
  [
    P.subscriptionIdentifier,
    { name: 'subscriptionIdentifier', kind: 'variable', places: ['subscribe'], positive: true },
  ],
  [P.sessionExpiryInterval, { name: 'sessionExpiryInterval', kind: 'uint32', places: ['connect', 'disconnect'] }],
  [P.authenticationMethod, { name: 'authenticationMethod', kind: 'string', places: ['connect', 'auth'] }],
  [P.authenticationData, { name: 'authenticationData', kind: 'binary', places: ['connect', 'auth'] }],
  [P.requestProblemInformation, { name: 'requestProblemInformation', kind: 'flag', places: ['connect'] }],
  [P.willDelayInterval, { name: 'willDelayInterval', kind: 'uint32', places: ['will'] }],
  [P.requestResponseInformation, { name: 'requestResponseInformation', kind: 'flag', places: ['connect'] }],
  [P.reasonString, { name: 'reasonString', kind: 'string', places: ['acknowledgement', 'disconnect', 'auth'] }],
  [P.receiveMaximum, { name: 'receiveMaximum', kind: 'uint16', places: ['connect'], positive: true }],
  [P.topicAliasMaximum, { name: 'topicAliasMaximum', kind: 'uint16', places: ['connect'] }],
  [P.topicAlias, { name: 'topicAlias', kind: 'uint16', places: ['publish'] }],
  [
    P.userProperty,
    {
      name: 'userProperties',
      kind: 'pair',
      places: ['connect', 'will', 'publish', 'acknowledgement', 'subscribe', 'unsubscribe', 'disconnect', 'auth'],
    },
  ],
  [P.maximumPacketSize, { name: 'maximumPacketSize', kind: 'uint32', places: ['connect'], positive: true }],
]);

function table(entries: readonly (readonly [identifier: number, rule: Rule])[]): (Rule | undefined)[] {
  const result = new Array<Rule | undefined>(0x40).fill(undefined);
  for (const [identifier, rule] of entries) result[identifier] = rule;
  return result;
}

/**
 * Reads a Property Length and the properties behind it; faults are left in the reader.
 *
 * @returns undefined when there are none, so that plain traffic allocates nothing
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
    const identifier = reader.byte();
    const rule = rules[identifier];
    if (rule === undefined || !rule.places.includes(place)) {
      if (identifier === P.subscriptionIdentifier && place === 'publish') {
        reader.refuse(ReasonCode.protocolError, 'a client gives no Subscription Identifier in PUBLISH [MQTT-3.3.4-6]');
      }
      reader.refuse(ReasonCode.malformedPacket, 'a property is unknown or not allowed in this packet');
      return undefined;
    }
    readProperty(reader, rule, properties);
  }
  if (reader.remaining < stop && reader.fault === undefined) {
    reader.refuse(ReasonCode.malformedPacket, 'a property exceeds the Property Length');
  }
  const { responseTopic } = properties;
  if (responseTopic !== undefined && topicNameFault(responseTopic) !== undefined) {
    reader.refuse(ReasonCode.protocolError, 'the Response Topic is not a Topic Name');
  }
  return reader.fault === undefined ? properties : undefined;
}

function readProperty(reader: Reader, rule: Rule, properties: Properties): void {
  if (rule.kind === 'pair') {
    const pair: [string, string] = [reader.string(), reader.string()];
    properties.userProperties ??= [];
    properties.userProperties.push(pair);
    return;
  }
  if (properties[rule.name] !== undefined) {
    reader.refuse(ReasonCode.protocolError, 'a property is given twice');
    return;
  }
  const value = readValue(reader, rule.kind);
  if (rule.positive && value === 0) reader.refuse(ReasonCode.protocolError, 'a property is zero that must not be');
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
