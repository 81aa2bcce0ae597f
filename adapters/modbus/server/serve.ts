/** A Modbus server (slave) on one wire: answers in order, survives every packet, never answers for a unit it is not. */
import type { Duplex } from 'node:stream';
import type { Clock } from '../../../src/adapter.js';
import type { ExceptionCode, RegisterImage } from './image.js';
import { RtuServer } from './rtu-server.js';
import { TcpServer } from './tcp-server.js';

export interface ServerOptions {
  readonly framing: 'tcp' | 'rtu';
  /** Unit id → what it serves. Read at each request, so units may come and go. */
  readonly units: ReadonlyMap<number, RegisterImage>;
  readonly clock: Clock;
  /** Its abort ends the service and closes the wire. */
  readonly signal: AbortSignal;
  /** RTU: silence kept before each answer, ms; 3.5 characters of the line. 4 when absent. */
  readonly silenceMs?: number;
  /**
   * TCP: what is said of units that are not there (§7): 11, as of a device that is switched off, when absent; 10 by a
   * gateway that knows no way to them.
   */
  readonly absentUnit?: ExceptionCode;
  /** Told of each request that was answered. */
  readonly onAnswer?: (response: Buffer) => void;
}

export interface WireServer {
  readonly dropped: number;
  receive(chunk: Buffer): void;
  /** The wire is closed. */
  stop?(): void;
}

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
