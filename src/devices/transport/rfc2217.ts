/** A serial line of another machine: Telnet Com Port Control Option (RFC 2217), client side. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../core/clock.js';
import type { GatewayError } from '../../core/errors.js';
import {
  addressName,
  CONNECT_TIMEOUT_MS,
  endpointName,
  type Parity,
  type Rfc2217Endpoint,
} from '../../core/transport.js';
import { devicesError } from '../errors.js';
import { EchoFilter } from './echo.js';
import { within } from './failover.js';
import { type Filter, FilteredWire } from './filtered.js';
import { openTcp } from './tcp.js';
import * as telnet from './telnet.js';

/** §3: commands of the client; the server answers with the number plus 100. */
const SET_BAUDRATE = 1;
const SET_DATASIZE = 2;
const SET_PARITY = 3;
const SET_STOPSIZE = 4;
const SET_CONTROL = 5;
const FLOWCONTROL_SUSPEND = 8;
const FLOWCONTROL_RESUME = 9;
const SET_LINESTATE_MASK = 10;
const SET_MODEMSTATE_MASK = 11;
const PURGE_DATA = 12;
const SERVER = 100;
const NOTIFY_LINESTATE = 106;
const NOTIFY_MODEMSTATE = 107;

const PARITY: Readonly<Record<Parity, number>> = { none: 1, odd: 2, even: 3, mark: 4, space: 5 };
const CONTROL = { noFlowControl: 1, dtrOn: 8, dtrOff: 9, rtsOn: 11, rtsOff: 12 } as const;
const PURGE_BOTH = 3;
/** §3: overrun 2, parity 4, framing 8. */
const LINE_ERRORS = 0x0e;
/** What both sides shall do: send all 256 bytes, and no Go Ahead. */
const WANTED = new Set([telnet.BINARY, telnet.SUPPRESS_GO_AHEAD, telnet.COM_PORT_OPTION]);

/** What the far side says about its line. */
export interface Rfc2217Figures {
  /** §3 NOTIFY-MODEMSTATE: CTS 16, DSR 32, RI 64, carrier 128; undefined: it has not said. */
  readonly modemState: number | undefined;
  /** Reports of characters with an error (parity, framing, overrun). */
  readonly lineErrors: number;
}

/** Telnet on the way in and out, and the settings of the far line. */
class ComPort implements Filter {
  readonly #socket: Socket;
  readonly #decoder: telnet.TelnetDecoder;
  readonly #line: Rfc2217Endpoint;
  readonly #accepted: { resolve: () => void; reject: (error: Error) => void };
  readonly ready: Promise<void>;
  /** Settings whose answer is still to come, and the value that was asked for. */
  readonly #asked = new Map<number, number>();
  /** Of a rate that is changed while the line is open. */
  #changed: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #isAgreed = false;
  #resume: (() => void) | undefined;
  gate: Promise<void> | undefined;
  modemState: number | undefined;
  lineErrors = 0;

  constructor(socket: Socket, line: Rfc2217Endpoint) {
    this.#socket = socket;
    this.#line = line;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    promise.catch(() => {});
    this.#accepted = { resolve, reject };
    this.#decoder = new telnet.TelnetDecoder({
      onNegotiation: (verb, option) => this.#negotiate(verb, option),
      onSubnegotiation: (bytes) => this.#take(bytes),
    });
    socket.once('close', () => this.#fail('it closed the connection', 'check that it has a free connection'));
    const offers = [...WANTED].flatMap((option) =>
      option === telnet.COM_PORT_OPTION
        ? [telnet.IAC, telnet.WILL, option]
        : [telnet.IAC, telnet.WILL, option, telnet.IAC, telnet.DO, option],
    );
    socket.write(Buffer.from(offers));
  }

  incoming(bytes: Buffer): Buffer {
    return this.#decoder.decode(bytes);
  }

  outgoing(bytes: Buffer): Buffer {
    return telnet.escapeIac(bytes);
  }

  #negotiate(verb: telnet.Verb, option: number): void {
    if (option === telnet.COM_PORT_OPTION) {
      if (verb === telnet.DO || verb === telnet.WILL) this.#agreed();
      else this.#fail('it does not speak RFC 2217', 'use type tcp, and framing rtu or ascii, for a plain converter');
      return;
    }
    // Offered by us, or wanted anyway: nothing to say. All else is declined; refusals need no answer.
    if (WANTED.has(option)) return;
    if (verb === telnet.DO) this.#socket.write(Buffer.of(telnet.IAC, telnet.WONT, option));
    if (verb === telnet.WILL) this.#socket.write(Buffer.of(telnet.IAC, telnet.DONT, option));
  }

  /** The far side knows the option: now it is told how the line shall be. */
  #agreed(): void {
    if (this.#isAgreed) return;
    this.#isAgreed = true;
    const { baudRate, dataBits, parity, stopBits, dtr, rts } = this.#line;
    const baud = Buffer.alloc(4);
    baud.writeUInt32BE(baudRate);
    this.#ask(SET_BAUDRATE, baud, baudRate);
    this.#ask(SET_DATASIZE, Buffer.of(dataBits), dataBits);
    this.#ask(SET_PARITY, Buffer.of(PARITY[parity]), PARITY[parity]);
    this.#ask(SET_STOPSIZE, Buffer.of(stopBits), stopBits);
    this.#send(SET_CONTROL, Buffer.of(CONTROL.noFlowControl));
    if (dtr !== undefined) this.#send(SET_CONTROL, Buffer.of(dtr ? CONTROL.dtrOn : CONTROL.dtrOff));
    if (rts !== undefined) this.#send(SET_CONTROL, Buffer.of(rts ? CONTROL.rtsOn : CONTROL.rtsOff));
    this.#send(SET_LINESTATE_MASK, Buffer.of(LINE_ERRORS));
    this.#send(SET_MODEMSTATE_MASK, Buffer.of(0xff));
    this.#send(PURGE_DATA, Buffer.of(PURGE_BOTH));
  }

  setBaudRate(baudRate: number): Promise<void> {
    const changed = Promise.withResolvers<void>();
    this.#changed?.reject(this.#error('its rate was changed twice'));
    this.#changed = changed;
    const value = Buffer.alloc(4);
    value.writeUInt32BE(baudRate);
    this.#ask(SET_BAUDRATE, value, baudRate);
    return changed.promise;
  }

  #take(bytes: Buffer): void {
    if (bytes[0] !== telnet.COM_PORT_OPTION || bytes.length < 2) return;
    const command = bytes[1]!;
    const value = bytes.subarray(2);
    const wanted = this.#asked.get(command - SERVER);
    if (wanted !== undefined) {
      const got = command - SERVER === SET_BAUDRATE ? (value.length >= 4 ? value.readUInt32BE(0) : 0) : value[0];
      if (got !== wanted)
        this.#changed?.reject(this.#error(`it answered ${NAMES[command - SERVER]} ${got} to ${wanted}`));
      else this.#changed?.resolve();
      this.#changed = undefined;
      if (got !== wanted) this.#fail(`it answered ${NAMES[command - SERVER]} ${got} to ${wanted}`);
      this.#asked.delete(command - SERVER);
      if (this.#asked.size === 0) this.#accepted.resolve();
    } else if (command === NOTIFY_MODEMSTATE) {
      this.modemState = value[0];
    } else if (command === NOTIFY_LINESTATE) {
      if (((value[0] ?? 0) & LINE_ERRORS) !== 0) this.lineErrors++;
    } else if (command === FLOWCONTROL_SUSPEND + SERVER) {
      this.gate ??= new Promise((resolve) => (this.#resume = resolve));
    } else if (command === FLOWCONTROL_RESUME + SERVER) {
      this.gate = undefined;
      this.#resume?.();
    }
  }

  #ask(command: number, value: Buffer, wanted: number): void {
    this.#asked.set(command, wanted);
    this.#send(command, value);
  }

  #send(command: number, value: Buffer): void {
    this.#socket.write(telnet.subnegotiation(telnet.COM_PORT_OPTION, Buffer.concat([Buffer.of(command), value])));
  }

  #fail(why: string, hint?: string): void {
    const error = this.#error(why, hint);
    this.#accepted.reject(error);
    this.#changed?.reject(error);
    this.#changed = undefined;
  }

  #error(why: string, hint?: string): GatewayError {
    const endpoint = addressName(this.#line);
    return devicesError('PORT_RFC2217', `${endpoint}: ${why}`, {
      details: { endpoint },
      ...(hint !== undefined && { hint }),
    });
  }
}

const NAMES: Readonly<Record<number, string>> = {
  [SET_BAUDRATE]: 'baud rate',
  [SET_DATASIZE]: 'data bits',
  [SET_PARITY]: 'parity',
  [SET_STOPSIZE]: 'stop bits',
};

export class Rfc2217Wire extends FilteredWire {
  readonly figures: Rfc2217Figures;

  constructor(socket: Socket, port: ComPort) {
    super(socket, port);
    this.figures = port;
    this.setBaudRate = (baudRate) => port.setBaudRate(baudRate);
  }
}

/**
 * Connects and has the far line set; open when the far side has confirmed every setting.
 *
 * @throws GatewayError PORT_RFC2217, PORT_CONNECT_TIMEOUT, those of {@link openTcp}; the signal's reason when aborted
 */
export async function openRfc2217(endpoint: Rfc2217Endpoint, signal: AbortSignal, clock: Clock): Promise<Duplex> {
  return within(endpoint.connectTimeout ?? CONNECT_TIMEOUT_MS, endpoint, clock, signal, async (address, limited) => {
    const socket = await openTcp(address, limited);
    const port = new ComPort(socket, endpoint);
    const wire = new Rfc2217Wire(socket, port);
    const onAbort = () => void wire.destroy();
    limited.addEventListener('abort', onAbort, { once: true });
    try {
      await port.ready;
    } catch (error) {
      wire.destroy();
      throw limited.aborted ? tooSlow(endpoint, limited) : error;
    } finally {
      limited.removeEventListener('abort', onAbort);
    }
    return endpoint.echo === true ? new FilteredWire(wire, new EchoFilter()) : wire;
  });
}

/** A converter that is not asked by Telnet passes our negotiation on to its line, and says nothing. */
function tooSlow(endpoint: Rfc2217Endpoint, signal: AbortSignal): unknown {
  return (signal.reason as { code?: string }).code === 'PORT_CONNECT_TIMEOUT'
    ? devicesError('PORT_RFC2217', `${endpointName(endpoint)}: it did not answer to Telnet's negotiation`)
    : signal.reason;
}
