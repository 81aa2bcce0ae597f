/** Reads properties (MQTT 5.0 §2.2.2): which packet allows them, how often, with which values. */
import { topicNameFault } from '../topic.js';
import {
  MAX_USER_PROPERTIES,
  type Properties,
  type PropertyKind,
  type PropertyPlace,
  propertyRules,
} from './properties.js';
import { PropertyIdentifier } from './property-identifiers.js';
import type { Reader } from './reader.js';
import { ReasonCode } from './reason-codes.js';
import type { Sender } from './sender.js';

const TOO_MANY_PAIRS = `a packet has more than ${MAX_USER_PROPERTIES} User Properties`;

interface SenderRule {
  readonly name: keyof Properties;
  readonly kind: PropertyKind;
  readonly places: readonly PropertyPlace[];
  readonly isPositive: boolean;
  readonly mayRepeat: boolean;
}

/** By Property Identifier. */
const rulesOf = { client: table('client'), server: table('server') } as const;

function table(sender: Sender): readonly (SenderRule | undefined)[] {
  const result = new Array<SenderRule | undefined>(0x40).fill(undefined);
  for (const { identifier, name, kind, positive, repeats, [sender]: places } of propertyRules) {
    const isPositive = positive?.includes(sender) ?? false;
    result[identifier] = { name, kind, places, isPositive, mayRepeat: repeats === sender };
  }
  return result;
}

/**
 * Reads a Property Length and the properties behind it; faults are left in the reader.
 *
 * @returns undefined when there are none, so that plain traffic allocates nothing
 */
export function readProperties(reader: Reader, place: PropertyPlace, sender: Sender): Properties | undefined {
  const length = reader.variableByteInteger();
  if (length === 0) return undefined;
  if (length > reader.remaining) {
    reader.refuse(ReasonCode.malformedPacket, 'the Property Length exceeds the packet');
    return undefined;
  }
  const rules = rulesOf[sender];
  const stop = reader.remaining - length;
  const properties: Properties = {};
  while (reader.remaining > stop) {
    // Every identifier in use fits one byte, although it is a Variable Byte Integer by definition.
    const identifier = reader.byte();
    const rule = rules[identifier];
    if (rule === undefined || !rule.places.includes(place)) {
      if (identifier === PropertyIdentifier.subscriptionIdentifier && place === 'publish') {
        reader.refuse(ReasonCode.protocolError, 'a client gives no Subscription Identifier in PUBLISH [MQTT-3.3.4-6]');
      }
      reader.refuse(ReasonCode.malformedPacket, 'a property is unknown or not allowed in this packet');
      return undefined;
    }
    if (rule.kind === 'pairs') readPair(reader, properties, sender);
    else readProperty(reader, rule, rule.kind, properties);
  }
  if (reader.remaining < stop && reader.fault === undefined) {
    reader.refuse(ReasonCode.malformedPacket, 'a property exceeds the Property Length');
  }
  const { responseTopic } = properties;
  // What a server lets through is for those to judge who would answer.
  if (responseTopic !== undefined && sender === 'client' && topicNameFault(responseTopic) !== undefined) {
    reader.refuse(ReasonCode.protocolError, 'the Response Topic is not a Topic Name');
  }
  return reader.fault === undefined ? properties : undefined;
}

/** Of a server more than are allowed are read over. */
function readPair(reader: Reader, properties: Properties, sender: Sender): void {
  const pair: [string, string] = [reader.string(), reader.string()];
  properties.userProperties ??= [];
  const pairs = properties.userProperties as [string, string][];
  if (pairs.length < MAX_USER_PROPERTIES) pairs.push(pair);
  else if (sender === 'client') reader.refuse(ReasonCode.quotaExceeded, TOO_MANY_PAIRS);
}

function readProperty(
  reader: Reader,
  rule: SenderRule,
  kind: Exclude<PropertyKind, 'pairs'>,
  properties: Properties,
): void {
  if (properties[rule.name] !== undefined && !rule.mayRepeat) {
    reader.refuse(ReasonCode.protocolError, 'a property is given twice');
    return;
  }
  const value = readValue(reader, kind);
  if (rule.isPositive && value === 0) reader.refuse(ReasonCode.protocolError, 'a property is zero that must not be');
  // The table ties each name to its kind.
  (properties as Record<string, unknown>)[rule.name] = value;
}

function readValue(reader: Reader, kind: Exclude<PropertyKind, 'pairs'>): boolean | number | string | Buffer {
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
