/** What a function finds where no gateway is: at its author's. Time stands still, and there is no network. */

import type { FunctionInstance, FunctionModule, Hook, HostCalls } from './core/function.js';
import { FunctionTrap } from './core/function.js';
import { createMessage, type Message, type MessageInit } from './core/message.js';
import { messageFrame } from './functions/frame-writer.js';

export interface BenchHost {
  readonly config: Readonly<Record<string, unknown>>;
  /** A command changes them; undefined: none is taken. */
  readonly points?: Record<string, unknown>;
  readonly kv?: ReadonlyMap<string, Buffer>;
  onLog?(level: number, text: string): void;
  /** @returns as the module sees it: 0, or -1 for what is no message */
  onPublish?(record: Buffer): number;
}

export interface Called {
  readonly answer: Buffer | undefined;
  readonly trap: FunctionTrap | undefined;
}

/** Of the call that took most. */
export interface Costs {
  fuel: number;
  /** Linear memory at the end, bytes. */
  memory: number;
  us: number;
}

export class FunctionBench implements Disposable {
  /** What `now()` gives, Unix ms. */
  now: number;
  readonly costs: Costs = { fuel: 0, memory: 0, us: 0 };
  /** All calls together. */
  us = 0;
  readonly #module: FunctionModule;
  readonly #instance: FunctionInstance;
  readonly #previous = new Map<string, Buffer>();

  /** @throws FunctionTrap when the module does not start */
  constructor(module: FunctionModule, host: BenchHost, now: number) {
    this.now = now;
    this.#module = module;
    this.#instance = module.instantiate(hostCalls(host, () => this.now));
  }

  /** The input of on_message. @param previous - undefined: what this topic had before */
  messageFrame(init: Omit<MessageInit, 'receivedAt'>, direction: 0 | 1 | 2 = 0, previous?: Buffer): Buffer {
    const message: Message = createMessage({ ...init, receivedAt: this.now });
    const before = previous ?? this.#previous.get(message.topic);
    this.#previous.set(message.topic, message.payload);
    return messageFrame(message, before, direction, this.now);
  }

  async call(hook: Hook, frame: Buffer): Promise<Called> {
    const input = Buffer.from(frame);
    const started = performance.now();
    let [answer, trap]: [Buffer | undefined, FunctionTrap | undefined] = [undefined, undefined];
    try {
      const instance = this.#instance;
      answer = this.#module.isAsync ? await instance.callAsync(hook, input) : instance.call(hook, input);
    } catch (error) {
      if (!(error instanceof FunctionTrap)) throw error;
      trap = error;
    }
    const us = (performance.now() - started) * 1_000;
    this.us += us;
    this.costs.us = Math.max(this.costs.us, us);
    this.costs.fuel = Math.max(this.costs.fuel, this.#instance.fuelUsed);
    this.costs.memory = Math.max(this.costs.memory, this.#instance.memory);
    return { answer, trap };
  }

  [Symbol.dispose](): void {
    this.#instance[Symbol.dispose]();
  }
}

function hostCalls({ config, points, kv: given, onLog, onPublish }: BenchHost, now: () => number): HostCalls {
  const kv = new Map(given);
  const json = (of: Readonly<Record<string, unknown>>, key: string) =>
    Object.hasOwn(of, key) ? JSON.stringify(of[key]) : undefined;
  return {
    log: (level, text) => onLog?.(level, text),
    now,
    config: (key) => json(config, key),
    kvGet: (key) => kv.get(key),
    kvSet(key, value) {
      kv.set(key, value);
      return true;
    },
    kvDelete: (key) => void kv.delete(key),
    publish: (record) => onPublish?.(record) ?? 0,
    pointRead: (name) =>
      points !== undefined && Object.hasOwn(points, name)
        ? JSON.stringify({ v: points[name], q: 'good', t: now() })
        : undefined,
    pointCommand(name, value) {
      if (points === undefined) return -1;
      points[name] = JSON.parse(value) as unknown;
      return 0;
    },
    http: async () => JSON.stringify({ error: 'there is no network in tests' }),
  };
}
