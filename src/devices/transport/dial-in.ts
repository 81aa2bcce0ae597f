/** Who dialled in: the first bytes of a connection against what each port expects. */
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../core/clock.js';
import type { Filter } from './filtered.js';

/** A frame that began and is not whole: the rest of it comes soon, or it was something else. */
const HELD_LIMIT = 512;

export type Identity = { readonly index: number } | 'more' | 'unknown';

/**
 * @param bytes - what the connection has said so far
 * @param registrations - of the ports it may be for; undefined: one that expects none
 * @returns which of them; `more`: more bytes are needed to say
 */
export function identify(bytes: Buffer, registrations: readonly (Buffer | undefined)[]): Identity {
  const whole = registrations.findIndex((one) => one !== undefined && startsWith(bytes, one));
  if (whole >= 0) return { index: whole };
  if (registrations.some((one) => one !== undefined && startsWith(one, bytes))) return 'more';
  const plain = registrations.indexOf(undefined);
  return plain >= 0 ? { index: plain } : 'unknown';
}

export function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}

/**
 * Takes out frames that are no answers: registrations that are repeated, heartbeats. They are looked for where a segment
 * begins, because inside of one the same bytes can be data. The beginning of one is held back until it is clear what it is.
 */
export class HeartbeatFilter implements Filter {
  readonly #frames: readonly Buffer[];
  readonly #release: (bytes: Buffer) => void;
  readonly #clock: Clock;
  #held: Buffer = Buffer.alloc(0);
  #timer: Timer | undefined;
  /** Taken out so far. */
  count = 0;

  /** @param release - is given what was held back and is not a heartbeat after all */
  constructor(frames: readonly (Buffer | undefined)[], clock: Clock, release: (bytes: Buffer) => void) {
    this.#frames = frames.filter((frame) => frame !== undefined && frame.length > 0) as Buffer[];
    this.#clock = clock;
    this.#release = release;
  }

  incoming(chunk: Buffer): Buffer {
    this.#timer?.cancel();
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = bytes.subarray(0, 0);
    for (;;) {
      const frame = this.#frames.find((one) => startsWith(bytes, one));
      if (frame === undefined) break;
      this.count++;
      bytes = bytes.subarray(frame.length);
    }
    if (bytes.length > 0 && bytes.length < HELD_LIMIT && this.#frames.some((one) => startsWith(one, bytes))) {
      this.#held = bytes;
      this.#timer = this.#clock.after(HELD_MS, () => {
        const rest = this.#held;
        this.#held = rest.subarray(0, 0);
        this.#release(rest);
      });
      return this.#held.subarray(0, 0);
    }
    return bytes;
  }

  outgoing(bytes: Buffer): Buffer {
    return bytes;
  }

  close(): void {
    this.#timer?.cancel();
  }
}

const HELD_MS = 20;

/** Reads until it is clear for whom a connection is. */
export function introduce(
  socket: Socket,
  registrations: readonly (Buffer | undefined)[],
  clock: Clock,
  timeoutMs: number,
): Promise<{ readonly index: number; readonly rest: Buffer } | undefined> {
  if (registrations.length === 1 && registrations[0] === undefined) {
    return Promise.resolve({ index: 0, rest: Buffer.alloc(0) });
  }
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const finish = (identity: Identity) => {
      timer.cancel();
      socket.off('data', onData);
      socket.off('close', onClose);
      socket.pause();
      if (typeof identity === 'string') return resolve(undefined);
      const skipped = registrations[identity.index]?.length ?? 0;
      resolve({ index: identity.index, rest: bytes.subarray(skipped) });
    };
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const identity = identify(bytes, registrations);
      if (identity !== 'more') finish(identity);
    };
    const onClose = () => finish('unknown');
    const timer = clock.after(timeoutMs, () => {
      const index = registrations.indexOf(undefined);
      finish(index < 0 ? 'unknown' : { index });
    });
    socket.on('data', onData);
    socket.once('close', onClose);
    socket.resume();
  });
}
