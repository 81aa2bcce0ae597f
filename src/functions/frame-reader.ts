/** What hooks give, out of frames of `hpmq-fn/1`. Everything read is checked: the frame comes from the module. */
import { isUtf8 } from 'node:buffer';
import type { DecodedPoint, PointValue } from '../core/function.js';
import type { PublishProperties, QoS } from '../core/message.js';
import { topicNameFault } from '../core/topic.js';
import { Failure } from './failure.js';
import { PropertyId } from './frame-writer.js';

/** A message as a function gives it. */
export interface MessageRecord {
  readonly topic: string;
  /** Owned. */
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: PublishProperties | undefined;
  /** Message Expiry Interval, seconds; undefined: it does not expire. */
  readonly expiry: number | undefined;
}

class Malformed extends Error {}

let frame: Buffer;
let at = 0;

function need(bytes: number): void {
  if (at + bytes > frame.length) throw new Malformed(`ends after ${frame.length} bytes, in the middle of a field`);
}

function u8(): number {
  need(1);
  return frame[at++]!;
}

function u16(): number {
  need(2);
  at += 2;
  return frame.readUInt16LE(at - 2);
}

function u32(): number {
  need(4);
  at += 4;
  return frame.readUInt32LE(at - 4);
}

/** What is no UTF-8 would become longer by reading it: too long for a packet. */
function str(): string {
  return wellFormed(rawStr());
}

/** Of a reason, which nobody has to rely on: what is no UTF-8 becomes U+FFFD. */
function reason(): string {
  return rawStr().toString('utf8').slice(0, MAX_TEXT);
}

function rawStr(): Buffer {
  const length = u16();
  need(length);
  at += length;
  return frame.subarray(at - length, at);
}

function wellFormed(text: Buffer): string {
  if (!isUtf8(text)) throw new Malformed('has a text that is no UTF-8');
  return text.toString('utf8');
}

function bytes(): Buffer {
  const length = u32();
  need(length);
  at += length;
  return frame.subarray(at - length, at);
}

function message(): MessageRecord {
  const flags = u8();
  if ((flags & 3) === 3 || flags > 7) throw new Malformed(`has the flags ${flags}`);
  const topic = str();
  const fault = topicNameFault(topic);
  if (fault !== undefined) throw new Malformed(`has a topic that ${fault === 'empty' ? 'is empty' : fault}`);
  if (topic.charCodeAt(0) === 0x24) throw new Malformed('has a topic that begins with $');
  const payload = Buffer.from(bytes());
  const { properties, expiry } = propertiesOf();
  return { topic, payload, qos: (flags & 3) as QoS, retain: (flags & 4) !== 0, properties, expiry };
}

function propertiesOf(): Pick<MessageRecord, 'properties' | 'expiry'> {
  const count = u16();
  if (count === 0) return { properties: undefined, expiry: undefined };
  const found: { -readonly [K in keyof PublishProperties]: PublishProperties[K] } = {};
  const pairs: [string, string][] = [];
  let expiry: number | undefined;
  for (let i = 0; i < count; i++) {
    const id = u8();
    const name = str();
    const value = bytes();
    switch (id) {
      case PropertyId.payloadFormat:
        found.payloadFormatIndicator = value[0] === 1;
        break;
      case PropertyId.expiry:
        if (value.length !== 4) throw new Malformed('has an expiry that is not of 4 bytes');
        expiry = value.readUInt32LE(0);
        break;
      case PropertyId.contentType:
        found.contentType = mqttText(value);
        break;
      case PropertyId.responseTopic: {
        const responseTopic = mqttText(value);
        if (topicNameFault(responseTopic) !== undefined) throw new Malformed('has a Response Topic that is none');
        found.responseTopic = responseTopic;
        break;
      }
      case PropertyId.correlationData:
        if (value.length > 0xffff) throw new Malformed('has Correlation Data of more than 65,535 bytes');
        found.correlationData = Buffer.from(value);
        break;
      case PropertyId.userProperty:
        if (name.includes('\0')) throw new Malformed(NO_TEXT);
        pairs.push([name, mqttText(value)]);
        break;
      default:
        throw new Malformed(`has the property ${id}`);
    }
  }
  if (pairs.length > 0) found.userProperties = pairs;
  return { properties: pairs.length > 0 || Object.keys(found).length > 0 ? found : undefined, expiry };
}

const NO_TEXT = 'has a property that is no text of MQTT';

function mqttText(value: Buffer): string {
  const text = value.length > 0xffff ? '\0' : wellFormed(value);
  if (text.includes('\0')) throw new Malformed(NO_TEXT);
  return text;
}

/** Reads all of a frame, or says what is wrong with it. */
function read<T>(of: Buffer, what: string, parse: () => T): T | Failure {
  frame = of;
  at = 0;
  try {
    const result = parse();
    if (at !== frame.length) throw new Malformed(`has ${frame.length - at} bytes too many`);
    return result;
  } catch (error) {
    if (error instanceof Malformed) return new Failure('output', `${what} ${error.message}`);
    throw error;
  } finally {
    frame = EMPTY;
  }
}

const EMPTY = Buffer.alloc(0);

/** @param max - messages */
export function readMessages(of: Buffer | undefined, max: number): readonly MessageRecord[] | Failure {
  if (of === undefined) return [];
  if (of.length >= 2 && of.readUInt16LE(0) > max) {
    return new Failure('output', `it gave ${of.readUInt16LE(0)} messages, more than ${max}`);
  }
  return read(of, 'what it gave', () => {
    const count = u16();
    const messages: MessageRecord[] = [];
    for (let i = 0; i < count; i++) messages.push(message());
    return messages;
  });
}

/** Of publish(). */
export function readMessage(of: Buffer): MessageRecord | Failure {
  return read(of, 'what it published', message);
}

const MAX_TEXT = 1_024;

function value(): PointValue | { readonly why: string } {
  const type = u8();
  switch (type) {
    case 0:
      return { why: reason() };
    case 1:
      need(8);
      at += 8;
      return frame.readDoubleLE(at - 8);
    case 2:
      need(8);
      at += 8;
      return frame.readBigInt64LE(at - 8);
    case 3:
      return u8() !== 0;
    case 4:
      return bytes().toString('utf8');
    case 5:
      return Buffer.from(bytes());
    default:
      throw new Malformed(`has a value of type ${type}`);
  }
}

export function readPoints(of: Buffer | undefined): readonly DecodedPoint[] | Failure {
  if (of === undefined) return [];
  return read(of, 'what it decoded', () => {
    const count = u16();
    const points: DecodedPoint[] = [];
    for (let i = 0; i < count; i++) {
      const point = str();
      const one = value();
      points.push(
        typeof one === 'object' && 'why' in one ? { point, value: undefined, why: one.why } : { point, value: one },
      );
    }
    return points;
  });
}

export function readFrames(of: Buffer | undefined): readonly Buffer[] | Failure {
  if (of === undefined) return [];
  return read(of, 'what it encoded', () => {
    const count = u16();
    const frames: Buffer[] = [];
    for (let i = 0; i < count; i++) frames.push(Buffer.from(bytes()));
    return frames;
  });
}

export function readDecision(
  of: Buffer | undefined,
): { decision: 'none' | 'allow' | 'deny'; reason: string } | Failure {
  if (of === undefined) return { decision: 'none', reason: '' };
  return read(of, 'its decision', () => {
    const decision = (['none', 'allow', 'deny'] as const)[u8()];
    if (decision === undefined) throw new Malformed('is none of 0, 1 and 2');
    return { decision, reason: reason() };
  });
}
