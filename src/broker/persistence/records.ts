/** The small records of the broker in the store: JSON, so that people can read them and later versions can add to them. */
import type { QoS } from '../../core/message.js';
import type { ProtocolVersion, WillFields } from '../../core/mqtt/packets.js';
import type { Subscription } from '../../core/router.js';

export interface SessionRecord {
  /** undefined: anonymous. */
  readonly user: string | undefined;
  /** Session Expiry Interval, ms; Infinity: never. */
  readonly expiry: number;
  readonly protocolVersion: ProtocolVersion;
  /** When its client went, Unix ms; undefined: it was connected. */
  readonly left: number | undefined;
  /** Up to this sequence its messages may have been sent. */
  readonly sent: number;
  /** Id of the gateway that its client is, in a mesh with this one; absent: none. */
  readonly peer?: string | undefined;
}

export function encodeSession(record: SessionRecord): Buffer {
  const expiry = Number.isFinite(record.expiry) ? record.expiry : null;
  return Buffer.from(JSON.stringify({ ...record, expiry }));
}

/** @returns undefined when it cannot be read */
export function decodeSession(bytes: Buffer): SessionRecord | undefined {
  const value = parse(bytes);
  if (value === undefined || !(value.expiry === null || typeof value.expiry === 'number')) return undefined;
  const { user, expiry, protocolVersion, left, sent, peer } = value;
  return {
    user: typeof user === 'string' ? user : undefined,
    expiry: expiry ?? Number.POSITIVE_INFINITY,
    protocolVersion: protocolVersion === 3 || protocolVersion === 4 ? protocolVersion : 5,
    left: typeof left === 'number' ? left : undefined,
    sent: typeof sent === 'number' ? sent : Number.MAX_SAFE_INTEGER,
    peer: typeof peer === 'string' ? peer : undefined,
  };
}

/** The filter is in the key. */
export function encodeSubscription({ filter: _, share: __, ...options }: Subscription): Buffer {
  return Buffer.from(JSON.stringify(options));
}

export function decodeSubscription(filter: string, bytes: Buffer): Subscription | undefined {
  const value = parse(bytes);
  if (value === undefined || typeof value.qos !== 'number') return undefined;
  const { qos, minQos, noLocal, retainAsPublished, retainHandling, identifiers } = value;
  return {
    filter,
    qos: Math.min(2, Math.max(0, qos)) as QoS,
    ...((minQos === 1 || minQos === 2) && { minQos }),
    noLocal: noLocal === true,
    retainAsPublished: retainAsPublished === true,
    retainHandling: retainHandling === 1 || retainHandling === 2 ? retainHandling : 0,
    identifiers: Array.isArray(identifiers) ? identifiers.filter((one) => typeof one === 'number') : [],
  };
}

export function encodeWill(fields: WillFields): Buffer {
  return Buffer.from(JSON.stringify(fields));
}

export function decodeWill(bytes: Buffer): WillFields | undefined {
  const value = parse(bytes);
  if (value === undefined || typeof value.topic !== 'string' || !Buffer.isBuffer(value.payload)) return undefined;
  return value as unknown as WillFields;
}

/** Buffers are as JSON.stringify() writes them: `{"type":"Buffer","data":[…]}`. */
function parse(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString(), (_, inner: { type?: unknown; data?: unknown } | null) =>
      inner?.type === 'Buffer' && Array.isArray(inner.data) ? Buffer.from(inner.data as number[]) : inner,
    );
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
