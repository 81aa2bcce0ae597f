/** Modbus/TCP Security and other protocols in TLS: our certificate, the device's, and the name in it. */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { GatewayError } from '../../core/errors.js';
import { type Address, addressName, type TlsEndpoint } from '../../core/transport.js';
import { devicesError } from '../errors.js';
import { connectError, openTcp } from './tcp.js';

/**
 * Connects and proves who both are. The files are read for each connection: what was renewed is used from the next on.
 *
 * @param address - one of those of the endpoint
 * @throws GatewayError PORT_TLS, and those of {@link openTcp}; the signal's reason when aborted
 */
export async function openTls(endpoint: TlsEndpoint, address: Address, signal: AbortSignal): Promise<TLSSocket> {
  const secrets = await readSecrets(endpoint);
  const socket = await openTcp(address, signal, endpoint.keepAlive);
  const name = endpoint.serverName ?? address.host;
  const options: ConnectionOptions = {
    socket,
    ...secrets,
    host: name,
    // RFC 6066 §3: a literal address is no server name.
    ...(isIP(name) === 0 && { servername: name }),
    minVersion: endpoint.minVersion ?? 'TLSv1.2',
    rejectUnauthorized: true,
  };
  return new Promise((resolve, reject) => {
    let secure: TLSSocket;
    try {
      secure = connect(options);
    } catch (cause) {
      socket.destroy();
      return reject(unusable(address, cause as Error));
    }
    const onAbort = () => {
      secure.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const done = () => signal.removeEventListener('abort', onAbort);
    secure.on('error', (error: NodeJS.ErrnoException) => {
      done();
      reject(handshakeError(address, name, error));
    });
    secure.once('close', () => {
      done();
      reject(handshakeError(address, name, new Error('it closed the connection')));
    });
    secure.once('secureConnect', () => {
      done();
      resolve(secure);
    });
  });
}

async function readSecrets({ ca, cert, key }: TlsEndpoint): Promise<ConnectionOptions> {
  const read = async (file: string | Buffer) => {
    if (typeof file !== 'string') return file;
    try {
      return await readFile(file);
    } catch (cause) {
      throw devicesError('PORT_TLS', `${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
    }
  };
  return {
    ...(ca !== undefined && { ca: await read(ca) }),
    ...(cert !== undefined && { cert: await read(cert) }),
    ...(key !== undefined && { key: await read(key) }),
  };
}

function unusable(address: Address, cause: Error): GatewayError {
  return devicesError('PORT_TLS', `the certificate or key for ${addressName(address)} cannot be used`, {
    cause,
    hint: 'check that the files are PEM, and that the key belongs to the certificate',
  });
}

const UNTRUSTED: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it signed its certificate itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not one of ours',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not one of ours',
  UNABLE_TO_GET_ISSUER_CERT: 'its authority is not one of ours',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not one of ours',
  CERT_SIGNATURE_FAILURE: 'its authority is not one of ours',
};

function handshakeError(address: Address, name: string, cause: NodeJS.ErrnoException): GatewayError {
  const where = addressName(address);
  const code = cause.code ?? '';
  const details = { endpoint: where, code };
  const fail = (message: string, hint?: string) =>
    devicesError('PORT_TLS', `${where}: ${message}`, { cause, details, ...(hint !== undefined && { hint }) });
  const untrusted = UNTRUSTED[code];
  if (untrusted !== undefined) return fail(untrusted, 'name the certificate of its authority in `ca`');
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return fail(`its certificate is not for ${name}`, 'set `serverName` to a name that is in the certificate');
  }
  if (code === 'CERT_HAS_EXPIRED') return fail('its certificate has expired', 'have it renewed, or set the clock');
  if (code === 'CERT_NOT_YET_VALID') return fail('its certificate is not valid yet', 'check the clock of this machine');
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')) return fail(`the handshake failed (${code})`);
  if (['ECONNRESET', 'EPIPE', ''].includes(code)) return fail('it closed the connection during the handshake');
  return connectError(address, cause);
}
