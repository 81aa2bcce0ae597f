import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../core/clock.js';
import { endpointName, type ListenEndpoint } from '../../core/transport.js';
import { devicesError } from '../errors.js';
import { HeartbeatFilter } from './dial-in.js';
import { FilteredWire } from './filtered.js';

/** The connection of a device that dialled in: its registration and its heartbeats are not in what is read. */
export class DialInWire extends FilteredWire {
  readonly #filter: HeartbeatFilter;
  readonly #endpoint: ListenEndpoint;
  readonly #clock: Clock;
  #silence: Timer | undefined;

  /** @param rest - what came behind the registration already */
  constructor(socket: Socket, rest: Buffer, endpoint: ListenEndpoint, clock: Clock) {
    const { registration, heartbeat } = endpoint;
    const filter = new HeartbeatFilter([registration, heartbeat], clock, (bytes) => {
      if (!this.destroyed) this.push(bytes);
    });
    super(socket, filter);
    this.#filter = filter;
    this.#endpoint = endpoint;
    this.#clock = clock;
    socket.on('data', this.#listen);
    this.#listen();
    const first = filter.incoming(rest);
    if (first.length > 0) this.push(first);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#silence?.cancel();
    this.#filter.close();
    super._destroy(error, callback);
  }

  /** Also a heartbeat is a sign of life. */
  readonly #listen = (): void => {
    const { silenceTimeout } = this.#endpoint;
    if (silenceTimeout === undefined || this.destroyed) return;
    this.#silence?.cancel();
    this.#silence = this.#clock.after(silenceTimeout, () => {
      const name = endpointName(this.#endpoint);
      this.destroy(devicesError('PORT_SILENT', `the device at ${name} said nothing for ${silenceTimeout} ms`));
    });
  };
}
