/** An instance on the calling thread. A trap ends its guest; the next call starts another. */
import {
  type FunctionInstance,
  type FunctionLimits,
  FunctionTrap,
  type Hook,
  type HostCalls,
} from '../../core/function.js';
import { charged } from './abi/charged.js';
import { hpmqFunctions } from './abi/imports.js';
import { callNative, callNativeAsync } from './abi/native.js';
import { callWapc, type WapcCalls, wapcFunctions } from './abi/wapc.js';
import { GuestExit, wasiFunctions } from './abi/wasi.js';
import { Guest } from './guest.js';
import { MAX_FUEL } from './limits.js';
import { added } from './rewrite.js';
import { trapOf } from './traps.js';
import { checkAbi } from './version.js';

/** What was made of a module's bytes, as much as an instance needs; it can be sent to another thread. */
export interface Compiled {
  readonly module: WebAssembly.Module;
  readonly abi: 'hpmq-fn/1' | 'wapc';
  readonly hooks: readonly Hook[];
  readonly isAsync: boolean;
  readonly limits: FunctionLimits;
}

type AsyncHook = (pointer: number, length: number) => Promise<bigint>;

export class InlineInstance implements FunctionInstance {
  readonly #compiled: Compiled;
  readonly #host: HostCalls;
  readonly #limit: number;
  /** Of the next calls. */
  #fuel: number;
  /** What the last call had. */
  #given = 0;
  #guest: Guest | undefined;
  #wapc: WapcCalls | undefined;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();
  /** Rejects a call that waits for its turn. */
  readonly #unbegun = new Set<(reason: Error) => void>();
  /** Ends the call that runs. */
  #expire: ((trap: FunctionTrap) => void) | undefined;
  #fuelUsed = 0;
  #isDisposed = false;

  /** @throws FunctionTrap when it does not start @throws GatewayError FUNCTION_ABI */
  constructor(compiled: Compiled, host: HostCalls) {
    this.#compiled = compiled;
    this.#host = host;
    this.#limit = Math.min(compiled.limits.fuel, MAX_FUEL);
    this.#fuel = this.#limit;
    const guest = this.#start();
    // What has a runtime must not be called before that is initialised.
    if (compiled.abi !== 'wapc' && guest.exports._initialize !== undefined) checkAbi(guest);
  }

  call(hook: Hook, frame: Buffer): Buffer | undefined {
    if (this.#compiled.isAsync) throw new TypeError('this function has calls that wait: use callAsync()');
    const guest = this.#guest ?? this.#start();
    guest.fuel = this.#given = this.#fuel;
    try {
      const { outputBytes } = this.#compiled.limits;
      return this.#wapc === undefined
        ? callNative(guest, hook, frame, outputBytes)
        : callWapc(guest, this.#wapc, frame, outputBytes);
    } catch (error) {
      throw this.#end(guest, error);
    }
  }

  callAsync(hook: Hook, frame: Buffer, signal?: AbortSignal): Promise<Buffer | undefined> {
    const { queue } = this.#compiled.limits;
    if (this.#waiting >= queue) {
      return Promise.reject(new FunctionTrap('host', `${queue} calls wait already`));
    }
    this.#waiting++;
    const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
    this.#unbegun.add(reject);
    this.#last = this.#last.then(async () => {
      if (!this.#unbegun.delete(reject)) return;
      try {
        resolve(await this.#callNow(hook, frame, signal));
      } catch (error) {
        reject(error);
      } finally {
        this.#waiting--;
      }
    });
    return promise;
  }

  abandon(reason: Error): void {
    this.#waiting -= this.#unbegun.size;
    for (const reject of this.#unbegun) reject(reason);
    this.#unbegun.clear();
  }

  giveFuel(amount: number): void {
    this.#fuel = Math.min(amount, this.#limit);
  }

  get fuelUsed(): number {
    return this.#guest === undefined ? this.#fuelUsed : this.#given - this.#guest.fuel;
  }

  get memory(): number {
    return this.#guest?.bytes.length ?? 0;
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    const ended = new FunctionTrap('crashed', 'the function was unloaded');
    this.abandon(ended);
    this.#expire?.(ended);
    if (this.#guest !== undefined) this.#guest.isOver = true;
    this.#guest = undefined;
  }

  async #callNow(hook: Hook, frame: Buffer, signal: AbortSignal | undefined): Promise<Buffer | undefined> {
    if (signal?.aborted) throw new FunctionTrap('deadline', 'the call was given up');
    if (!this.#compiled.isAsync) return this.call(hook, frame);
    const guest = this.#guest ?? this.#start();
    guest.fuel = this.#given = this.#fuel;
    const { deadline, outputBytes } = this.#compiled.limits;
    const ending = new AbortController();
    guest.signal = ending.signal;
    const late = Promise.withResolvers<never>();
    this.#expire = late.reject;
    const expire = () => late.reject(new FunctionTrap('deadline', `no answer within ${deadline} ms`));
    const timer = setTimeout(expire, deadline);
    signal?.addEventListener('abort', expire, { once: true });
    try {
      const run = WebAssembly.promising(guest.exports[hook] as never) as unknown as AsyncHook;
      const answer = callNativeAsync(guest, run, frame, outputBytes);
      return await Promise.race([answer, late.promise]);
    } catch (error) {
      throw this.#end(guest, error);
    } finally {
      clearTimeout(timer);
      this.#expire = undefined;
      signal?.removeEventListener('abort', expire);
      ending.abort();
    }
  }

  /** @returns the trap; the guest is over unless it only refused its input */
  #end(guest: Guest, error: unknown): FunctionTrap {
    const trap = trapOf(error, guest);
    if (trap.trap === 'refused') return trap;
    this.#fuelUsed = this.#given - guest.fuel;
    guest.isOver = true;
    if (this.#guest === guest) this.#guest = undefined;
    if (trap.trap !== 'fuel' || this.#given === this.#limit) return trap;
    const text = `after a call that ran out of fuel it had ${this.#given} of ${this.#limit}, and used it up`;
    return new FunctionTrap('fuel', text, { cause: trap });
  }

  #start(): Guest {
    if (this.#isDisposed) throw new TypeError('the instance is disposed');
    // Not that of the guest before, for a host that is called while this one starts.
    this.#fuelUsed = 0;
    let guest: Guest | undefined;
    const which = (): Guest => {
      if (guest === undefined || guest.isOver)
        throw new FunctionTrap('host', 'it calls the host while it is not running');
      return guest;
    };
    try {
      const { module, abi } = this.#compiled;
      const wapc = abi === 'wapc' ? wapcFunctions(which, this.#host) : undefined;
      const imports = {
        hpmq: hpmqFunctions(which, this.#host),
        wasi_snapshot_preview1: wasiFunctions(which, this.#host),
        env: { abort: abortOf(which) },
        ...(wapc === undefined ? {} : { wapc: wapc.functions }),
      };
      const instance = new WebAssembly.Instance(module, charged(which, imports));
      guest = new Guest(instance.exports);
      guest.fuel = this.#given = this.#limit;
      initialise(guest);
      this.#guest = guest;
      this.#wapc = wapc;
      return guest;
    } catch (error) {
      const trap = trapOf(error, guest);
      if (guest !== undefined) guest.isOver = true;
      throw trap;
    }
  }
}

/** In this order; each only where it is exported. */
const starters = [added.start, '_initialize', '_start', 'wapc_init'];

function initialise(guest: Guest): void {
  for (const name of starters) {
    const run = guest.exports[name];
    if (typeof run !== 'function') continue;
    try {
      run();
    } catch (error) {
      if (!(error instanceof GuestExit) || error.code !== 0) throw error;
    }
  }
}

/** AssemblyScript's `abort(message, file, line, column)`: UTF-16 texts with their length in bytes four bytes before them. */
function abortOf(which: () => Guest): (message: number, file: number, line: number, column: number) => void {
  return (message, file, line, column) => {
    const guest = which();
    const text = (pointer: number): string => {
      if (pointer === 0) return '';
      const length = guest.view(pointer - 4, 4).readUInt32LE();
      return guest.view(pointer, Math.min(length, 1024)).toString('utf16le');
    };
    const place = column > 0 ? `${line}:${column}` : `${line}`;
    throw new FunctionTrap('unreachable', `${text(message) || 'it ended itself'} (${text(file)}:${place})`);
  };
}
