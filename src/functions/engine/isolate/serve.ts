/** In the other thread: instances by number, calls in the order in which they come, answers in batches. */
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { FunctionTrap, type HostCalls } from '../../../core/function.js';
import { type Compiled, InlineInstance } from '../instance.js';
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
}

/** Answers wait at most so long for others, ms. */
const LINGER_MS = 1;
const MAX_BATCH = 256;

export function serve({ state, answers }: ThreadData): void {
  const port = parentPort!;
  const numbers = new Int32Array(state);
  const residents = new Map<number, Resident>();
  const web = new HttpCalls(port);
  const out = new Outbox(port);

  const answerOf = (head: CallHead, resident: Resident | undefined, run: () => Buffer | undefined): void => {
    Atomics.store(numbers, place.running, head.sequence);
    try {
      out.add(head.sequence, run(), resident?.instance);
    } catch (error) {
      out.fail(head.sequence, error, resident?.instance);
    }
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
      if (resident.isUrgent) out.flush();
    }
  };

  const callLater = (head: CallHead, frame: Buffer, resident: Resident): void => {
    let instance: InlineInstance;
    try {
      instance = startedOf(resident);
    } catch (error) {
      out.fail(head.sequence, error, undefined);
      return;
    }
    const done = (send: () => void) => {
      send();
      out.flush();
    };
    instance.callAsync(head.hook, frame).then(
      (answer) => done(() => out.add(head.sequence, answer, instance)),
      (error) => done(() => out.fail(head.sequence, error, instance)),
    );
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
        });
        break;
      }
      case 'unload':
        residents.get(message.instance)?.instance?.[Symbol.dispose]();
        residents.delete(message.instance);
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
  readonly #waiting = new Map<number, PromiseWithResolvers<string>>();
  #last = 0;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  send(instance: number, text: string): Promise<string> {
    const request = ++this.#last;
    const waiting = Promise.withResolvers<string>();
    this.#waiting.set(request, waiting);
    this.#port.postMessage({ kind: 'http', instance, request, text });
    return waiting.promise;
  }

  settle(request: number, response: string | undefined, fault: string): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (response === undefined) waiting?.reject(new Error(fault));
    else waiting?.resolve(response);
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
    log: (level, text) => port.postMessage({ kind: 'log', instance, level, text }),
    now: Date.now,
    http: (request) => web.send(instance, request),
  };
}

function bufferOf(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
