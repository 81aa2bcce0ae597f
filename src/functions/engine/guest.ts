/** One start of a module: its memory, its fuel, and what it may no longer do once it has ended. */
import { FunctionTrap } from '../../core/function.js';
import { added } from './rewrite.js';

type Call = (...values: readonly number[]) => number;

/** What is taken for a call that changes something outside: some microseconds of the gateway's thread. */
const FUEL_PER_EFFECT = 4096;
/** Effects of one call at that price; each one after them costs several times as much: what goes on like this is to end soon. */
const CHEAP_EFFECTS = 64;
const FUEL_PER_LATER_EFFECT = 8 * FUEL_PER_EFFECT;
/** Places of the stack, of 8 bytes, that a call of the host is sure to have room for, however deep the guest has gone. */
const headroom: readonly number[] = new Array(2048).fill(0);

export class Guest {
  readonly exports: WebAssembly.Exports;
  /** Aborted when the call that runs now is over: a wait of the host ends with it. */
  signal: AbortSignal = neverAborted;
  /** After a trap: what comes late must not reach it. */
  isOver = false;
  readonly #memory: WebAssembly.Memory;
  readonly #fuel: WebAssembly.Global;
  readonly #denied: WebAssembly.Global;
  readonly #allocate: Call | undefined;
  #bytes: Buffer;
  /** Of the call that runs. */
  #effects = 0;

  constructor(exports: WebAssembly.Exports) {
    this.exports = exports;
    this.#memory = exports.memory as WebAssembly.Memory;
    this.#fuel = exports[added.fuel] as WebAssembly.Global;
    this.#denied = exports[added.denied] as WebAssembly.Global;
    this.#allocate = exports.hpmq_alloc as Call | undefined;
    this.#bytes = Buffer.from(this.#memory.buffer);
  }

  /** Linear memory as it is now; not to be kept. */
  get bytes(): Buffer {
    // Growing detaches what there was.
    if (this.#bytes.length === 0) this.#bytes = Buffer.from(this.#memory.buffer);
    return this.#bytes;
  }

  get fuel(): number {
    return this.#fuel.value;
  }

  /** For the call that begins. */
  set fuel(amount: number) {
    this.#fuel.value = amount;
    this.#effects = 0;
  }

  /** memory.grow was refused once. */
  get wasDenied(): boolean {
    return this.#denied.value !== 0;
  }

  /** Takes fuel for work of the host. @throws FunctionTrap 'fuel' */
  charge(amount: number): void {
    const left = this.#fuel.value - amount;
    this.#fuel.value = Math.max(left, -1);
    if (left < 0) throw new FunctionTrap('fuel', 'the fuel of this call is used up');
  }

  /** Takes fuel for what changes something outside. @param bytes - that go through it @throws FunctionTrap 'fuel' */
  chargeEffect(bytes: number): void {
    this.charge((++this.#effects > CHEAP_EFFECTS ? FUEL_PER_LATER_EFFECT : FUEL_PER_EFFECT) + (bytes >>> 6));
  }

  /** A view of guest memory. @throws FunctionTrap 'memory' */
  view(pointer: number, length: number): Buffer {
    const start = pointer >>> 0;
    const end = start + (length >>> 0);
    const bytes = this.bytes;
    if (end > bytes.length) {
      throw new FunctionTrap('memory', `bytes ${start} to ${end} are outside its memory of ${bytes.length} bytes`);
    }
    return bytes.subarray(start, end);
  }

  /** UTF-8; what is not becomes U+FFFD. */
  text(pointer: number, length: number): string {
    return this.view(pointer, length).toString('utf8');
  }

  /** Puts bytes where hpmq_alloc says. They belong to the guest then. @throws FunctionTrap 'memory' @returns pointer */
  put(data: Uint8Array): number {
    if (this.#allocate === undefined) throw new FunctionTrap('host', 'it has no hpmq_alloc');
    const pointer = this.#allocate(data.length) >>> 0;
    const bytes = this.bytes;
    if (pointer + data.length > bytes.length || (pointer === 0 && data.length > 0)) {
      throw new FunctionTrap('memory', `its hpmq_alloc gave no room for ${data.length} bytes`);
    }
    bytes.set(data, pointer);
    return pointer;
  }

  /** The same, as an answer: `ptr << 32 | len`; 0 for nothing. */
  give(data: Uint8Array | undefined): bigint {
    if (data === undefined) return 0n;
    return (BigInt(this.put(data)) << 32n) | BigInt(data.length);
  }
}

/** Who makes the calls of the host; it is known only after the instance is made. */
export type WhichGuest = () => Guest;

const neverAborted = new AbortController().signal;

/**
 * Fails here with a RangeError when the stack is nearly used up, and not in the middle of something that must not be left
 * half done. As many arguments take their places on the stack in one step: that costs a microsecond from the first time on
 * (calls within calls cost ten until they are optimised, and a function that fails is rarely called often enough).
 */
export function assertHeadroom(): void {
  Reflect.apply(nothing, undefined, headroom);
}

function nothing(): void {}
