/** What a server of one wire is told. */
import type { Clock } from '../../../src/adapter.js';
import type { ExceptionCode, RegisterImage } from './image.js';

export interface ServerOptions {
  readonly framing: 'tcp' | 'rtu';
  /** Unit id → what it serves. Read at each request, so units may come and go. */
  readonly units: ReadonlyMap<number, RegisterImage>;
  readonly clock: Clock;
  /** Its abort ends the service and closes the wire. */
  readonly signal: AbortSignal;
  /** RTU: silence kept before each answer, ms; 3.5 characters of the line. 4 when absent. */
  readonly silenceMs?: number;
  /**
   * TCP: what is said of units that are not there (§7): 11, as of a device that is switched off, when absent; 10 by a
   * gateway that knows no way to them.
   */
  readonly absentUnit?: ExceptionCode;
  /** Told of each request that was answered. */
  readonly onAnswer?: (response: Buffer) => void;
}

export interface WireServer {
  readonly dropped: number;
  receive(chunk: Buffer): void;
  /** The wire is closed. */
  stop?(): void;
}
