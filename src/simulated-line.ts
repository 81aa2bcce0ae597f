/** A serial line for a device that is played: the end that a gateway, or another master, is connected to. */
import type { Duplex } from 'node:stream';
import { systemClock } from './core/clock.js';
import type { SerialEndpoint } from './core/transport.js';
import { openSerial } from './devices/transport/serial.js';

/** @throws GatewayError PORT_… as a port of the gateway */
export function openSimulatedLine(endpoint: SerialEndpoint, signal: AbortSignal): Promise<Duplex> {
  return openSerial(endpoint, signal, systemClock);
}
