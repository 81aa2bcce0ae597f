/** Configuration of a broker under test: small limits, everybody is let in. */
import type { BrokerConfig, BrokerLimits } from '../../src/core/config.js';

export const defaultLimits: BrokerLimits = {
  connections: 100,
  connectionsPerAddress: 0,
  connectionsPerUser: 0,
  connectRate: 0,
  connectRatePerAddress: 0,
  messageRate: 0,
  byteRate: 0,
  overRate: 'throttle',
  packetBytes: 64 * 1024,
  topicLevels: 201,
  topicBytes: 65_535,
  queuedMessages: 100,
  queuedBytes: 8 * 1024 * 1024,
  pendingBytes: 256_000_000,
  subscriptionBytes: 256_000_000,
  receiveMaximum: 20,
  retainedMessages: 1_000,
  subscriptions: 50,
  sessionExpiry: 3_600_000,
  keepAlive: 65_535_000,
  connectTimeout: 10_000,
  drainTimeout: 30_000,
  slowConsumer: { qos0: 'drop-new', maxBytes: 1_000_000, timeout: 0 },
};

export function brokerConfig(limits: Partial<BrokerLimits> = {}, rest: Partial<BrokerConfig> = {}): BrokerConfig {
  return {
    listeners: [{ name: 'test', type: 'tcp', host: '127.0.0.1', port: 0, auth: { anonymous: true } }],
    limits: { ...defaultLimits, ...limits },
    sysInterval: 10_000,
    serverReference: undefined,
    moved: false,
    responseInformation: undefined,
    payloadFormatCheck: false,
    ...rest,
  };
}
