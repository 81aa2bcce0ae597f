/** A wire: bytes in both directions. The port (src/devices/port.ts) is its only owner. */
import type { Duplex } from 'node:stream';

/** What every kind of wire may say. Durations in ms. */
interface Common {
  /** Rest between opening the wire and the first request; what comes meanwhile (boot messages) is thrown away. */
  readonly settle?: number | undefined;
}

/** Keys of everything that is connected over IP. */
interface Connection extends Common {
  /** Attempts to connect, to each address, give up after this; absent: 5 s. */
  readonly connectTimeout?: number | undefined;
  /** Exchanges on the wire at a time, for protocols whose answers name their request; absent: 1. */
  readonly parallel?: number | undefined;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A connection that is made by us, and by us only. */
interface Dialled extends Connection, Address {
  /** Tried in this order when the first address does not answer. */
  readonly backups?: readonly Address[] | undefined;
  /** While a backup is in use the first address is tried so often; absent: 60 s. */
  readonly failBack?: number | undefined;
  /** Silence after which the kernel probes the peer; 0: never; absent: 10 s. */
  readonly keepAlive?: number | undefined;
}

export interface TcpEndpoint extends Dialled {
  readonly type: 'tcp';
}

export interface TlsEndpoint extends Dialled {
  readonly type: 'tls';
  /** PEM file: who may sign the certificate of the device; absent: the authorities of the runtime. */
  readonly ca?: string | undefined;
  /** PEM: our certificate (the file) and its key (the file, or the key itself). Read again for every connection. */
  readonly cert?: string | undefined;
  readonly key?: string | Buffer | undefined;
  /** The name in the certificate of the device, where it is not `host`. */
  readonly serverName?: string | undefined;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
}

export interface UdpEndpoint extends Connection, Address {
  readonly type: 'udp';
}

/** UDP with DTLS 1.2 and a pre-shared key. */
export interface DtlsEndpoint extends Connection, Address {
  readonly type: 'dtls';
  /** By which the device knows the key: PSK identity. */
  readonly identity: string;
  /** The file with the key, or the key itself. Read again for every connection. */
  readonly key: string | Buffer;
}

/** Devices that dial in (DTUs, modems behind NAT). Ports with the same host and port share one listener. */
export interface ListenEndpoint extends Connection, Address {
  readonly type: 'listen';
  /** The first bytes of the connection, by which this device is told from others. */
  readonly registration?: Buffer | undefined;
  /** Frames that say only that the line is up: taken out. */
  readonly heartbeat?: Buffer | undefined;
  /** Addresses and networks the device dials from; absent: all. */
  readonly from?: readonly string[] | undefined;
  /** A device that says nothing for so long has gone; absent: it is believed to be there. */
  readonly silenceTimeout?: number | undefined;
}

export type Parity = 'none' | 'even' | 'odd' | 'mark' | 'space';

/** How characters are on a line. */
export interface LineFormat {
  /** Bits per second, any number. */
  readonly baudRate: number;
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly parity: Parity;
  readonly stopBits: 1 | 2;
}

/** @returns why no UART can send and receive such characters, or undefined */
export function formatFault({ dataBits, parity, stopBits }: LineFormat): string | undefined {
  if (dataBits < 8) return undefined;
  if (parity === 'space') return '8 data bits with space parity are nine data bits, which serial drivers do not offer';
  return parity === 'mark' && stopBits === 2
    ? '8 data bits with mark parity and 2 stop bits are three stop bits, which no UART offers'
    : undefined;
}

interface Line extends Common, LineFormat {
  /** Initial states of the modem lines; absent: as the driver leaves them (asserted). */
  readonly rts?: boolean | undefined;
  readonly dtr?: boolean | undefined;
  /** The line hears itself: the bytes that were sent come back first, and are taken out. */
  readonly echo?: boolean | undefined;
}

export interface SerialEndpoint extends Line {
  readonly type: 'serial';
  readonly path: string;
  readonly rs485?: Rs485 | undefined;
}

/** Who switches the transmitter of a half-duplex line. */
export interface Rs485 {
  /** kernel: the driver (TIOCSRS485); rts: this program, by the RTS line, around every frame. */
  readonly mode: 'kernel' | 'rts';
  /** State of RTS while sending. */
  readonly rtsOnSend: boolean;
  /** ms between switching and the first bit, and between the last bit and switching back. */
  readonly delayBefore: number;
  readonly delayAfter: number;
}

/** A serial line of another machine, by Telnet's Com Port Control Option (RFC 2217). */
export interface Rfc2217Endpoint extends Line, Address {
  readonly type: 'rfc2217';
  readonly connectTimeout?: number | undefined;
}

/** No wire at all: the adapter makes its values itself (the simulator). */
export interface MemoryEndpoint {
  readonly type: 'memory';
}

export type Endpoint =
  | TcpEndpoint
  | TlsEndpoint
  | UdpEndpoint
  | DtlsEndpoint
  | ListenEndpoint
  | SerialEndpoint
  | Rfc2217Endpoint
  | MemoryEndpoint;

/** Opens the wire or throws a GatewayError of fault `device` (cable, permission, host down). An open Duplex has an error listener. */
export type OpenTransport = (endpoint: Endpoint, signal: AbortSignal) => Promise<Duplex>;

/** A wire whose bit rate can be changed while it is open (IEC 62056-21 mode C). */
export interface AdjustableWire extends Duplex {
  /** Resolves when what was written before has left, and the rate is the new one. Rejects when the driver refuses. */
  setBaudRate(baudRate: number): Promise<void>;
}

export function isAdjustable(wire: Duplex): wire is AdjustableWire {
  return typeof (wire as Partial<AdjustableWire>).setBaudRate === 'function';
}

export const CONNECT_TIMEOUT_MS = 5_000;

/** ms that opening may take at most, all addresses and rests included. */
export function openTimeoutMs(endpoint: Endpoint): number {
  if (endpoint.type === 'memory') return CONNECT_TIMEOUT_MS;
  const each = ('connectTimeout' in endpoint ? endpoint.connectTimeout : undefined) ?? CONNECT_TIMEOUT_MS;
  const addresses = 1 + ('backups' in endpoint ? (endpoint.backups?.length ?? 0) : 0);
  return each * addresses + (endpoint.settle ?? 0);
}

/** A connection over IP: it can be half open, so silence is a reason to make it anew. */
export function isConnection(endpoint: Endpoint): boolean {
  return endpoint.type !== 'serial' && endpoint.type !== 'memory';
}

/** Time of one character on a serial line, ms: start + data + parity + stop bits. */
export function characterTimeMs(line: LineFormat): number {
  const bits = 1 + line.dataBits + (line.parity === 'none' ? 0 : 1) + line.stopBits;
  return (bits * 1_000) / line.baudRate;
}

export function addressName({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** `19200 8E1` */
function formatName({ baudRate, dataBits, parity, stopBits }: LineFormat): string {
  return `${baudRate} ${dataBits}${parity[0]?.toUpperCase()}${stopBits}`;
}

/** The endpoint as people read it: `/dev/ttyUSB0 19200 8E1`, `10.0.0.7:502`. */
export function endpointName(endpoint: Endpoint): string {
  switch (endpoint.type) {
    case 'tcp':
      return addressName(endpoint);
    case 'tls':
      return `${addressName(endpoint)} TLS`;
    case 'udp':
      return `${addressName(endpoint)} UDP`;
    case 'dtls':
      return `${addressName(endpoint)} DTLS`;
    case 'listen':
      return `dial-in at ${addressName(endpoint)}`;
    case 'serial':
      return `${endpoint.path} ${formatName(endpoint)}`;
    case 'rfc2217':
      return `${addressName(endpoint)} ${formatName(endpoint)}`;
    case 'memory':
      return 'memory';
  }
}
