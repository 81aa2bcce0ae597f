/** The way to the far side: TCP, TLS, and WebSocket over either. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import type { LinkConfig } from '../../core/config.js';
import { linkError } from '../errors.js';
import type { Phase } from './mqtt-causes.js';

/** What a URL of a link means. */
const schemes = {
  'mqtt:': { port: 1_883, isSecure: false, isWeb: false },
  'mqtts:': { port: 8_883, isSecure: true, isWeb: false },
  'ws:': { port: 80, isSecure: false, isWeb: true },
  'wss:': { port: 443, isSecure: true, isWeb: true },
} as const;

export interface Target {
  readonly url: URL;
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly isWeb: boolean;
  /** Address of this machine to connect from. */
  readonly localAddress: string | undefined;
  /** Names of protocols to ask for in the TLS handshake (ALPN). */
  readonly alpn: readonly string[] | undefined;
  /** undefined: without TLS. */
  readonly secureContext: SecureContext | undefined;
}

/**
 * The key material is parsed here, before anything is connected.
 *
 * @throws GatewayError LINK_TLS
 */
export function targetOf(address: string, tls: LinkConfig['tls'], localAddress?: string): Target {
  const url = new URL(address);
  const scheme = schemes[url.protocol as keyof typeof schemes];
  const { isSecure, isWeb } = scheme;
  return {
    url,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? scheme.port : Number(url.port),
    isSecure,
    isWeb,
    localAddress,
    alpn: tls.alpn,
    secureContext: isSecure ? secureContextOf(tls) : undefined,
  };
}

function secureContextOf({ ca, cert, key }: LinkConfig['tls']): SecureContext {
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (cause) {
    throw linkError('LINK_TLS', `the certificate or key of the link cannot be used: ${(cause as Error).message}`, {
      cause,
      hint: 'check that `tls` names PEM files, and that the key belongs to the certificate',
    });
  }
}

/**
 * Begins to connect. `error` of the stream tells what went wrong.
 *
 * @param reached - told how far it has come; `mqtt`: CONNECT may be sent
 */
export async function openStream(target: Target, maxBytes: number, reached: (phase: Phase) => void): Promise<Duplex> {
  if (!target.isWeb) return openSocket(target, reached);
  const { createWebSocketStream, default: WebSocket } = await import('ws');
  const websocket = new WebSocket(target.url, ['mqtt'], {
    createConnection: () => openSocket(target, (phase) => reached(phase === 'mqtt' ? 'web' : phase)),
    perMessageDeflate: false,
    maxPayload: maxBytes,
  });
  websocket.on('open', () => reached('mqtt'));
  return createWebSocketStream(websocket);
}

function openSocket(target: Target, reached: (phase: Phase) => void): Socket {
  const { host, port, localAddress, alpn, secureContext } = target;
  const address = { host, port, ...(localAddress === undefined ? {} : { localAddress }) };
  if (secureContext === undefined) {
    const socket = connectTcp({ ...address, noDelay: true });
    socket.once('connect', () => reached('mqtt'));
    return socket;
  }
  const socket = connectTls({
    ...address,
    secureContext,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
  });
  socket.setNoDelay(true);
  socket.once('connect', () => reached('tls'));
  socket.once('secureConnect', () => reached('mqtt'));
  return socket;
}
