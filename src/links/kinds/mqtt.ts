/** Opens connections to MQTT brokers, 3.1.1 and 5.0. */
import type { Clock } from '../../core/clock.js';
import type { LinkConfig } from '../../core/config.js';
import { toGatewayError } from '../../core/errors.js';
import type { QoS } from '../../core/message.js';
import type { FarMemory } from '../far-memory.js';
import type { FarSide, FarSideEvents } from '../far-side.js';
import { MqttConnection } from './connection.js';
import { openStream, targetOf } from './stream.js';

/** Largest packet taken from the far side, bytes; announced as Maximum Packet Size where the protocol can. */
export const MAX_INCOMING_BYTES = 16 * 1_048_576;

export interface Will {
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
}

export interface MqttOptions {
  readonly config: LinkConfig;
  /** Empty: the far side gives one (5.0). */
  readonly clientId: string;
  /** Always retained. */
  readonly will: Will | undefined;
  readonly clock: Clock;
  readonly events: FarSideEvents;
  /** What is known of the session at this far side. */
  readonly memory: FarMemory;
  /** Of CONNECT. */
  readonly userProperties?: readonly (readonly [name: string, value: string])[];
  /** Address of this machine to connect from. */
  readonly localAddress?: string;
}

/**
 * Connects and waits for CONNACK.
 *
 * @throws GatewayError with the cause, or `signal.reason` when aborted
 */
export async function openMqtt(options: MqttOptions, signal: AbortSignal): Promise<FarSide> {
  const target = targetOf(options.config.url, options.config.tls, options.localAddress);
  const connection = new MqttConnection(options, target.url.host, MAX_INCOMING_BYTES);
  const abort = () => connection.fail(toGatewayError(signal.reason));
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    connection.use(await openStream(target, MAX_INCOMING_BYTES, (phase) => connection.reached(phase)));
    await connection.connected();
  } catch (error) {
    connection.fail(toGatewayError(error));
    await connection.closed;
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return connection;
}
