/** What a client sent → a Message of the gateway. Copies what outlives the packet. */
import { createMessage, type Message, type Origin } from '../core/message.js';
import { messageProperties } from '../core/mqtt/message-properties.js';
import type { PublishPacket } from '../core/mqtt/packets.js';
import type { Properties } from '../core/mqtt/properties.js';
import { splitStamp } from '../core/stamp.js';

/** Payloads from which on a copy is worth being avoided, bytes: what lies in a read buffer is never that large. */
export const LARGE_PAYLOAD = 64 * 1024;

/**
 * @param topic - with the Topic Alias resolved
 * @param now - Unix ms
 * @param isPeer - its stamps hold; those of others are nothing. The QoS is that of the stamp, not of the packet: see core/stamp.ts
 */
export function messageOf(packet: PublishPacket, topic: string, origin: Origin, now: number, isPeer: boolean): Message {
  const { properties, stamp, qos } = splitStamp(messageProperties(packet.properties), now);
  return createMessage({
    topic,
    payload: owned(packet.payload),
    origin,
    receivedAt: now,
    qos: (isPeer ? qos : undefined) ?? packet.qos,
    retain: packet.retain,
    properties,
    stamp: isPeer ? stamp : undefined,
    expiresAt: expiryTime(packet.properties, now),
  });
}

/** A copy, unless it would give back little: a large packet has its memory almost for itself, and nobody writes to it again. */
function owned(payload: Buffer): Buffer {
  const isAlmostAlone = payload.length >= LARGE_PAYLOAD && payload.length * 2 > payload.buffer.byteLength;
  return isAlmostAlone ? payload : Buffer.from(payload);
}

/** Measured, roughly: a User Property beside its two texts, which may be empty. */
const PAIR_BYTES = 64;

/** Roughly what it costs to keep a message, bytes. */
export function messageBytes({ topic, payload, properties }: Message): number {
  let bytes = topic.length + payload.length;
  if (properties === undefined) return bytes;
  const { responseTopic, contentType, correlationData, userProperties = [] } = properties;
  bytes += (responseTopic?.length ?? 0) + (contentType?.length ?? 0) + (correlationData?.length ?? 0);
  for (const [name, value] of userProperties) bytes += PAIR_BYTES + name.length + value.length;
  return bytes;
}

/** Unix ms; Infinity without a Message Expiry Interval. */
export function expiryTime(properties: Properties | undefined, now: number): number {
  const seconds = properties?.messageExpiryInterval;
  return seconds === undefined ? Number.POSITIVE_INFINITY : now + seconds * 1_000;
}
