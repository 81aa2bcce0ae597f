/** One open wire with the protocol on it, until either fails. */
import type { Duplex } from 'node:stream';
import type { AnyAdapter, Bus, Device, FrameFunctions } from '../core/adapter.js';
import type { Clock } from '../core/clock.js';
import type { PortConfig } from '../core/config.js';
import type { GatewayError } from '../core/errors.js';
import type { FrameHooks } from '../core/function.js';
import type { Log } from '../core/log.js';
import { endpointName, type OpenTransport, openTimeoutMs } from '../core/transport.js';
import { devicesError } from './errors.js';
import type { Recorder } from './recorder.js';
import { orAborted, settles } from './wait.js';

/** The transport ends its attempts itself, with the better message; the adapter may need a moment more, ms. */
const OPEN_GRACE_MS = 500;
/** A bus or wire that does not close within this time is left alone, ms. */
const RELEASE_TIMEOUT_MS = 2_000;

// biome-ignore lint/suspicious/noExplicitAny: the adapter's types are erased here, see AnyAdapter
type AnyBus = Bus<any, any>;
type AnyDevice = Device<unknown>;

export class Session {
  readonly wire: Duplex;
  /** Exchanges begun. */
  tried = 0;
  /** Exchanges that a device answered. */
  answered = 0;
  /** Exchanges without an answer since the last answer. */
  silent = 0;
  /** Exchanges that were on the wire when it failed. */
  lost = 0;
  /** Somebody waits for what comes by itself: the wire is needed although nobody asks. */
  isHeard = false;
  /** Exchanges in which the adapter threw something foreign; the first is logged. */
  defects = 0;
  #bus: AnyBus | undefined;
  #error: GatewayError | undefined;
  readonly #name: string;
  readonly #frames: FrameHooks | undefined;
  readonly #devices = new Map<string, AnyDevice>();
  readonly #listeners = new Set<(error: GatewayError) => void>();

  /** @param name - the endpoint as people read it */
  constructor(wire: Duplex, name: string, frames?: FrameHooks) {
    this.wire = wire;
    this.#name = name;
    this.#frames = frames;
    wire.on('error', (cause) => this.close(this.#closed(cause)));
    wire.on('end', () => this.close(this.#closed()));
    wire.on('close', () => this.close(this.#closed()));
  }

  /** Why it is over; undefined while it is usable. */
  get error(): GatewayError | undefined {
    return this.#error;
  }

  set bus(bus: AnyBus) {
    this.#bus = bus;
  }

  /** The adapter's object for a device, made once per session. */
  device(name: string, options: unknown): AnyDevice {
    let device = this.#devices.get(name);
    if (device === undefined) {
      if (this.#bus === undefined) throw new TypeError('the bus is not open');
      device = this.#bus.device(options, this.#functionsOf(name));
      this.#devices.set(name, device);
    }
    return device;
  }

  #functionsOf(name: string): FrameFunctions | undefined {
    const decode = this.#frames?.decode(name);
    const encode = this.#frames?.encode(name);
    return decode === undefined && encode === undefined ? undefined : { decode, encode };
  }

  /** Monotonic ms before which the device is not to be asked. */
  readyAt(name: string): number {
    return this.#devices.get(name)?.readyAt?.() ?? 0;
  }

  /** Monotonic ms from which no answer is awaited any more that may come late. */
  get quietAt(): number {
    let last = 0;
    for (const device of this.#devices.values()) last = Math.max(last, device.readyAt?.() ?? 0);
    return last;
  }

  /** Calls back when the session ends, at once when it is over already. */
  onEnd(listener: (error: GatewayError) => void): Disposable {
    if (this.#error !== undefined) listener(this.#error);
    else this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Ends it: whoever waits on it is told before anything else happens. */
  close(error: GatewayError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    for (const listener of [...this.#listeners]) listener(error);
    this.#listeners.clear();
  }

  /**
   * Frees bus and wire, so that the same line can be opened again.
   *
   * @returns false when that took too long, and one of both may still be held
   */
  async release(clock: Clock): Promise<boolean> {
    const bus = this.#bus === undefined || (await settles(clock, RELEASE_TIMEOUT_MS, this.#bus[Symbol.asyncDispose]()));
    this.wire.destroy();
    if (this.wire.closed) return bus;
    const closed = new Promise<void>((resolve) => this.wire.once('close', () => resolve()));
    return (await settles(clock, RELEASE_TIMEOUT_MS, closed)) && bus;
  }

  #closed(cause?: Error): GatewayError {
    const code = (cause as NodeJS.ErrnoException | undefined)?.code;
    return devicesError('PORT_CLOSED', `${this.#name} closed the wire${code === undefined ? '' : ` (${code})`}`, {
      cause,
      details: { endpoint: this.#name },
    });
  }
}

export interface SessionOptions {
  readonly config: PortConfig;
  readonly adapter: AnyAdapter;
  readonly openTransport: OpenTransport;
  readonly clock: Clock;
  readonly log: Log;
  readonly recorder?: Recorder;
  /** Functions that know frames of devices. */
  readonly frames?: FrameHooks | undefined;
}

/** Records what the wire carries from now on; the adapter has its listener already, so nothing begins to flow by this. */
function record(wire: Duplex, recorder: Recorder): void {
  // Before that of the adapter, which may answer at once.
  wire.prependListener('data', (chunk: Buffer) => recorder.add(false, chunk));
  const write = wire.write;
  wire.write = function (this: Duplex, chunk: unknown, ...rest: unknown[]) {
    if (chunk instanceof Uint8Array) recorder.add(true, chunk);
    return (write as (...args: unknown[]) => boolean).call(this, chunk, ...rest);
  } as Duplex['write'];
}

/**
 * Opens the wire and the protocol on it.
 *
 * @throws GatewayError of the transport or the adapter; PORT_CONNECT_TIMEOUT; the signal's reason
 */
export async function openSession(o: SessionOptions, signal: AbortSignal): Promise<Session> {
  const { config, clock } = o;
  const name = endpointName(config.endpoint);
  const timeoutMs = Math.max(openTimeoutMs(config.endpoint) + OPEN_GRACE_MS, config.timeout);
  const controller = new AbortController();
  const onStop = () => controller.abort(signal.reason);
  signal.addEventListener('abort', onStop, { once: true });
  const timer = clock.after(timeoutMs, () => {
    const details = { endpoint: name, timeoutMs };
    controller.abort(
      devicesError('PORT_CONNECT_TIMEOUT', `${name} could not be opened within ${timeoutMs} ms`, { details }),
    );
  });
  let session: Session | undefined;
  try {
    const opening = o.openTransport(config.endpoint, controller.signal);
    // What opens after we gave up is closed again.
    opening.then((wire) => {
      if (controller.signal.aborted) wire.destroy();
    }, ignore);
    session = new Session(await orAborted(opening, controller.signal), name, o.frames);
    using _end = session.onEnd((error) => controller.abort(error));
    const context = { log: o.log, clock, endpoint: config.endpoint };
    const bus = o.adapter.open(session.wire, config.options, context);
    bus
      .then(async (late) => {
        if (controller.signal.aborted) await late[Symbol.asyncDispose]();
      })
      .catch(ignore);
    session.bus = await orAborted(bus, controller.signal);
    if (o.recorder !== undefined && config.endpoint.type !== 'memory') record(session.wire, o.recorder);
    return session;
  } catch (error) {
    await session?.release(clock);
    throw error;
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onStop);
  }
}

const ignore = (): void => {};
