/** Simulated devices on a wire: over TCP for whoever connects, or on a serial line. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { endpointName, type SerialEndpoint } from '../core/transport.js';
import { cliError } from './errors.js';

/** A frame on a line is over when it is silent for so long, ms: its bytes come one by one. */
const SILENCE_MS = 20;
const PARITIES = { N: 'none', E: 'even', O: 'odd', M: 'mark', S: 'space' } as const;
const FORMAT = /^(\d{2,7}) ([5-8])([NEOMS])([12])$/;

/** @param recorded - name of the endpoint that was recorded: `/dev/ttyUSB0 19200 8E1` */
export function lineEndpoint(path: string, format: string | undefined, recorded: string): SerialEndpoint {
  const known = /\d+ [5-8][NEOMS][12]$/.exec(recorded)?.[0] ?? '9600 8N1';
  const [, baudRate, dataBits, parity, stopBits] = FORMAT.exec(format ?? known) ?? [];
  if (parity === undefined)
    throw cliError('CLI_USAGE', `"${format}" is no format of a line`, { hint: 'write speed and format: "19200 8E1"' });
  return {
    type: 'serial',
    path,
    baudRate: Number(baudRate),
    dataBits: Number(dataBits) as 5 | 6 | 7 | 8,
    parity: PARITIES[parity as keyof typeof PARITIES],
    stopBits: Number(stopBits) as 1 | 2,
  };
}

/** @param listen - `host:port` */
export async function playOverTcp(
  wires: () => readonly Duplex[],
  listen: string,
  tell: (where: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const [, host = '127.0.0.1', port = '0'] = /^(.*):(\d{1,5})$/.exec(listen) ?? [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => void open.delete(socket));
    const hear = connect(socket, wires());
    socket.on('data', hear);
  });
  server.listen(Number(port), host);
  await once(server, 'listening');
  const address = server.address();
  tell(typeof address === 'object' && address !== null ? `${address.address}:${address.port}` : listen);
  if (!stop.aborted) await once(stop, 'abort');
  for (const socket of open) socket.destroy();
  server.close();
}

/** @throws GatewayError PORT_… when the line cannot be opened, or is gone */
export async function playOnLine(
  wires: () => readonly Duplex[],
  endpoint: SerialEndpoint,
  tell: (where: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const { openSimulatedLine } = await import('../simulated-line.js');
  const line = await openSimulatedLine(endpoint, stop);
  let failure: Error | undefined;
  line.on('error', (error) => {
    failure ??= error;
  });
  const closed = once(line, 'close');
  const hear = connect(line, wires());
  let heard: Buffer[] = [];
  let timer: NodeJS.Timeout | undefined;
  line.on('data', (bytes: Buffer) => {
    heard.push(bytes);
    clearTimeout(timer);
    timer = setTimeout(() => {
      hear(Buffer.concat(heard));
      heard = [];
    }, SILENCE_MS);
  });
  tell(endpointName(endpoint));
  stop.addEventListener('abort', () => void line.destroy(), { once: true });
  if (stop.aborted) line.destroy();
  await closed;
  clearTimeout(timer);
  if (failure !== undefined && !stop.aborted) throw failure;
}

/** @returns takes what came from the other end */
function connect(end: Duplex, wires: readonly Duplex[]): (bytes: Buffer) => void {
  end.on('close', () => {
    for (const wire of wires) wire.destroy();
  });
  for (const wire of wires) {
    wire.on('close', () => void end.destroy());
    wire.on('data', (bytes: Buffer) => void end.write(bytes));
  }
  return (bytes) => {
    for (const wire of wires) wire.write(bytes);
  };
}
