/** DTLS over UDP towards one peer, with a pre-shared key: each write is a datagram, each chunk read is one. */
import { Duplex } from 'node:stream';
import type { Clock } from '../../core/clock.js';
import { addressName, type DtlsEndpoint } from '../../core/transport.js';
import { devicesError } from '../errors.js';
import { DtlsClient, type DtlsSession } from './dtls/client.js';
import { secretOf } from './secret.js';
import { openUdp } from './udp.js';

const HIGH_WATER_MARK = 64;

class DtlsWire extends Duplex {
  readonly #inner: Duplex;
  readonly #client: DtlsClient;

  constructor(inner: Duplex, client: DtlsClient) {
    super({ objectMode: true, readableHighWaterMark: HIGH_WATER_MARK });
    this.#inner = inner;
    this.#client = client;
    this.on('error', () => {});
    inner.on('error', (error) => void this.destroy(error));
    inner.on('close', () => void this.destroy());
  }

  receive(bytes: Buffer): void {
    if (!this.destroyed && this.readableLength < HIGH_WATER_MARK) this.push(bytes);
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#client.write(bytes);
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#client.close();
    // The last words leave before the socket closes.
    this.#inner.end(() => void this.#inner.destroy());
    callback(error);
  }
}

/** The sessions of a gateway's connections, by endpoint: the next handshake is shorter. */
export type DtlsSessions = WeakMap<DtlsEndpoint, DtlsSession>;

/**
 * @throws GatewayError of {@link openUdp}; PORT_DTLS when the server refuses, or does not know the same key; the
 *   signal's reason when aborted
 */
export async function openDtls(
  endpoint: DtlsEndpoint,
  signal: AbortSignal,
  clock: Clock,
  sessions: DtlsSessions,
): Promise<Duplex> {
  const key = secretOf(endpoint.key);
  const name = addressName(endpoint);
  const inner = await openUdp({ type: 'udp', host: endpoint.host, port: endpoint.port }, signal);
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  let wire: DtlsWire | undefined;
  const fail = (why: string) =>
    devicesError('PORT_DTLS', `no DTLS with ${name}: ${why}`, { details: { endpoint: name } });
  const client: DtlsClient = new DtlsClient({
    identity: Buffer.from(endpoint.identity),
    key,
    session: sessions.get(endpoint),
    clock,
    send: (datagram) => void inner.write(datagram),
    onConnected(session) {
      if (session === undefined) sessions.delete(endpoint);
      else sessions.set(endpoint, session);
      wire = new DtlsWire(inner, client);
      resolve(wire);
    },
    onData: (bytes) => wire?.receive(bytes),
    onEnd(why) {
      // A session that the server does not want is not offered again.
      if (why !== undefined) sessions.delete(endpoint);
      if (wire === undefined) reject(fail(why ?? 'the server closed'));
      else wire.destroy(why === undefined ? undefined : fail(why));
    },
  });
  const onAbort = () => {
    // Who gets a proof that does not fit is silent (RFC 6347 §4.1.2.7).
    const isLate = (signal.reason as { code?: string } | undefined)?.code === 'PORT_CONNECT_TIMEOUT';
    const isUnproven = isLate && client.hasProven;
    reject(isUnproven ? fail('it does not take our proof of the key: it knows another one') : signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  inner.on('data', (datagram: Buffer) => client.receive(datagram));
  inner.on('error', reject);
  inner.on('close', () => reject(fail('the socket closed')));
  try {
    if (signal.aborted) throw signal.reason;
    client.start();
    return await promise;
  } catch (error) {
    client.close();
    inner.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
