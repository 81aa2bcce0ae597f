/**
 * What is particular about the brokers and clouds that links go to: limits that they enforce by closing the connection, or
 * in silence. Told when a configuration is checked, kept to when sending.
 */
import type { LinkPresetName } from './config.js';
import type { QoS } from './message.js';

export interface LinkPreset {
  readonly title: string;
  readonly isSecureOnly: boolean;
  /** Application protocol (ALPN) by port. */
  readonly alpn: Readonly<Record<number, string>>;
  readonly maximumQoS: QoS;
  /** Largest payload, bytes. */
  readonly maxPayload: number;
  /** Largest PUBLISH packet, bytes. */
  readonly maxPacket: number;
  /** Levels of a topic. */
  readonly maxLevels: number;
  /** bytes of UTF-8 */
  readonly maxTopic: number;
  /** bytes of UTF-8 */
  readonly maxClientId: number;
  /** Why a Client Identifier is not taken; undefined: it is. */
  readonly clientIdFault: (clientId: string) => string | undefined;
  /** Keep Alive that is taken as it is, ms. */
  readonly keepAlive: readonly [least: number, most: number];
  /** Unacknowledged messages at a time. */
  readonly window: number;
  /** Subscriptions of a connection. */
  readonly maxSubscriptions: number;
  readonly needsClientCertificate: boolean;
}

const NONE = Number.POSITIVE_INFINITY;
const takesAll = () => undefined;

const GENERIC = {
  isSecureOnly: false,
  alpn: {},
  maximumQoS: 2,
  maxPayload: NONE,
  maxPacket: NONE,
  maxLevels: NONE,
  maxTopic: 65_535,
  maxClientId: 65_535,
  clientIdFault: takesAll,
  keepAlive: [0, 65_535_000],
  window: NONE,
  maxSubscriptions: NONE,
  needsClientCertificate: false,
} as const satisfies Omit<LinkPreset, 'title'>;

export const linkPresets: Readonly<Record<LinkPresetName, LinkPreset>> = {
  'aws-iot': {
    ...GENERIC,
    title: 'AWS IoT Core',
    isSecureOnly: true,
    // Port 443 is shared with HTTPS; without this name the connection is closed.
    alpn: { 443: 'x-amzn-mqtt-ca' },
    maximumQoS: 1,
    maxPayload: 128 * 1_024,
    maxPacket: 146 * 1_024,
    // Seven slashes.
    maxLevels: 8,
    maxTopic: 256,
    maxClientId: 128,
    clientIdFault: (clientId) => (clientId.startsWith('$') ? 'begins with $' : undefined),
    keepAlive: [30_000, 1_200_000],
    window: 100,
    maxSubscriptions: 50,
    needsClientCertificate: true,
  },
  emqx: {
    ...GENERIC,
    title: 'EMQX',
    maxPacket: 1_048_576,
    maxLevels: 128,
  },
  hivemq: { ...GENERIC, title: 'HiveMQ', maxPacket: 268_435_460 },
  mosquitto: { ...GENERIC, title: 'Mosquitto', maxPacket: 268_435_455, maxLevels: 200 },
};

/** Slashes in `$AWS/rules/<rule>/` do not count where rules are addressed directly. */
const BASIC_INGEST = /^\$AWS\/rules\/[^/]+\//;

/** Why a topic or filter is not taken there; undefined: it is. */
export function topicLimitFault(preset: LinkPreset, topic: string): string | undefined {
  const bytes = Buffer.byteLength(topic);
  if (bytes > preset.maxTopic) return `${bytes} bytes, ${preset.title} takes ${preset.maxTopic}`;
  if (preset.maxLevels === NONE) return undefined;
  const levels = topic.replace(BASIC_INGEST, '').split('/').length;
  return levels > preset.maxLevels ? `${levels} levels, ${preset.title} takes ${preset.maxLevels}` : undefined;
}

export function clientIdLimitFault(preset: LinkPreset, clientId: string): string | undefined {
  const bytes = Buffer.byteLength(clientId);
  if (bytes > preset.maxClientId) return `has ${bytes} bytes, ${preset.title} takes ${preset.maxClientId}`;
  return preset.clientIdFault(clientId);
}
