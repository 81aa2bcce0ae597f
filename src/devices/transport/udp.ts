/** UDP towards one peer: each write is a datagram, each chunk read is one. */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { Duplex } from 'node:stream';
import { addressName, type UdpEndpoint } from '../../core/transport.js';
import { devicesError } from '../errors.js';
import { connectError } from './tcp.js';

/** Datagrams that wait for a reader; more are dropped, as the network would. */
const HIGH_WATER_MARK = 64;

class UdpWire extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket, endpoint: UdpEndpoint) {
    // Objects: two datagrams must not become one chunk.
    super({ objectMode: true, readableHighWaterMark: HIGH_WATER_MARK });
    this.#socket = socket;
    this.on('error', () => {});
    socket.on('message', (bytes) => {
      if (!this.destroyed && this.readableLength < HIGH_WATER_MARK) this.push(bytes);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // An ICMP answer to what was sent: nobody listens there.
      const cause = error.code === 'ECONNREFUSED' ? refused(endpoint, error) : connectError(endpoint, error);
      this.destroy(cause);
    });
    socket.on('close', () => void this.destroy());
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#socket.send(bytes, (error) => callback(error ?? null));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#socket.removeAllListeners('close');
    try {
      this.#socket.close(() => callback(error));
    } catch {
      // Closed already.
      callback(error);
    }
  }
}

function refused(endpoint: UdpEndpoint, cause: Error) {
  return devicesError('PORT_REFUSED', `nothing listens at ${addressName(endpoint)} UDP`, {
    cause,
    details: { endpoint: addressName(endpoint) },
    hint: 'check that the device is on, and its UDP port',
  });
}

/**
 * Opens a socket that hears and reaches that address only.
 *
 * @throws GatewayError PORT_HOST_UNKNOWN, PORT_UNREACHABLE or PORT_FAILED; the signal's reason when aborted
 */
export async function openUdp(endpoint: UdpEndpoint, signal: AbortSignal): Promise<Duplex> {
  const { host, port } = endpoint;
  const { address, family } = await lookup(host).catch((error) => {
    throw connectError(endpoint, error);
  });
  signal.throwIfAborted();
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    const onAbort = () => fail(signal.reason);
    const fail = (reason: unknown) => {
      signal.removeEventListener('abort', onAbort);
      socket.close();
      reject(reason);
    };
    const onError = (error: Error) => fail(connectError(endpoint, error));
    socket.once('error', onError);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.connect(port, address, (error?: Error) => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      if (error) fail(connectError(endpoint, error));
      else resolve(new UdpWire(socket, endpoint));
    });
  });
}
