/** A Modbus server (slave) on one wire: answers in order, survives every packet, never answers for a unit it is not. */
import type { Duplex } from 'node:stream';
import type { ServerOptions, WireServer } from './options.js';
import { RtuServer } from './rtu-server.js';
import { TcpServer } from './tcp-server.js';

/**
 * Serves until the wire closes or the signal aborts; the wire is destroyed then. Never rejects.
 *
 * @returns how many requests were dropped, because the master did not wait for answers
 */
export async function serveModbus(wire: Duplex, options: ServerOptions): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server: WireServer = options.framing === 'tcp' ? new TcpServer(wire, options) : new RtuServer(wire, options);
  const end = () => wire.destroy();
  wire.on('error', end);
  wire.on('end', end);
  wire.once('close', resolve);
  wire.on('data', (chunk: Buffer) => server.receive(chunk));
  options.signal.addEventListener('abort', end, { once: true });
  if (options.signal.aborted) end();
  if (!wire.closed) await promise;
  options.signal.removeEventListener('abort', end);
  server.stop?.();
  return server.dropped;
}
