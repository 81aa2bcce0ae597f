/** Opens the wire of an endpoint. Whatever kind it is, the Duplex emits `close` once, and destroy() frees the wire. */
import type { Duplex } from 'node:stream';
import type { Clock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import { CONNECT_TIMEOUT_MS, type Endpoint, endpointName, type OpenTransport } from '../../core/transport.js';
import { devicesError } from '../errors.js';
import type { DtlsSessions } from './dtls.js';
import { type Dialling, Failover, within } from './failover.js';
import { Listeners } from './listen.js';
import { openMemory } from './memory.js';
import { openTcp } from './tcp.js';

export interface WiresOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/** All wires of a gateway: what outlives one of them is here, listeners and which address worked last. */
export class Wires implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly listeners: Listeners;
  readonly #dtlsSessions: DtlsSessions = new WeakMap();
  readonly #failovers = new WeakMap<object, Failover>();

  constructor({ clock, log }: WiresOptions) {
    this.#clock = clock;
    this.#log = log;
    this.listeners = new Listeners(clock, log);
  }

  readonly open: OpenTransport = async (endpoint, signal) => {
    signal.throwIfAborted();
    const wire = await this.#open(endpoint, signal);
    const settle = endpoint.type === 'memory' ? undefined : endpoint.settle;
    if (settle === undefined || settle === 0) return wire;
    try {
      await this.#clock.sleep(settle, signal);
    } catch (error) {
      wire.destroy();
      throw error;
    }
    while (wire.read() !== null);
    return wire;
  };

  /** What only some kinds of wire need is loaded with the first of them. */
  async #open(endpoint: Endpoint, signal: AbortSignal): Promise<Duplex> {
    switch (endpoint.type) {
      case 'tcp':
        return this.#failover(endpoint).open(
          (address, limited) => openTcp(address, limited, endpoint.keepAlive),
          signal,
        );
      case 'tls':
        return this.#failover(endpoint).open(
          async (address, limited) => (await import('./tls.js')).openTls(endpoint, address, limited),
          signal,
        );
      case 'listen':
        return within(endpoint.connectTimeout ?? CONNECT_TIMEOUT_MS, endpoint, this.#clock, signal, (_, limited) =>
          this.listeners.claim(endpoint, limited).catch((error) => {
            throw (error as { code?: string }).code !== 'PORT_CONNECT_TIMEOUT'
              ? error
              : devicesError('PORT_NO_DIAL_IN', `no device has dialled in (${endpointName(endpoint)})`);
          }),
        );
      case 'udp':
        return (await import('./udp.js')).openUdp(endpoint, signal);
      case 'dtls':
        return within(
          endpoint.connectTimeout ?? CONNECT_TIMEOUT_MS,
          endpoint,
          this.#clock,
          signal,
          async (_, limited) => {
            const { openDtls } = await import('./dtls.js');
            return openDtls(endpoint, limited, this.#clock, this.#dtlsSessions);
          },
        );
      case 'serial':
        return (await import('./serial.js')).openSerial(endpoint, signal, this.#clock);
      case 'rfc2217':
        return (await import('./rfc2217.js')).openRfc2217(endpoint, signal, this.#clock);
      case 'memory':
        return openMemory();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.listeners[Symbol.asyncDispose]();
  }

  #failover(endpoint: Dialling & object): Failover {
    let failover = this.#failovers.get(endpoint);
    if (failover === undefined) {
      failover = new Failover(endpoint, this.#clock, this.#log);
      this.#failovers.set(endpoint, failover);
    }
    return failover;
  }
}
