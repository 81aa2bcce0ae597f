/** How a link connects: what its far side is told in CONNECT. */
import { z } from 'zod';
import { duration } from './values.js';

export const connectionFields = {
  keepAlive: duration('1s', '65535s').prefault('30s').describe('MQTT Keep Alive'),
  sessionExpiry: duration('0s', '3650d')
    .prefault('7d')
    .describe('how long the far side keeps our session and what waits in it; 0s: none is kept'),
  bridge: z
    .boolean()
    .default(false)
    .describe('MQTT 3.1.1 with the bridge bit of Mosquitto: its own messages do not come back'),
};

/** One wss:// or ws:// url may have a path. */
export function urlRestFault(url: URL): string | undefined {
  const isWeb = url.protocol === 'ws:' || url.protocol === 'wss:';
  if (url.hash !== '') return 'has a fragment';
  if (isWeb || ((url.pathname === '' || url.pathname === '/') && url.search === '')) return undefined;
  return 'has more than scheme, host and port';
}

/** Protocols to ask for in the TLS handshake (RFC 7301). */
export const alpn = z
  .array(z.string().regex(/^[\x21-\x7e]{1,255}$/, 'expected a protocol name such as "x-amzn-mqtt-ca"'))
  .min(1)
  .max(8)
  .optional()
  .describe('ALPN: names of protocols to ask for in the TLS handshake');
