/** Reads the PROXY protocol header from a socket, and leaves the client's bytes in it. */
import type { Socket } from 'node:net';
import { type ProxyHeader, parseProxyHeader } from './proxy-protocol.js';

/** Called once, unless the socket ends before: time and bytes are limited by the handshake and by the parser. */
export function readProxyHeader(
  socket: Socket,
  onHeader: (header: ProxyHeader | { readonly fault: string }) => void,
): void {
  let received: Buffer = Buffer.alloc(0);
  const read = () => {
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const result = parseProxyHeader(received);
      if (result === 'more') continue;
      stop();
      if ('length' in result && received.length > result.length) socket.unshift(received.subarray(result.length));
      onHeader(result);
      return;
    }
  };
  const ended = () => {
    stop();
    onHeader({ fault: 'closed within the header' });
  };
  const stop = () => {
    socket.off('readable', read);
    socket.off('end', ended);
  };
  socket.on('readable', read);
  socket.on('end', ended);
}
