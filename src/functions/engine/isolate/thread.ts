/**
 * A thread for isolated functions, as the gateway's thread sees it: calls go there in batches, and a call that runs longer
 * than its deadline ends the thread. What had not begun then is called again elsewhere; so is what had been answered, but
 * whose answer had not been sent: only functions that change nothing outside have such answers.
 */
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { FunctionTrap, type Hook, type HostCalls, type TrapCause } from '../../../core/function.js';
import type { Compiled } from '../instance.js';
import { Packer } from './packer.js';
import {
  type AnswerHead,
  type Ask,
  type Asked,
  type CallHead,
  type FromThread,
  place,
  type ThreadData,
} from './protocol.js';
import { startWorker } from './start-worker.js';

/** One instance that lives in a thread. */
export interface Resident {
  readonly number: number;
  readonly compiled: Compiled;
  readonly host: HostCalls;
  /** Of the last call. */
  figures: { fuelUsed: number; memory: number };
}

export interface Pending {
  readonly resident: Resident;
  readonly hook: Hook;
  readonly frame: Buffer;
  readonly resolve: (answer: Buffer | undefined) => void;
  readonly reject: (reason: Error) => void;
  /** Why it is not to begin where it has not. */
  abandoned: Error | undefined;
  /** It is in the other thread. */
  isSent: boolean;
}

/** What is left when a thread has ended before its time. */
export interface Wreck {
  /** Whose call ended it. */
  readonly culprit: Resident | undefined;
  readonly residents: readonly Resident[];
  /** Calls that had not begun, or whose answers were lost and that change nothing outside: in order. */
  readonly repeatable: readonly Pending[];
}

const asked: readonly Asked[] = ['config', 'kvGet', 'kvSet', 'kvDelete', 'publish', 'pointRead', 'pointCommand'];
/** How often it is looked whether a call goes on for too long: so many times within a deadline. */
const LOOKS_PER_DEADLINE = 8;
const LARGEST_SEQUENCE = 0x7fff_ffff;
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

/** What it does cannot be done twice. */
function changesOutside({ kvSet, kvDelete, publish, pointCommand }: HostCalls): boolean {
  return [kvSet, kvDelete, publish, pointCommand].some((one) => one !== undefined);
}

function isRepeatable({ abandoned, resident }: Pending, hasNotBegun: boolean): boolean {
  const { compiled, host } = resident;
  return abandoned === undefined && !compiled.isAsync && (hasNotBegun || !changesOutside(host));
}

export class FunctionThread {
  readonly #worker: Worker;
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #answers: MessagePort;
  readonly #onWreck: (thread: FunctionThread, wreck: Wreck) => void;
  readonly #residents = new Map<number, Resident>();
  readonly #pending = new Map<number, Pending>();
  readonly #aborts = new AbortController();
  readonly #packer = new Packer();
  /** Not handed over yet. */
  #unsent: { readonly head: CallHead; readonly pending: Pending }[] = [];
  readonly #requests = new Map<number, AbortController>();
  #sequence = 0;
  #watch: NodeJS.Timeout | undefined;
  /** The call that ran when it was last looked, and how many looks it has been running for. */
  #seen = { sequence: 0, ms: 0 };
  #isOver = false;

  constructor(onWreck: (thread: FunctionThread, wreck: Wreck) => void) {
    this.#onWreck = onWreck;
    const { port1, port2 } = new MessageChannel();
    this.#answers = port1;
    const state = this.#state.buffer as SharedArrayBuffer;
    const workerData = { job: 'isolate', state, answers: port2 } as unknown as ThreadData;
    this.#worker = startWorker({ workerData, name: 'functions', transferList: [port2], resourceLimits });
    this.#worker.on('message', (message: FromThread) => this.#receive(message));
    this.#worker.on('error', (error) => this.#end('crashed', `its thread failed: ${error.message}`));
    this.#worker.on('exit', (code) => this.#end('crashed', `its thread ended with ${code}`));
    this.#answers.unref();
    this.#worker.unref();
  }

  get isEmpty(): boolean {
    return this.#residents.size === 0;
  }

  load(resident: Resident): void {
    const { number, compiled, host } = resident;
    this.#residents.set(number, resident);
    const has = asked.filter((name) => host[name] !== undefined);
    const isUrgent = changesOutside(host);
    this.#worker.postMessage({ kind: 'load', instance: number, compiled, has, isUrgent });
  }

  unload(resident: Resident): void {
    if (!this.#residents.delete(resident.number)) return;
    this.#flush();
    this.#worker.postMessage({ kind: 'unload', instance: resident.number });
  }

  /** Its calls in the other thread that have not begun are rejected with {@link Pending.abandoned}. */
  drop({ number }: Resident): void {
    this.#worker.postMessage({ kind: 'drop', instance: number });
  }

  call(pending: Pending): void {
    this.#sequence = this.#sequence === LARGEST_SEQUENCE ? 1 : this.#sequence + 1;
    const sequence = this.#sequence;
    this.#pending.set(sequence, pending);
    pending.isSent = false;
    if (this.#unsent.length === 0) setImmediate(() => this.#flush());
    const { resident, hook, frame } = pending;
    this.#unsent.push({ head: { instance: resident.number, sequence, hook, length: frame.length }, pending });
    this.#keepWatch();
  }

  /** Ends the thread with nobody in it. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#release();
    const unloaded = new FunctionTrap('crashed', 'the function was unloaded');
    for (const { reject, abandoned = unloaded } of this.#pending.values()) reject(abandoned);
    this.#pending.clear();
    await this.#worker.terminate();
  }

  #flush(): void {
    if (this.#unsent.length === 0 || this.#isOver) return;
    const heads: CallHead[] = [];
    for (const { head, pending } of this.#unsent) {
      if (pending.abandoned !== undefined) this.#pending.delete(head.sequence);
      else {
        pending.isSent = true;
        heads.push(head);
        this.#packer.add(pending.frame);
      }
    }
    this.#unsent = [];
    if (this.#pending.size === 0) this.#rest();
    if (heads.length === 0) return;
    const frames = this.#packer.take();
    this.#worker.postMessage({ kind: 'calls', heads, frames }, [frames.buffer]);
  }

  #receive(message: FromThread): void {
    // Its calls have been answered for it, or are made elsewhere.
    if (this.#isOver) return;
    switch (message.kind) {
      case 'answers': {
        const frames = Buffer.from(
          message.frames.buffer as ArrayBuffer,
          message.frames.byteOffset,
          message.frames.length,
        );
        let at = 0;
        for (const head of message.heads) {
          const frame = head.length < 0 ? undefined : frames.subarray(at, at + head.length);
          at += Math.max(head.length, 0);
          this.#settle(head, frame);
        }
        break;
      }
      case 'log':
        this.#residents.get(message.instance)?.host.log(message.level, message.text);
        break;
      case 'ask':
        this.#tell(message);
        break;
      case 'http':
        this.#fetch(message.instance, message.request, message.text);
        break;
      case 'http-over':
        this.#requests.get(message.request)?.abort();
        break;
    }
  }

  #settle(head: AnswerHead, frame: Buffer | undefined): void {
    const { sequence, trap, message, isDropped, fuelUsed, memory } = head;
    const pending = this.#pending.get(sequence);
    this.#pending.delete(sequence);
    if (this.#pending.size === 0) this.#rest();
    if (pending === undefined) return;
    if (isDropped === true) {
      pending.reject(pending.abandoned!);
      return;
    }
    pending.resident.figures = { fuelUsed, memory };
    if (trap === undefined) pending.resolve(frame);
    else pending.reject(new FunctionTrap(trap, message ?? ''));
  }

  /** Answers a call of the host, for which the thread waits. */
  #tell({ instance, name, values }: Ask): void {
    const host = this.#residents.get(instance)?.host;
    let told: unknown;
    try {
      const method = host?.[name] as ((...values: readonly (string | Buffer)[]) => unknown) | undefined;
      const given = values.map((one) =>
        typeof one === 'string' ? one : Buffer.from(one.buffer, one.byteOffset, one.length),
      );
      told =
        method === undefined ? { fault: 'the function is not loaded any more' } : { value: method.apply(host, given) };
    } catch (error) {
      told = { fault: error instanceof Error ? error.message : String(error) };
    }
    this.#answers.postMessage(told);
    Atomics.store(this.#state, place.answered, 1);
    Atomics.notify(this.#state, place.answered);
  }

  #fetch(instance: number, request: number, text: string): void {
    const host = this.#residents.get(instance)?.host;
    const over = new AbortController();
    this.#requests.set(request, over);
    const answer = (response: string | undefined, fault: string) => {
      this.#requests.delete(request);
      if (!this.#isOver) this.#worker.postMessage({ kind: 'http', request, response, fault });
    };
    if (host?.http === undefined) answer(undefined, 'http is not there');
    else {
      host.http(text, AbortSignal.any([over.signal, this.#aborts.signal])).then(
        (response) => answer(response, ''),
        (error) => answer(undefined, error instanceof Error ? error.message : String(error)),
      );
    }
  }

  /** While calls are under way: is the one that runs still the same? Looks are counted, as this thread may be late itself. */
  #keepWatch(): void {
    if (this.#watch !== undefined) return;
    let shortest = Number.POSITIVE_INFINITY;
    for (const { compiled } of this.#residents.values()) shortest = Math.min(shortest, compiled.limits.deadline);
    const every = Math.max(1, Math.ceil(shortest / LOOKS_PER_DEADLINE));
    this.#watch = setInterval(() => this.#look(every), every);
    this.#worker.ref();
  }

  #look(every: number): void {
    const sequence = Atomics.load(this.#state, place.running);
    if (sequence === 0 || sequence !== this.#seen.sequence) {
      this.#seen = { sequence, ms: 0 };
      return;
    }
    this.#seen.ms += every;
    const deadline = this.#pending.get(sequence)?.resident.compiled.limits.deadline;
    if (deadline === undefined || this.#seen.ms < deadline) return;
    // Answers of others that have been sent are taken first.
    setImmediate(() => {
      const isRunning = Atomics.load(this.#state, place.running) === sequence;
      if (isRunning) this.#end('deadline', `no answer within ${deadline} ms`);
    });
  }

  #rest(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#worker.unref();
  }

  #release(): void {
    this.#rest();
    this.#aborts.abort();
    this.#answers.close();
  }

  #end(trap: TrapCause, why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const guilty = Atomics.load(this.#state, place.running);
    this.#release();
    void this.#worker.terminate();
    const culprit = this.#pending.get(guilty);
    const repeatable: Pending[] = [];
    let isBehind = culprit === undefined;
    for (const [sequence, pending] of this.#pending) {
      if (sequence === guilty) {
        isBehind = true;
        pending.reject(new FunctionTrap(trap, why));
      } else if (isRepeatable(pending, isBehind)) repeatable.push(pending);
      else pending.reject(new FunctionTrap('ended', 'its thread was ended because of another call'));
    }
    this.#pending.clear();
    const residents = [...this.#residents.values()];
    this.#onWreck(this, { culprit: culprit?.resident, residents, repeatable });
  }
}
