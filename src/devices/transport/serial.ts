/** A serial line on the package serialport. One SerialPort object per session: a reopened one keeps old state. */
import { Duplex } from 'node:stream';
import type { SerialPort } from 'serialport';
import type { Clock } from '../../core/clock.js';
import type { GatewayError } from '../../core/errors.js';
import { endpointName, type SerialEndpoint } from '../../core/transport.js';
import { devicesError } from '../errors.js';
import { EchoFilter } from './echo.js';
import { type Filter, FilteredWire } from './filtered.js';
import { driverFormat } from './parity.js';
import { enableKernelRs485, sendSwitched } from './rs485.js';
import { replaceRead } from './serial-read.js';

/** The most bytes that wait for a reader; a line that fills this without one is read no further. */
const HIGH_WATER_MARK = 64 * 1024;

/**
 * SerialPort as a well-behaved stream: its own destroy() leaves the file descriptor open, and its `close` carries the
 * error as an argument.
 */
class SerialWire extends Duplex {
  readonly #port: SerialPort;
  readonly #name: string;
  readonly #send: (bytes: Buffer, callback: (error?: Error | null) => void) => void;

  constructor(port: SerialPort, endpoint: SerialEndpoint, clock: Clock) {
    super({ readableHighWaterMark: HIGH_WATER_MARK });
    const name = endpointName(endpoint);
    const { rs485, dtr = true } = endpoint;
    this.#port = port;
    this.#name = name;
    this.#send = (bytes, callback) => {
      if (rs485?.mode !== 'rts') port.write(bytes, callback);
      else sendSwitched(port, bytes, rs485, dtr, clock).then(() => callback(), callback);
    };
    this.on('error', () => {});
    port.once('open', () => replaceRead(port));
    // Before open, so that no byte that arrives with it is lost.
    port.on('data', (chunk: Buffer) => {
      if (!this.destroyed && !this.push(chunk)) port.pause();
    });
    port.on('error', (error) => void this.destroy(serialError(name, error)));
    port.on('close', (error?: Error | null) => {
      this.destroy(
        devicesError('PORT_CLOSED', `the line ${name} is gone`, {
          cause: error ?? undefined,
          hint: 'check the cable and the power of the serial adapter',
        }),
      );
    });
  }

  setBaudRate(baudRate: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error | null) => (error ? reject(serialError(this.#name, error)) : resolve());
      this.#port.drain((error) => (error ? done(error) : this.#port.update({ baudRate }, done)));
    });
  }

  override _read(): void {
    this.#port.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#send(chunk, (error) => callback(error ? serialError(this.#name, error) : null));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const done = () => callback(error);
    if (this.#port.isOpen) this.#port.close(done);
    // Unplugged, and closed by the driver at this moment.
    else if (this.#port.closing) this.#port.once('close', done).once('error', done);
    else done();
  }
}

/**
 * Opens the line exclusively. When it cannot be used, it is free again.
 *
 * @throws GatewayError PORT_NOT_FOUND, PORT_NOT_PERMITTED, PORT_BUSY, PORT_NOT_SERIAL, PORT_FORMAT, PORT_MODEM_LINES,
 *   PORT_RS485 or PORT_FAILED; the signal's reason when aborted
 */
export async function openSerial(endpoint: SerialEndpoint, signal: AbortSignal, clock: Clock): Promise<Duplex> {
  const { dataBits, parity, stopBits, filter } = driverFormat(endpoint);
  // The native addon is loaded only by gateways that have a serial line.
  const { SerialPort } = await import('serialport');
  const { path, baudRate } = endpoint;
  const options = { path, baudRate, dataBits, parity, stopBits, autoOpen: false, lock: true };
  const port = new SerialPort({ ...options, highWaterMark: HIGH_WATER_MARK });
  const wire = new SerialWire(port, endpoint, clock);
  await opened(port, wire, endpoint, signal);
  try {
    await setLines(port, endpoint);
    if (endpoint.rs485?.mode === 'kernel') await enableKernelRs485(port, endpoint.rs485, endpointName(endpoint));
    signal.throwIfAborted();
  } catch (error) {
    await new Promise((resolve) => wire.once('close', resolve).destroy());
    throw error;
  }
  return [filter, endpoint.echo === true ? new EchoFilter() : undefined].reduce(
    (inner: Duplex, one: Filter | undefined) => (one === undefined ? inner : new FilteredWire(inner, one)),
    wire,
  );
}

function opened(port: SerialPort, wire: SerialWire, endpoint: SerialEndpoint, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    port.open((error) => {
      signal.removeEventListener('abort', onAbort);
      if (error) {
        wire.destroy();
        reject(serialError(endpointName(endpoint), error));
      } else if (signal.aborted) {
        // The open cannot be called back; what it opened is closed again.
        wire.destroy();
        reject(signal.reason);
      } else {
        resolve();
      }
    });
  });
}

/** RTS and DTR as configured, and RTS of a line that it switches: receiving. */
function setLines(port: SerialPort, endpoint: SerialEndpoint): Promise<void> {
  const { rs485, dtr } = endpoint;
  const rts = rs485?.mode === 'rts' ? !rs485.rtsOnSend : endpoint.rts;
  if (rts === undefined && dtr === undefined) return Promise.resolve();
  return new Promise((resolve, reject) => {
    // set() takes what is not named for on, and that is how the driver leaves both after open.
    port.set({ rts: rts ?? true, dtr: dtr ?? true }, (error) => {
      if (!error) return resolve();
      const name = endpointName(endpoint);
      reject(
        devicesError('PORT_MODEM_LINES', `${name} has no RTS and DTR to set`, {
          cause: error,
          details: { endpoint: name },
        }),
      );
    });
  });
}

/** The addon gives errors as text only. */
export function serialError(name: string, cause: Error): GatewayError {
  const text = cause.message;
  const details = { endpoint: name };
  if (/no such (file|device)/i.test(text)) {
    return devicesError('PORT_NOT_FOUND', `there is no ${name}`, { cause, details });
  }
  if (/permission denied|operation not permitted/i.test(text)) {
    return devicesError('PORT_NOT_PERMITTED', `no permission to open ${name}`, { cause, details });
  }
  if (/cannot lock port|resource busy|temporarily unavailable/i.test(text)) {
    return devicesError('PORT_BUSY', `${name} is in use by another program`, { cause, details });
  }
  if (/inappropriate ioctl|is a directory|not a typewriter/i.test(text)) {
    return devicesError('PORT_NOT_SERIAL', `${name} is not a serial line`, { cause, details });
  }
  return devicesError('PORT_FAILED', `${name}: ${text.replace(/^Error:? ?/, '')}`, { cause, details });
}
