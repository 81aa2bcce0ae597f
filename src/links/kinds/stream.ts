/** What MQTT is spoken over: the socket itself, or WebSocket on it. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Phase } from './mqtt-causes.js';

/**
 * @param socket - connected, with TLS where it should be
 * @param url - what is asked for with ws:// and wss://
 * @param reached - told how far it has come; `mqtt`: CONNECT may be sent
 */
export async function streamOn(
  socket: Socket,
  url: string,
  maxBytes: number,
  reached: (phase: Phase) => void,
): Promise<Duplex> {
  if (!/^wss?:/i.test(url)) {
    // Once the caller has taken the stream.
    setImmediate(() => reached('mqtt'));
    return socket;
  }
  const { createWebSocketStream, default: WebSocket } = await import('ws');
  reached('web');
  const websocket = new WebSocket(url, ['mqtt'], {
    createConnection: () => socket,
    perMessageDeflate: false,
    maxPayload: maxBytes,
  });
  websocket.on('open', () => reached('mqtt'));
  return createWebSocketStream(websocket);
}
