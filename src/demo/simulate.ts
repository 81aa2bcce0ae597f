/** `hpmq simulate`: the plant as Modbus devices, on a TCP port or a serial line. */
import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { serveModbus } from '../../adapters/modbus/server/serve.js';
import { createPlant } from '../../adapters/simulator/plant.js';
import { systemClock } from '../core/clock.js';
import { characterTimeMs, endpointName, type SerialEndpoint, type TcpEndpoint } from '../core/transport.js';
import { openSerial } from '../devices/transport/serial.js';
import { tcpError } from '../devices/transport/tcp.js';
import { waitForStop } from '../run.js';
import { plantUnits } from './registers.js';

/** Masters at the same time. */
const MAX_CONNECTIONS = 32;
/** Modbus over Serial Line V1.02 §2.5.1.1: silence between frames, characters. */
const SILENT_CHARACTERS = 3.5;

export interface SimulatorOptions {
  /** tcp: where to listen, port 0 for any; serial: the line. */
  readonly endpoint: TcpEndpoint | SerialEndpoint;
}

/** Serves until a signal. Throws a GatewayError when the port or line cannot be opened. */
export async function runSimulator({ endpoint }: SimulatorOptions): Promise<number> {
  const stop = waitForStop();
  const stopping = new AbortController();
  const clock = systemClock;
  const units = plantUnits(createPlant({ clock, random: Math.random }));
  const { signal } = stopping;
  if (endpoint.type === 'serial') {
    const wire = await openSerial(endpoint, signal);
    announce(endpointName(endpoint));
    const silenceMs = Math.max(4, SILENT_CHARACTERS * characterTimeMs(endpoint));
    const served = serveModbus(wire, { framing: 'rtu', units, clock, signal, silenceMs });
    const reason = await Promise.race([stop, served.then(() => 'line is gone')]);
    stopping.abort();
    const dropped = await served;
    if (dropped > 0) process.stderr.write(`${dropped} requests were dropped: the master did not wait for answers\n`);
    if (reason === 'line is gone') process.stderr.write(`${endpoint.path} is gone\n`);
    return reason === 'line is gone' ? 69 : 0;
  }
  const wires = new Set<Promise<unknown>>();
  const server = createServer({ noDelay: true }, (wire: Duplex) => {
    const served = serveModbus(wire, { framing: 'tcp', units, clock, signal });
    wires.add(served);
    void served.finally(() => wires.delete(served));
  });
  server.maxConnections = MAX_CONNECTIONS;
  announce(endpointName({ ...endpoint, port: await listen(server, endpoint) }));
  await stop;
  stopping.abort();
  server.close();
  await Promise.all(wires);
  return 0;
}

function listen(server: Server, endpoint: TcpEndpoint): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(tcpError(endpoint, error)));
    server.listen(endpoint.port, endpoint.host, () => resolve((server.address() as { port: number }).port));
  });
}

function announce(address: string): void {
  process.stdout.write(`simulated plant on ${address}: unit 1 boiler, unit 2 energy meter, unit 3 tank\n`);
  process.send?.({ ready: true, addresses: [address] });
}
