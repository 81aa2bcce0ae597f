/** PUBLISH properties between our messages and MQTT.js (MQTT 5.0 §3.3.2.3), and the size of a packet. */
import type { IPublishPacket } from 'mqtt';
import type { PublishProperties } from '../../core/message.js';
import type { Outgoing } from '../far-side.js';

type Theirs = NonNullable<IPublishPacket['properties']>;

/** A user property as MQTT.js writes it: an array of single pairs keeps their order (§3.3.2.3.7). */
function pair(name: string, value: string): Record<string, string> {
  const object = Object.create(null) as Record<string, string>;
  object[name] = value;
  return object;
}

export function toMqttProperties(ours: PublishProperties | undefined, expirySeconds: number | undefined): Theirs {
  const theirs: Theirs = {};
  if (expirySeconds !== undefined) theirs.messageExpiryInterval = expirySeconds;
  if (ours === undefined) return theirs;
  if (ours.payloadFormatIndicator !== undefined) theirs.payloadFormatIndicator = ours.payloadFormatIndicator;
  if (ours.contentType !== undefined) theirs.contentType = ours.contentType;
  if (ours.responseTopic !== undefined) theirs.responseTopic = ours.responseTopic;
  if (ours.correlationData !== undefined) theirs.correlationData = ours.correlationData;
  if (ours.userProperties !== undefined && ours.userProperties.length > 0) {
    // The type of MQTT.js knows only one object; its writer takes an array, and only that keeps the order.
    theirs.userProperties = ours.userProperties.map(([name, value]) => pair(name, value)) as never;
  }
  return theirs;
}

/** Copies what it keeps. MQTT.js groups user properties by name, so the order of different names is lost on the way in. */
export function fromMqttProperties(theirs: Theirs | undefined): PublishProperties | undefined {
  if (theirs === undefined) return undefined;
  const { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties } = theirs;
  const ours: { -readonly [K in keyof PublishProperties]: PublishProperties[K] } = {};
  if (payloadFormatIndicator !== undefined) ours.payloadFormatIndicator = payloadFormatIndicator;
  if (contentType !== undefined) ours.contentType = contentType;
  if (responseTopic !== undefined) ours.responseTopic = responseTopic;
  if (correlationData !== undefined) ours.correlationData = Buffer.from(correlationData);
  if (userProperties !== undefined) {
    ours.userProperties = Object.entries(userProperties).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((text) => [name, text] as const),
    );
  }
  return Object.keys(ours).length > 0 ? ours : undefined;
}

/** Bytes of a Variable Byte Integer (§1.5.5). */
function variableBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

/** Bytes of the PUBLISH packet, to be compared with the Maximum Packet Size of the far side (§3.2.2.3.6). */
export function publishBytes({ topic, payload, qos, properties, expirySeconds }: Outgoing, version: 4 | 5): number {
  let remaining = 2 + Buffer.byteLength(topic) + (qos > 0 ? 2 : 0) + payload.length;
  if (version === 5) {
    let bytes = expirySeconds === undefined ? 0 : 5;
    if (properties?.payloadFormatIndicator !== undefined) bytes += 2;
    if (properties?.contentType !== undefined) bytes += 3 + Buffer.byteLength(properties.contentType);
    if (properties?.responseTopic !== undefined) bytes += 3 + Buffer.byteLength(properties.responseTopic);
    if (properties?.correlationData !== undefined) bytes += 3 + properties.correlationData.length;
    for (const [name, value] of properties?.userProperties ?? []) {
      bytes += 5 + Buffer.byteLength(name) + Buffer.byteLength(value);
    }
    remaining += variableBytes(bytes) + bytes;
  }
  return 1 + variableBytes(remaining) + remaining;
}
