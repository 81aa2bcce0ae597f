/**
 * Messages as functions see them. Encoders give a view that is valid until the next frame is encoded; decoders give views
 * into the frame they are handed.
 */
import { type Direction, FunctionTrap } from '../../../core/function.js';
import type { Message, PublishProperties, QoS } from '../../../core/message.js';
import { topicNameFault } from '../../../core/topic.js';
import { FrameReader, FrameWriter, malformed } from './frame-io.js';

/** A message without the gateway's own knowledge of it. */
export interface PlainMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: PublishProperties | undefined;
  /** Message Expiry Interval, s (MQTT 5.0 §3.3.2.3.3). */
  readonly expiry: number | undefined;
}

export interface MessageInput extends PlainMessage {
  readonly origin: string;
  /** Payload of the message before on this topic. */
  readonly previous: Buffer | undefined;
  /** Undefined: a plain subscription. */
  readonly direction: Direction | undefined;
}

export interface OutputLimits {
  /** Messages. */
  readonly outputs: number;
}

/** Property identifiers (MQTT 5.0 §2.2.2.2). */
const property = {
  payloadFormatIndicator: 0x01,
  messageExpiryInterval: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  userProperty: 0x26,
} as const;

const RETAIN = 0x04;
const NO_PREVIOUS = 0xffff_ffff;
const UPSTREAM = 0;
const DOWNSTREAM = 1;
const NEITHER = 2;

const writer = new FrameWriter();

/**
 * The input of `on_message`.
 *
 * @param now - Unix ms, for what is left of the message's life
 */
export function encodeMessageInput(
  message: Message,
  previous: Buffer | undefined,
  direction: Direction | undefined,
  now: number,
): Buffer {
  writer.begin();
  writeRecord(message, expiryOf(message, now));
  writer.str(message.origin);
  if (previous === undefined) writer.u32(NO_PREVIOUS);
  else writer.bytes(previous);
  return writer.u8(direction === 'upstream' ? UPSTREAM : direction === 'downstream' ? DOWNSTREAM : NEITHER).end();
}

export function decodeMessageInput(frame: Buffer): MessageInput {
  const reader = new FrameReader(frame);
  const message = readRecord(reader);
  const origin = reader.str();
  const length = reader.u32();
  const previous = length === NO_PREVIOUS ? undefined : reader.raw(length);
  const way = reader.u8();
  reader.finish();
  if (way > NEITHER) throw malformed(`direction ${way}`);
  const direction = way === UPSTREAM ? 'upstream' : way === DOWNSTREAM ? 'downstream' : undefined;
  return { ...message, origin, previous, direction };
}

/** The output of `on_message`, `on_timer` and `on_start`. */
export function encodeMessages(messages: readonly PlainMessage[]): Buffer {
  writer.begin().u16(messages.length);
  for (const message of messages) writeRecord(message, message.expiry);
  return writer.end();
}

/** @param frame - undefined: none @throws FunctionTrap 'output' */
export function decodeMessages(frame: Buffer | undefined, limits: OutputLimits): PlainMessage[] {
  if (frame === undefined) return [];
  const reader = new FrameReader(frame);
  const count = reader.u16();
  if (count > limits.outputs) {
    throw new FunctionTrap('output', `it gave ${count} messages; at most ${limits.outputs} are allowed`);
  }
  const messages: PlainMessage[] = [];
  for (let left = count; left > 0; left--) messages.push(readRecord(reader));
  reader.finish();
  return messages;
}

/** What `publish` is handed. */
export function encodeMessageRecord(message: PlainMessage): Buffer {
  writer.begin();
  writeRecord(message, message.expiry);
  return writer.end();
}

/** @throws FunctionTrap 'output' */
export function decodeMessageRecord(frame: Buffer): PlainMessage {
  const reader = new FrameReader(frame);
  const message = readRecord(reader);
  reader.finish();
  return message;
}

function expiryOf({ expiresAt }: Message, now: number): number | undefined {
  if (expiresAt === Number.POSITIVE_INFINITY) return undefined;
  return Math.min(Math.max(Math.ceil((expiresAt - now) / 1000), 0), 0xffff_ffff);
}

function writeRecord(message: Omit<PlainMessage, 'expiry'>, expiry: number | undefined): void {
  writer
    .u8(message.qos | (message.retain ? RETAIN : 0))
    .str(message.topic)
    .bytes(message.payload);
  if (message.properties === undefined && expiry === undefined) writer.u16(0);
  else writeProperties(message.properties ?? {}, expiry);
}

function writeProperties(properties: PublishProperties, expiry: number | undefined): void {
  const { payloadFormatIndicator, responseTopic, correlationData, userProperties = [], contentType } = properties;
  const present = [payloadFormatIndicator, expiry, contentType, responseTopic, correlationData];
  writer.u16(present.filter((one) => one !== undefined).length + userProperties.length);
  if (payloadFormatIndicator !== undefined) {
    begin(property.payloadFormatIndicator)
      .u32(1)
      .u8(payloadFormatIndicator ? 1 : 0);
  }
  if (expiry !== undefined) begin(property.messageExpiryInterval).u32(4).u32(expiry);
  if (contentType !== undefined) begin(property.contentType).text(contentType);
  if (responseTopic !== undefined) begin(property.responseTopic).text(responseTopic);
  if (correlationData !== undefined) begin(property.correlationData).bytes(correlationData);
  for (const [name, value] of userProperties) writer.u8(property.userProperty).str(name).text(value);
}

/** A property without a name. */
function begin(identifier: number): FrameWriter {
  return writer.u8(identifier).u16(0);
}

function readRecord(reader: FrameReader): PlainMessage {
  const flags = reader.u8();
  const qos = flags & 0x03;
  if (qos === 3 || flags > 7) throw malformed(`flags 0x${flags.toString(16)}`);
  const topic = reader.str();
  const fault = topicNameFault(topic);
  if (fault !== undefined) throw malformed(`a topic ${fault}`);
  const payload = reader.bytes();
  const count = reader.u16();
  const retain = (flags & RETAIN) !== 0;
  if (count === 0) return { topic, payload, qos: qos as QoS, retain, properties: undefined, expiry: undefined };
  return { topic, payload, qos: qos as QoS, retain, ...readProperties(reader, count) };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A property other than a user property stands once at most (MQTT 5.0 §3.3.2.3). */
function readProperties(
  reader: FrameReader,
  count: number,
): { properties: PublishProperties | undefined; expiry: number | undefined } {
  const properties: Writable<PublishProperties> = {};
  const userProperties: (readonly [string, string])[] = [];
  const seen = new Set<number>();
  let expiry: number | undefined;
  for (let left = count; left > 0; left--) {
    const identifier = reader.u8();
    const name = reader.str();
    const value = reader.bytes();
    if (identifier === property.userProperty) {
      userProperties.push([name, text(value)]);
      continue;
    }
    if (seen.has(identifier)) throw malformed(`property 0x${identifier.toString(16)} stands twice`);
    seen.add(identifier);
    switch (identifier) {
      case property.payloadFormatIndicator:
        if (value.length !== 1 || value[0]! > 1) throw malformed('a payload format indicator is 0 or 1');
        properties.payloadFormatIndicator = value[0] === 1;
        break;
      case property.messageExpiryInterval:
        if (value.length !== 4) throw malformed('a message expiry interval has four bytes');
        expiry = value.readUInt32LE();
        break;
      case property.contentType:
        properties.contentType = text(value);
        break;
      case property.responseTopic:
        properties.responseTopic = text(value);
        if (topicNameFault(properties.responseTopic) !== undefined)
          throw malformed('a response topic is no topic name');
        break;
      case property.correlationData:
        if (value.length > 0xffff) throw malformed('correlation data of more than 65,535 bytes');
        properties.correlationData = value;
        break;
      default:
        throw malformed(`property 0x${identifier.toString(16)}`);
    }
  }
  if (userProperties.length > 0) properties.userProperties = userProperties;
  return { properties: Object.keys(properties).length > 0 ? properties : undefined, expiry };
}

/** MQTT 5.0 §1.5.4: at most 65,535 bytes, no U+0000. */
function text(value: Buffer): string {
  if (value.length > 0xffff) throw malformed('a text of more than 65,535 bytes');
  const result = value.toString('utf8');
  if (result.includes('\0')) throw malformed('a text with U+0000');
  return result;
}
