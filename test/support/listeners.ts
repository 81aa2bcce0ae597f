/** A broker with the listeners of a test, on the real clock: its peers are foreign programs. */
import type { Test } from 'tap';
import { type Broker, createBroker } from '../../src/broker/broker.js';
import { type Clock, systemClock } from '../../src/core/clock.js';
import type { BrokerLimits, ListenerConfig, TlsConfig } from '../../src/core/config.js';
import { type Log, silentLog } from '../../src/core/log.js';
import { brokerConfig } from './broker-config.js';
import type { Pair } from './pki.js';

export function listener(type: ListenerConfig['type'], more: Partial<ListenerConfig> = {}): ListenerConfig {
  return { name: type, type, host: '127.0.0.1', port: 0, auth: { anonymous: true }, ...more };
}

export function tlsConfig(pair: Pair, more: Partial<TlsConfig> = {}): TlsConfig {
  return {
    cert: pair.cert,
    key: pair.key,
    sni: {},
    clientCertificate: more.clientCa === undefined ? 'none' : 'required',
    clientCa: undefined,
    crl: [],
    alpn: ['mqtt'],
    minVersion: 'TLSv1.2',
    ciphers: undefined,
    ...more,
  };
}

export interface Listening {
  readonly broker: Broker;
  /** Of the first listener; 0 for unix. */
  readonly port: number;
}

export async function startBroker(
  t: Test,
  listeners: readonly ListenerConfig[],
  options: {
    limits?: Partial<BrokerLimits>;
    clock?: Clock;
    log?: Log;
    env?: Readonly<Record<string, string | undefined>>;
  } = {},
): Promise<Listening> {
  const { limits, clock = systemClock, log = silentLog, env = {} } = options;
  const broker = createBroker({
    config: brokerConfig({ packetBytes: 1_000_000, ...limits }, { listeners }),
    gatewayId: 'e2e',
    log,
    clock,
    env,
  });
  t.teardown(() => broker[Symbol.asyncDispose]());
  await broker.start(AbortSignal.timeout(60_000));
  return { broker, port: portOf(broker.addresses()[0] ?? '') };
}

export function portOf(address: string): number {
  return Number(/:(\d+)(\/|$)/.exec(address)?.[1] ?? 0);
}

/** Lines of a log, for tests that look at them. */
export function recordingLog(): {
  log: Log;
  lines: { level: string; message: string; fields: Record<string, unknown> }[];
} {
  const lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const write =
    (level: string) =>
    (fields: Readonly<Record<string, unknown>> | string, message = '') => {
      const isText = typeof fields === 'string';
      lines.push({ level, message: isText ? fields : message, fields: isText ? {} : { ...fields } });
    };
  const log: Log = {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    child: () => log,
    isLevelEnabled: () => true,
  };
  return { log, lines };
}
