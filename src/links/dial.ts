/** From an endpoint to an open socket: TCP from the right address of this machine, then TLS with everything checked. */
import { X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect as connectTls,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { Clock } from '../core/clock.js';
import { type GatewayError, toGatewayError } from '../core/errors.js';
import { type Endpoint, placeOf } from './endpoint.js';
import { linkError } from './errors.js';
import { floorFault } from './floor-verify.js';
import { closedCause, type Phase, socketCause, timeoutCause } from './kinds/mqtt-causes.js';

/** Time for TCP and TLS together, ms. */
const DIAL_TIMEOUT = 10_000;

export interface DialTls {
  readonly context: SecureContext;
  /** PEM; undefined: the authorities of the runtime. */
  readonly authorities: readonly Buffer[] | undefined;
  readonly alpn: readonly string[];
}

export interface Dialled {
  readonly socket: Socket;
  /** Of the far side; undefined without TLS. */
  readonly certificate: X509Certificate | undefined;
}

/**
 * @param tls - undefined: without
 * @throws GatewayError LINK_UNREACHABLE, LINK_TLS; the signal's reason when aborted
 */
export function dial(
  endpoint: Endpoint,
  tls: DialTls | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<Dialled> {
  const far = placeOf(endpoint);
  const floor = clock.quality?.() === 'unsynced' ? clock.now() : undefined;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    let phase: Phase = 'tcp';
    const socket =
      tls === undefined ? connectTcp(tcpOptions(endpoint)) : connectTls(tlsOptions(endpoint, tls, floor !== undefined));
    const done = () => {
      deadline.cancel();
      signal.removeEventListener('abort', onAbort);
      socket.off('close', onClose);
    };
    const fail = (error: GatewayError) => {
      done();
      socket.destroy();
      reject(error);
    };
    const onAbort = () => fail(toGatewayError(signal.reason));
    const onClose = () => fail(closedCause(phase, far, false));
    const deadline = clock.after(DIAL_TIMEOUT, () => fail(timeoutCause(phase, far, DIAL_TIMEOUT)));
    signal.addEventListener('abort', onAbort, { once: true });
    // Stays for ever: a socket without a listener would end the process.
    socket.on('error', (error) => fail(socketCause(error, phase, far)));
    socket.once('close', onClose);
    socket.setNoDelay(true);
    socket.once('connect', () => {
      if (tls === undefined) {
        done();
        resolve({ socket, certificate: undefined });
      } else phase = 'tls';
    });
    socket.once('secureConnect', () => {
      const fault = floor === undefined ? undefined : faultAtFloor(socket as TLSSocket, endpoint, tls, floor);
      if (fault !== undefined) {
        const details = { far, code: String((socket as TLSSocket).authorizationError) };
        return fail(linkError('LINK_TLS', `no TLS connection to ${far}: ${fault}`, { details }));
      }
      done();
      resolve({ socket, certificate: (socket as TLSSocket).getPeerX509Certificate() });
    });
  });
}

function tcpOptions({ host, port, localAddress }: Endpoint): TcpNetConnectOpts {
  const family = localAddress === undefined ? 0 : isIP(localAddress);
  return { host, port, ...(localAddress !== undefined && { localAddress, family }) };
}

function tlsOptions(endpoint: Endpoint, { context, alpn }: DialTls, isUnsynced: boolean): ConnectionOptions {
  const name = nameOf(endpoint);
  return {
    ...tcpOptions(endpoint),
    secureContext: context,
    // RFC 6066 §3: a literal address is no server name.
    ...(isIP(name) === 0 && { servername: name }),
    ...(alpn.length > 0 && { ALPNProtocols: [...alpn] }),
    minVersion: 'TLSv1.2',
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    // With an unknown time OpenSSL's verdict is looked at afterwards, before anything is sent.
    rejectUnauthorized: !isUnsynced,
  };
}

function nameOf({ serverName, host }: Endpoint): string {
  return serverName ?? host;
}

/** With the time unknown "not yet valid" is no reason to refuse, and every other verdict is. */
function faultAtFloor(
  socket: TLSSocket,
  endpoint: Endpoint,
  tls: DialTls | undefined,
  floor: number,
): string | undefined {
  if (socket.authorized) return undefined;
  const verdict: unknown = socket.authorizationError;
  if (verdict !== 'CERT_NOT_YET_VALID') return verdict instanceof Error ? verdict.message : String(verdict);
  const chain: X509Certificate[] = [];
  let one: PeerCertificate | undefined = socket.getPeerCertificate(true);
  while (one?.raw !== undefined && chain.length < 10) {
    chain.push(new X509Certificate(one.raw));
    const issuer: PeerCertificate | undefined = (one as { issuerCertificate?: PeerCertificate }).issuerCertificate;
    one = issuer === one ? undefined : issuer;
  }
  return floorFault({ chain, authorities: tls?.authorities, serverName: nameOf(endpoint), floor });
}
