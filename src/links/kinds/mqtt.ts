/** Opens connections to MQTT brokers, 3.1.1 and 5.0. */
import { toGatewayError } from '../../core/errors.js';
import type { FarSide } from '../far-side.js';
import { MqttConnection } from './connection.js';
import type { MqttOptions } from './options.js';
import { openStream, targetOf } from './stream.js';

/** Largest packet taken from the far side, bytes; announced as Maximum Packet Size where the protocol can. */
export const MAX_INCOMING_BYTES = 16 * 1_048_576;

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
