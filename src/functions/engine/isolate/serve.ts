/** In the other thread: instances by number, calls in the order in which they come, answers in batches. */
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { FunctionTrap, type HostCalls } from '../../../core/function.js';
import { type Compiled, InlineInstance } from '../instance.js';
import { limitedLog } from './limited-log.js';
import { Packer } from './packer.js';
import {
  type AnswerHead,
  type Asked,
  type CallHead,
  place,
  type ThreadData,
  type Told,
  type ToThread,
} from './protocol.js';

interface Resident {
  readonly compiled: Compiled;
  readonly host: HostCalls;
  /** Its answers do not wait for others: were they lost, the calls could not be made again. */
  readonly isUrgent: boolean;
  instance: InlineInstance | undefined;
  /** The last call of those that wait; never rejects. */
  last: Promise<void>;
  /** How often what waits was dropped. */
  drops: number;
}

/** Answers wait at most so long for others, ms. */
const LINGER_MS = 1;
const MAX_BATCH = 256;

export function serve({ state, answers }: ThreadData): void {
  const port = parentPort!;
  const numbers = new Int32Array(state);
  const residents = new Map<number, Resident>();
  /** Code of this call runs until the event loop turns. */
  const runs = (sequence: number) => {
    Atomics.store(numbers, place.running, sequence);
    setImmediate(() => Atomics.compareExchange(numbers, place.running, sequence, 0));
  };
  const web = new HttpCalls(port, runs);
  const out = new Outbox(port);

  const answerOf = (head: CallHead, resident: Resident | undefined, run: () => Buffer | undefined): void => {
    Atomics.store(numbers, place.running, head.sequence);
    try {
      out.add(head.sequence, run(), resident?.instance);
    } catch (error) {
      out.fail(head.sequence, error, resident?.instance);
    }
    // Before the thread can be ended because of the next call.
    if (resident?.isUrgent) out.flush();
    Atomics.store(numbers, place.running, 0);
  };

  const call = (head: CallHead, frame: Buffer): void => {
    const resident = residents.get(head.instance);
    if (resident === undefined) {
      out.fail(head.sequence, new FunctionTrap('crashed', 'the function is not loaded any more'), undefined);
    } else if (resident.compiled.isAsync) {
      callLater(head, Buffer.from(frame), resident);
    } else {
      answerOf(head, resident, () => startedOf(resident).call(head.hook, frame));
    }
  };

  /** Each beginning in a turn of its own: it is known whose code runs. */
  const callLater = (head: CallHead, frame: Buffer, resident: Resident): void => {
    const { sequence, hook } = head;
    const { drops } = resident;
    resident.last = resident.last.then(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      if (residents.get(head.instance) !== resident) {
        out.fail(sequence, new FunctionTrap('crashed', 'the function is not loaded any more'), undefined);
        out.flush();
        return;
      }
      if (resident.drops !== drops) {
        out.drop(sequence);
        out.flush();
        return;
      }
      runs(sequence);
      web.caller.set(head.instance, sequence);
      try {
        out.add(sequence, await startedOf(resident).callAsync(hook, frame), resident.instance);
      } catch (error) {
        out.fail(sequence, error, resident.instance);
      }
      out.flush();
    });
  };

  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'load': {
        const { instance, compiled, has, isUrgent } = message;
        residents.set(instance, {
          compiled,
          host: hostOf(instance, has, port, numbers, answers, web),
          isUrgent,
          instance: undefined,
          last: Promise.resolve(),
          drops: 0,
        });
        break;
      }
      case 'drop': {
        const resident = residents.get(message.instance);
        if (resident !== undefined) resident.drops++;
        break;
      }
      case 'unload':
        residents.get(message.instance)?.instance?.[Symbol.dispose]();
        residents.delete(message.instance);
        web.caller.delete(message.instance);
        break;
      case 'http':
        web.settle(message.request, message.response, message.fault);
        break;
      case 'calls': {
        const { buffer, byteOffset, length } = message.frames;
        const frames = Buffer.from(buffer as ArrayBuffer, byteOffset, length);
        let at = 0;
        for (const head of message.heads) {
          out.flushIfOld();
          call(head, frames.subarray(at, at + head.length));
          at += head.length;
        }
        out.flush();
        break;
      }
    }
  });
}

function startedOf(resident: Resident): InlineInstance {
  resident.instance ??= new InlineInstance(resident.compiled, resident.host);
  return resident.instance;
}

/** Answers on their way to the gateway's thread. */
class Outbox {
  readonly #port: MessagePort;
  readonly #packer = new Packer();
  #heads: AnswerHead[] = [];
  #flushedAt = 0;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  add(sequence: number, frame: Buffer | undefined, instance: InlineInstance | undefined): void {
    if (frame !== undefined) this.#packer.add(frame);
    this.#heads.push({ sequence, length: frame?.length ?? -1, ...figures(instance) });
    if (this.#heads.length >= MAX_BATCH) this.flush();
  }

  fail(sequence: number, error: unknown, instance: InlineInstance | undefined): void {
    const message = error instanceof Error ? error.message : String(error);
    const trap = error instanceof FunctionTrap ? error.trap : 'host';
    this.#heads.push({ sequence, length: -1, trap, message, ...figures(instance) });
  }

  drop(sequence: number): void {
    this.#heads.push({ sequence, length: -1, isDropped: true, ...figures(undefined) });
  }

  flushIfOld(): void {
    if (this.#heads.length > 0 && performance.now() - this.#flushedAt >= LINGER_MS) this.flush();
  }

  flush(): void {
    this.#flushedAt = performance.now();
    if (this.#heads.length === 0) return;
    const frames = this.#packer.take();
    this.#port.postMessage({ kind: 'answers', heads: this.#heads, frames }, [frames.buffer]);
    this.#heads = [];
  }
}

function figures(instance: InlineInstance | undefined): { fuelUsed: number; memory: number } {
  return { fuelUsed: instance?.fuelUsed ?? 0, memory: instance?.memory ?? 0 };
}

/** Requests that wait for the gateway's thread. */
class HttpCalls {
  readonly #port: MessagePort;
  readonly #runs: (sequence: number) => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<string> & { readonly caller: number }>();
  /** Instance → sequence of its call. */
  readonly caller = new Map<number, number>();
  #last = 0;

  /** @param runs - told whose code goes on */
  constructor(port: MessagePort, runs: (sequence: number) => void) {
    this.#port = port;
    this.#runs = runs;
  }

  send(instance: number, text: string, signal: AbortSignal): Promise<string> {
    const request = ++this.#last;
    const waiting = { ...Promise.withResolvers<string>(), caller: this.caller.get(instance) ?? 0 };
    this.#waiting.set(request, waiting);
    this.#port.postMessage({ kind: 'http', instance, request, text });
    signal.addEventListener('abort', () => this.giveUp(request), { once: true });
    return waiting.promise;
  }

  /** Its call is over. */
  giveUp(request: number): void {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined) return;
    this.#waiting.delete(request);
    this.#port.postMessage({ kind: 'http-over', request });
    waiting.reject(new Error('the call is over'));
  }

  settle(request: number, response: string | undefined, fault: string): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (waiting === undefined) return;
    this.#runs(waiting.caller);
    if (response === undefined) waiting.reject(new Error(fault));
    else waiting.resolve(response);
  }
}

/** The host as the functions here see it: what answers is asked of the other thread, and waited for. */
function hostOf(
  instance: number,
  has: readonly Asked[],
  port: MessagePort,
  numbers: Int32Array,
  answers: MessagePort,
  web: HttpCalls,
): HostCalls {
  const ask = (name: Asked, ...values: readonly (string | Uint8Array)[]): unknown => {
    Atomics.store(numbers, place.answered, 0);
    port.postMessage({ kind: 'ask', instance, name, values });
    for (;;) {
      Atomics.wait(numbers, place.answered, 0);
      const told = receiveMessageOnPort(answers)?.message as Told | undefined;
      if (told === undefined) continue;
      if ('fault' in told) throw new Error(told.fault);
      return told.value;
    }
  };
  const all: Required<Pick<HostCalls, Asked>> = {
    config: (key) => ask('config', key) as string | undefined,
    kvGet: (key) => bufferOf(ask('kvGet', key) as Uint8Array | undefined),
    kvSet: (key, value) => ask('kvSet', key, value) as boolean,
    kvDelete: (key) => void ask('kvDelete', key),
    publish: (record) => ask('publish', record) as number,
    pointRead: (name) => ask('pointRead', name) as string | undefined,
    pointCommand: (name, value) => ask('pointCommand', name, value) as number,
  };
  const granted = Object.fromEntries(has.map((name) => [name, all[name]]));
  return {
    ...(granted as Pick<HostCalls, Asked>),
    log: limitedLog((level, text) => port.postMessage({ kind: 'log', instance, level, text })),
    now: Date.now,
    http: (request, signal) => web.send(instance, request, signal),
  };
}

function bufferOf(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
