/** Telnet (RFC 854) as far as RFC 2217 needs it: escaping, negotiation, subnegotiation. Bytes in, bytes out. */

export const IAC = 255;
export const DONT = 254;
export const DO = 253;
export const WONT = 252;
export const WILL = 251;
export const SB = 250;
export const SE = 240;

export const BINARY = 0;
export const SUPPRESS_GO_AHEAD = 3;
export const COM_PORT_OPTION = 44;

/** A subnegotiation that is longer is none. */
const SUBNEGOTIATION_LIMIT = 1_024;

export type Verb = typeof WILL | typeof WONT | typeof DO | typeof DONT;

export interface TelnetEvents {
  onNegotiation(verb: Verb, option: number): void;
  /** @param bytes - the option, then its data, unescaped */
  onSubnegotiation(bytes: Buffer): void;
}

/** RFC 854: a data byte of 255 is sent twice. */
export function escapeIac(bytes: Buffer): Buffer {
  let count = 0;
  for (const byte of bytes) if (byte === IAC) count++;
  if (count === 0) return bytes;
  const out = Buffer.allocUnsafe(bytes.length + count);
  let at = 0;
  for (const byte of bytes) {
    out[at++] = byte;
    if (byte === IAC) out[at++] = IAC;
  }
  return out;
}

export function subnegotiation(option: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.of(IAC, SB, option), escapeIac(data), Buffer.of(IAC, SE)]);
}

type State = 'data' | 'iac' | 'verb' | 'sb' | 'sb-iac';

/** Splits what comes into data and commands, wherever it was cut on the way. */
export class TelnetDecoder {
  readonly #events: TelnetEvents;
  #state: State = 'data';
  #verb: Verb = WILL;
  #sub: number[] = [];

  constructor(events: TelnetEvents) {
    this.#events = events;
  }

  /** @returns the data in it */
  decode(bytes: Buffer): Buffer {
    const out = Buffer.allocUnsafe(bytes.length);
    let at = 0;
    for (const byte of bytes) {
      switch (this.#state) {
        case 'data':
          if (byte === IAC) this.#state = 'iac';
          else out[at++] = byte;
          break;
        case 'iac':
          if (byte === IAC) out[at++] = byte;
          this.#state = this.#afterIac(byte);
          break;
        case 'verb':
          this.#state = 'data';
          this.#events.onNegotiation(this.#verb, byte);
          break;
        case 'sb':
          if (byte === IAC) this.#state = 'sb-iac';
          else this.#keep(byte);
          break;
        case 'sb-iac':
          if (byte === IAC) this.#keep(byte);
          this.#state = byte === IAC ? 'sb' : 'data';
          if (byte === SE && this.#sub.length > 0) this.#events.onSubnegotiation(Buffer.from(this.#sub));
          break;
      }
    }
    return out.subarray(0, at);
  }

  #afterIac(byte: number): State {
    if (byte === SB) {
      this.#sub = [];
      return 'sb';
    }
    if (byte < WILL || byte === IAC) return 'data';
    this.#verb = byte as Verb;
    return 'verb';
  }

  #keep(byte: number): void {
    if (this.#sub.length < SUBNEGOTIATION_LIMIT) this.#sub.push(byte);
  }
}
