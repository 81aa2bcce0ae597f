/** A wire: bytes in both directions. The port (src/devices/port.ts) is its only owner. */
import type { Duplex } from 'node:stream';

export interface TcpEndpoint {
  readonly type: 'tcp';
  readonly host: string;
  readonly port: number;
}

export interface SerialEndpoint {
  readonly type: 'serial';
  readonly path: string;
  readonly baudRate: number;
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

/** No wire at all: the adapter makes its values itself (the simulator). */
export interface MemoryEndpoint {
  readonly type: 'memory';
}

export type Endpoint = TcpEndpoint | SerialEndpoint | MemoryEndpoint;

/** Opens the wire or throws a GatewayError of fault `device` (cable, permission, host down). An open Duplex has an error listener. */
export type OpenTransport = (endpoint: Endpoint, signal: AbortSignal) => Promise<Duplex>;

/** Time of one character on a serial line, ms: start + data + parity + stop bits. */
export function characterTimeMs(endpoint: SerialEndpoint): number {
  const bits = 1 + endpoint.dataBits + (endpoint.parity === 'none' ? 0 : 1) + endpoint.stopBits;
  return (bits * 1_000) / endpoint.baudRate;
}

/** The endpoint as people read it: `/dev/ttyUSB0 19200 8E1`, `10.0.0.7:502`. */
export function endpointName(endpoint: Endpoint): string {
  switch (endpoint.type) {
    case 'tcp':
      return `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
    case 'serial':
      return `${endpoint.path} ${endpoint.baudRate} ${endpoint.dataBits}${endpoint.parity[0]?.toUpperCase()}${endpoint.stopBits}`;
    case 'memory':
      return 'memory';
  }
}
