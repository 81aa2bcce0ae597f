/**
 * Devices that dial in: DTUs and modems behind NAT.
 *
 *   accept ─▶ address allowed? ─▶ registration ─▶ port that waits: its wire
 *                                              └▶ port that does not (yet): kept for it, one
 *
 * One listener per host and port, shared by all ports that name it. A device with a registration that dials again
 * replaces its own older connection; one without cannot be told from somebody else, and waits until the older is gone.
 */
import { once } from 'node:events';
import { BlockList, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import { addressName, type ListenEndpoint } from '../../core/transport.js';
import { devicesError } from '../errors.js';
import { introduce } from './dial-in.js';
import { DialInWire } from './dial-in-wire.js';

/** Time to say who one is, ms. */
const REGISTRATION_TIMEOUT_MS = 10_000;
/** Connections that have not said yet who they are; more are closed at once. */
const STRANGERS_LIMIT = 32;

/** One port of the configuration at a listener. */
interface Claim {
  readonly endpoint: ListenEndpoint;
  readonly allowed: BlockList | undefined;
  /** Present while the port waits for its device. */
  take: ((wire: Duplex) => void) | undefined;
  wire: Duplex | undefined;
  /** Dialled in while nobody waited. */
  parked: { readonly socket: Socket; readonly rest: Buffer } | undefined;
}

class Listener implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #server: Server;
  readonly #claims = new Map<ListenEndpoint, Claim>();
  readonly #strangers = new Set<Socket>();
  readonly #listening: Promise<unknown>;
  #refused = 0;

  constructor(endpoint: ListenEndpoint, clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log.child({ listener: addressName(endpoint) });
    this.#server = createServer({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 10_000,
      pauseOnConnect: true,
    });
    this.#server.on('connection', (socket) => void this.#welcome(socket));
    this.#listening = once(this.#server, 'listening').catch((cause) => {
      const details = { endpoint: addressName(endpoint), code: cause.code };
      throw devicesError('PORT_LISTEN', `cannot listen at ${addressName(endpoint)} (${cause.code})`, {
        cause,
        details,
      });
    });
    this.#listening.catch(() => {});
    this.#server.listen(endpoint.port, endpoint.host);
    this.#server.on('error', () => {});
  }

  /** @returns the port it really listens at */
  async port(): Promise<number> {
    await this.#listening;
    return (this.#server.address() as { port: number }).port;
  }

  async claim(endpoint: ListenEndpoint, signal: AbortSignal): Promise<Duplex> {
    let claim = this.#claims.get(endpoint);
    if (claim === undefined) {
      claim = { endpoint, allowed: networks(endpoint.from), take: undefined, wire: undefined, parked: undefined };
      this.#claims.set(endpoint, claim);
    }
    const one = claim;
    await this.#listening;
    signal.throwIfAborted();
    const { parked } = one;
    one.parked = undefined;
    if (parked !== undefined && !parked.socket.destroyed) return this.#open(one, parked.socket, parked.rest);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        one.take = undefined;
        reject(signal.reason);
      };
      one.take = (wire) => {
        one.take = undefined;
        signal.removeEventListener('abort', onAbort);
        resolve(wire);
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  async #welcome(socket: Socket): Promise<void> {
    socket.on('error', () => {});
    const claims = [...this.#claims.values()].filter(({ allowed }) => isAllowed(allowed, socket.remoteAddress ?? ''));
    if (claims.length === 0 || this.#strangers.size >= STRANGERS_LIMIT) return this.#refuse(socket);
    this.#strangers.add(socket);
    const registrations = claims.map(({ endpoint }) => endpoint.registration);
    const known = await introduce(socket, registrations, this.#clock, REGISTRATION_TIMEOUT_MS);
    this.#strangers.delete(socket);
    if (known === undefined || socket.destroyed) return this.#refuse(socket);
    this.#assign(claims[known.index]!, socket, known.rest);
  }

  #assign(claim: Claim, socket: Socket, rest: Buffer): void {
    if (claim.take !== undefined) {
      claim.take(this.#open(claim, socket, rest));
      return;
    }
    claim.parked?.socket.destroy();
    claim.parked = { socket, rest };
    if (claim.endpoint.registration !== undefined) {
      claim.wire?.destroy(devicesError('PORT_CLOSED', 'the device dialled in again'));
    }
  }

  #open(claim: Claim, socket: Socket, rest: Buffer): Duplex {
    const wire = new DialInWire(socket, rest, claim.endpoint, this.#clock);
    claim.wire = wire;
    wire.once('close', () => {
      if (claim.wire === wire) claim.wire = undefined;
    });
    return wire;
  }

  #refuse(socket: Socket): void {
    const { remoteAddress } = socket;
    socket.destroy();
    // The first, and then each time their number has doubled.
    this.#refused++;
    if ((this.#refused & (this.#refused - 1)) !== 0) return;
    this.#log.warn({ remoteAddress, refused: this.#refused }, 'a device that no port expects dialled in');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#strangers) socket.destroy();
    for (const { parked, wire } of this.#claims.values()) {
      parked?.socket.destroy();
      wire?.destroy();
    }
    // It may still be about to listen.
    await this.#listening.catch(() => {});
    if (!this.#server.listening) return;
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** All listeners of a gateway. A listener stays until the end: devices dial when they like, not when a port waits. */
export class Listeners implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listeners = new Map<string, Listener>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Waits for the device of this endpoint.
   *
   * @throws PORT_LISTEN; the signal's reason
   */
  claim(endpoint: ListenEndpoint, signal: AbortSignal): Promise<Duplex> {
    return this.#at(endpoint).claim(endpoint, signal);
  }

  /** @returns the port that is really listened at, where the configuration says 0 */
  port(endpoint: ListenEndpoint): Promise<number> {
    return this.#at(endpoint).port();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#listeners.values()].map((one) => one[Symbol.asyncDispose]()));
    this.#listeners.clear();
  }

  #at(endpoint: ListenEndpoint): Listener {
    const name = addressName(endpoint);
    let listener = this.#listeners.get(name);
    if (listener === undefined) {
      listener = new Listener(endpoint, this.#clock, this.#log);
      this.#listeners.set(name, listener);
      // The address may be free at the next attempt.
      listener.port().catch(() => this.#listeners.delete(name));
    }
    return listener;
  }
}

function networks(from: readonly string[] | undefined): BlockList | undefined {
  if (from === undefined) return undefined;
  const list = new BlockList();
  for (const network of from) {
    const [address = '', prefix] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function isAllowed(allowed: BlockList | undefined, remoteAddress: string): boolean {
  if (allowed === undefined) return true;
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '').split('%', 1)[0]!;
  return allowed.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
