/** A module made of JavaScript, for tests of what surrounds it: the same frames as a real one. */

import type { FunctionConfig, FunctionTrigger } from '../../src/core/config.js';
import {
  type CompileFunction,
  type FunctionLimits,
  type FunctionModule,
  FunctionTrap,
  type Hook,
  type HostCalls,
} from '../../src/core/function.js';
import { digestOf } from '../../src/functions/version-folder.js';

/** What came in of a message, and what goes out. */
export interface FakeMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos?: number;
  readonly retain?: boolean;
  readonly properties?: readonly (readonly [id: number, name: string, value: Buffer])[];
}

export interface FakeInput extends FakeMessage {
  readonly origin: string;
  readonly previous: string | undefined;
  readonly direction: number;
}

export type FakeHooks = { readonly [K in Hook]?: (frame: Buffer, host: HostCalls) => Buffer | undefined };

export interface FakeOptions {
  readonly abi?: FunctionModule['abi'];
  readonly needs?: readonly string[];
  /** Calls wait so many turns of the event loop. */
  readonly turns?: number;
  /** Calls are never answered. */
  readonly hangs?: boolean;
  /** When it resolves, the call under way ends at its deadline. */
  readonly expires?: Promise<void>;
  readonly onInstance?: (event: 'made' | 'closed') => void;
  readonly onFuel?: (amount: number) => void;
}

/** By the text of the "bytes". */
export class FakeCompiler {
  readonly #modules = new Map<string, { hooks: FakeHooks; options: FakeOptions }>();

  add(text: string, hooks: FakeHooks, options: FakeOptions = {}): Buffer {
    this.#modules.set(text, { hooks, options });
    return Buffer.from(text);
  }

  readonly compile: CompileFunction = async (bytes) => {
    const found = this.#modules.get(bytes.toString());
    if (found === undefined) throw new Error(`no module ${bytes.toString()}`);
    return fakeModule(bytes, found.hooks, found.options);
  };
}

function fakeModule(bytes: Buffer, hooks: FakeHooks, options: FakeOptions): FunctionModule {
  const { turns = 0, needs = [], hangs = false, expires } = options;
  return {
    digest: digestOf(bytes),
    abi: options.abi ?? 'hpmq-fn/1',
    hooks: new Set(Object.keys(hooks) as Hook[]),
    needs: new Set(needs as never[]),
    isAsync: turns > 0 || hangs || expires !== undefined,
    bytes: bytes.length,
    instantiate(host) {
      options.onInstance?.('made');
      let isOver = false;
      let last: Promise<unknown> = Promise.resolve();
      const unbegun = new Set<(reason: Error) => void>();
      const call = (hook: Hook, frame: Buffer) => {
        if (isOver) throw new Error('the instance is closed');
        return hooks[hook]!(frame, host);
      };
      return {
        call,
        callAsync(hook, frame) {
          const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
          unbegun.add(reject);
          last = last.then(async () => {
            if (!unbegun.delete(reject)) return;
            if (hangs) await new Promise(() => {});
            if (expires !== undefined) {
              await expires;
              reject(new FunctionTrap('deadline', 'no answer within 1000 ms'));
              return;
            }
            for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
            try {
              resolve(call(hook, frame));
            } catch (error) {
              reject(error);
            }
          });
          return promise;
        },
        abandon(reason) {
          for (const reject of unbegun) reject(reason);
          unbegun.clear();
        },
        ...(options.onFuel !== undefined && { giveFuel: options.onFuel }),
        fuelUsed: 10,
        memory: 65_536,
        [Symbol.dispose]() {
          isOver = true;
          options.onInstance?.('closed');
        },
      };
    },
  };
}

function readStr(frame: Buffer, at: number): [string, number] {
  const length = frame.readUInt16LE(at);
  return [frame.toString('utf8', at + 2, at + 2 + length), at + 2 + length];
}

function readBytes(frame: Buffer, at: number): [Buffer, number] {
  const length = frame.readUInt32LE(at);
  return [Buffer.from(frame.subarray(at + 4, at + 4 + length)), at + 4 + length];
}

/** The frame of on_message. */
export function readInput(frame: Buffer): FakeInput {
  const flags = frame[0]!;
  const [topic, behindTopic] = readStr(frame, 1);
  const [payload, behindPayload] = readBytes(frame, behindTopic);
  let at = behindPayload;
  const properties: [number, string, Buffer][] = [];
  const count = frame.readUInt16LE(at);
  at += 2;
  for (let i = 0; i < count; i++) {
    const id = frame[at++]!;
    let name: string;
    let value: Buffer;
    [name, at] = readStr(frame, at);
    [value, at] = readBytes(frame, at);
    properties.push([id, name, value]);
  }
  const [origin, behindOrigin] = readStr(frame, at);
  at = behindOrigin;
  let previous: Buffer | undefined;
  if (frame.readUInt32LE(at) === 0xffff_ffff) at += 4;
  else [previous, at] = readBytes(frame, at);
  return {
    topic,
    payload: payload.toString(),
    qos: flags & 3,
    retain: (flags & 4) !== 0,
    properties,
    origin,
    previous: previous?.toString(),
    direction: frame[at]!,
  };
}

function str(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function bytes(value: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(value.length);
  return Buffer.concat([length, value]);
}

export function record({ topic, payload, qos = 0, retain = false, properties = [] }: FakeMessage): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16LE(properties.length);
  const each = properties.map(([id, name, value]) => Buffer.concat([Buffer.from([id]), str(name), bytes(value)]));
  return Buffer.concat([
    Buffer.from([qos | (retain ? 4 : 0)]),
    str(topic),
    bytes(Buffer.from(payload)),
    count,
    ...each,
  ]);
}

/** What hooks give that give messages. */
export function output(...messages: readonly FakeMessage[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16LE(messages.length);
  return Buffer.concat([count, ...messages.map(record)]);
}

/** on_message as a function of the message. */
export function onMessage(map: (input: FakeInput, host: HostCalls) => readonly FakeMessage[]): FakeHooks {
  return { on_message: (frame, host) => output(...map(readInput(frame), host)) };
}

export const fakeLimits: FunctionLimits = {
  fuel: 2_000_000,
  memory: 4_194_304,
  deadline: 1_000,
  queue: 100,
  outputs: 100,
  outputBytes: 1_048_576,
  rate: 1_000,
};

export function functionConfig(
  name: string,
  file: string,
  triggers: readonly FunctionTrigger[],
  more: Partial<FunctionConfig> = {},
): FunctionConfig {
  return {
    name,
    source: { type: 'file', file },
    triggers,
    config: {},
    limits: fakeLimits,
    onError: 'drop',
    isolate: 'inline',
    grants: { kv: undefined, publish: undefined, points: undefined, http: undefined },
    breaker: { traps: 5, time: 1_000, within: 60_000, rest: 30_000 },
    ...more,
  };
}
