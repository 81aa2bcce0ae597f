/**
 * Masters over UDP: one socket, and a wire for each address that speaks to it.
 *
 *   socket ─▶ allowed? ─▶ wire of that address ─▶ role.serve(wire)
 *                         (a new one takes the place of the one that was silent longest)
 *
 * Rules: whoever sends a datagram may have written any address into it, so that new ones must never lock known ones out
 * for long, and nothing is logged per datagram.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { Duplex } from 'node:stream';
import type { Clock } from '../../core/clock.js';
import { addressName, type UdpEndpoint } from '../../core/transport.js';

/** Datagrams that wait for a reader; more are dropped, as the network would. */
const HIGH_WATER_MARK = 64;

/** Datagrams of one address. */
export class PeerWire extends Duplex {
  readonly key: string;
  /** Monotonic ms of its last datagram. */
  heardAt: number;
  readonly #socket: Socket;
  readonly #to: { readonly address: string; readonly port: number };

  constructor(key: string, socket: Socket, to: { readonly address: string; readonly port: number }, now: number) {
    super({ objectMode: true, readableHighWaterMark: HIGH_WATER_MARK });
    this.key = key;
    this.heardAt = now;
    this.#socket = socket;
    this.#to = to;
    this.on('error', () => {});
  }

  receive(bytes: Buffer, now: number): void {
    this.heardAt = now;
    if (!this.destroyed && this.readableLength < HIGH_WATER_MARK) this.push(bytes);
  }

  override _read(): void {}

  /** What cannot be sent is lost, as on the way: the protocol repeats itself. */
  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#socket.send(bytes, this.#to.port, this.#to.address, () => callback());
  }
}

export interface UdpPeersOptions {
  readonly clock: Clock;
  readonly maxPeers: number;
  /** ms; 0: never */
  readonly idleTimeout: number;
  isAllowed(address: string): boolean;
  onPeer(wire: PeerWire, who: string): void;
  /** It was not served: its address is not allowed. */
  onRefused(who: string): void;
}

export class UdpPeers implements Disposable {
  readonly #o: UdpPeersOptions;
  readonly #peers = new Map<string, PeerWire>();
  readonly #socket: Socket;
  readonly #sweep: () => void;
  #timer: Disposable | undefined;

  constructor(endpoint: UdpEndpoint, options: UdpPeersOptions) {
    this.#o = options;
    this.#socket = createSocket({ type: isIPv6(endpoint.host) ? 'udp6' : 'udp4' });
    this.#socket.on('message', (bytes, from) => this.#take(bytes, from));
    const { clock, idleTimeout } = options;
    this.#sweep = () => {
      const before = clock.monotonic() - idleTimeout;
      for (const peer of this.#peers.values()) if (peer.heardAt <= before) peer.destroy();
      this.#timer = clock.after(idleTimeout / 2, this.#sweep);
    };
    if (idleTimeout > 0) this.#timer = clock.after(idleTimeout / 2, this.#sweep);
  }

  get size(): number {
    return this.#peers.size;
  }

  /** @returns the port; rejects with the error of the system */
  listen({ host, port }: UdpEndpoint): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.once('error', reject);
      this.#socket.bind(port, host, () => {
        this.#socket.off('error', reject);
        resolve(this.#socket.address().port);
      });
    });
  }

  /** Resolves when the socket is closed, by us or by an error. */
  closed(onError: (error: Error) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.on('close', resolve);
      this.#socket.on('error', onError);
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    for (const peer of this.#peers.values()) peer.destroy();
    this.#socket.close();
  }

  #take(bytes: Buffer, from: RemoteInfo): void {
    const now = this.#o.clock.monotonic();
    const key = addressName({ host: from.address, port: from.port });
    const known = this.#peers.get(key);
    if (known !== undefined) {
      known.receive(bytes, now);
      return;
    }
    if (!this.#o.isAllowed(from.address)) {
      this.#o.onRefused(from.address);
      return;
    }
    if (this.#peers.size >= this.#o.maxPeers) this.#oldest()?.destroy();
    const peer = new PeerWire(key, this.#socket, from, now);
    this.#peers.set(key, peer);
    peer.on('close', () => {
      if (this.#peers.get(key) === peer) this.#peers.delete(key);
    });
    this.#o.onPeer(peer, from.address);
    peer.receive(bytes, now);
  }

  /** Silent for longest, and out of the map at once. */
  #oldest(): PeerWire | undefined {
    let oldest: PeerWire | undefined;
    for (const peer of this.#peers.values()) {
      if (oldest === undefined || peer.heardAt < oldest.heardAt) oldest = peer;
    }
    if (oldest !== undefined) this.#peers.delete(oldest.key);
    return oldest;
  }
}
