/** Datagrams to and from anywhere, for the search for devices. */
import { createSocket } from 'node:dgram';
import type { Datagrams } from '../../core/adapter.js';
import { devicesError } from '../errors.js';

/** Hops of a multicast question: it stays in the site. */
const MULTICAST_HOPS = 4;

export interface OpenDatagrams extends Datagrams, Disposable {}

/**
 * @param local - address of this machine to ask from, for multicast; the system's choice when undefined
 * @throws GatewayError PORT_FAILED
 */
export function openDatagrams(local: string | undefined): Promise<OpenDatagrams> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', (cause) => {
      const message = `cannot ask from ${local ?? 'this machine'} (${(cause as NodeJS.ErrnoException).code})`;
      reject(devicesError('PORT_FAILED', message, { cause, hint: 'give an address that this machine has' }));
    });
    socket.bind(0, local, () => {
      socket.removeAllListeners('error');
      // What cannot be sent to one is no reason not to hear the others.
      socket.on('error', () => {});
      socket.setMulticastTTL(MULTICAST_HOPS);
      if (local !== undefined) socket.setMulticastInterface(local);
      resolve({
        send: (bytes, { host, port }) => socket.send(bytes, port, host, () => {}),
        onDatagram: (listener) => {
          socket.on('message', (bytes, { address, port }) => listener(bytes, { host: address, port }));
        },
        [Symbol.dispose]: () => void socket.close(),
      });
    });
  });
}
