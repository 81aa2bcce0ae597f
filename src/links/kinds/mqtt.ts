/** Opens connections to MQTT brokers, 3.1.1 and 5.0. */
import type { Clock } from '../../core/clock.js';
import { toGatewayError } from '../../core/errors.js';
import { dial } from '../dial.js';
import { endpointOf } from '../endpoint.js';
import type { FarSide } from '../far-side.js';
import { MqttConnection } from './connection.js';
import type { MqttOptions, Opened } from './options.js';
import { streamOn } from './stream.js';

/** Largest packet taken from the far side, bytes; announced as Maximum Packet Size where the protocol can. */
export const MAX_INCOMING_BYTES = 16 * 1_048_576;

/**
 * Sends CONNECT and waits for CONNACK.
 *
 * @throws GatewayError with the cause, or `signal.reason` when aborted
 */
export async function openMqtt(options: MqttOptions, signal: AbortSignal): Promise<FarSide> {
  const first = await open(options, signal);
  if (!first.hasForeignSession) return first;
  // A connection with Clean Session ends it (MQTT 3.1.1 §3.1.2.4).
  const clean = await open({ ...options, config: { ...options.config, sessionExpiry: 0 } }, signal);
  clean.close(false);
  await clean.closed;
  signal.throwIfAborted();
  return open(options, signal);
}

/** @returns a connection that is up, or over because of a session that is not ours */
async function open(options: MqttOptions, signal: AbortSignal): Promise<MqttConnection> {
  const { config, clock } = options;
  const { socket, far, hasCertificate = false } = await (options.dial?.() ?? dialUrl(config.url, clock, signal));
  const connection = new MqttConnection(options, far, MAX_INCOMING_BYTES, hasCertificate);
  const abort = () => connection.fail(toGatewayError(signal.reason));
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    connection.use(await streamOn(socket, config.url, MAX_INCOMING_BYTES, (phase) => connection.reached(phase)));
    await connection.connected();
  } catch (error) {
    connection.fail(toGatewayError(error));
    socket.destroy();
    await connection.closed;
    signal.throwIfAborted();
    if (!connection.hasForeignSession) throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return connection;
}

async function dialUrl(url: string, clock: Clock, signal: AbortSignal): Promise<Opened> {
  const { socket } = await dial(endpointOf(url), undefined, clock, signal);
  return { socket, far: new URL(url).host };
}
