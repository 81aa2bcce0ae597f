/** The ready functions, in the engine of the gateway, and the foreign codecs that they are held against. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type FunctionInstance, FunctionTrap, type HostCalls } from '../../src/core/function.js';
import type { MessageInit } from '../../src/core/message.js';
import { compile } from '../../src/functions/engine/module.js';
import { type MessageRecord, readMessages } from '../../src/functions/frame-reader.js';
import { messageFrame, timeFrame } from '../../src/functions/frame-writer.js';
import { libraryModule } from '../../src/functions/library.js';
import { guestLimits, guestMessage, quietHost } from './guests.js';
import { PYTHON, works } from './modbus-peers.js';
import { needs, repoRoot } from './peers.js';

export interface BuiltinOptions {
  readonly kv?: Map<string, Buffer>;
  readonly now?: () => number;
  readonly log?: string[];
}

export async function openBuiltin(
  name: string,
  config: Readonly<Record<string, unknown>> = {},
  { kv = new Map(), now, log = [] }: BuiltinOptions = {},
): Promise<FunctionInstance> {
  const module = await compile(libraryModule(name)!, {
    limits: guestLimits,
    grants: new Set(['kv'] as const),
    isolate: 'inline',
  });
  const host: HostCalls = {
    ...quietHost(log),
    ...(now !== undefined && { now }),
    config: (key) => (Object.hasOwn(config, key) ? JSON.stringify(config[key]) : undefined),
    kvGet: (key) => kv.get(key),
    kvSet(key, value) {
      kv.set(key, Buffer.from(value));
      return true;
    },
    kvDelete: (key) => void kv.delete(key),
  };
  return module.instantiate(host);
}

/** Messages that come out; undefined: it refused. */
export function giveMessage(
  instance: FunctionInstance,
  init: Partial<MessageInit>,
  previous?: string,
): readonly MessageRecord[] | undefined {
  const before = previous === undefined ? undefined : Buffer.from(previous);
  try {
    return records(instance.call('on_message', messageFrame(guestMessage(init), before, 0, 0)));
  } catch (error) {
    if (error instanceof FunctionTrap && error.trap === 'refused') return undefined;
    throw error;
  }
}

export function giveTimer(instance: FunctionInstance, now: number): readonly MessageRecord[] {
  return records(instance.call('on_timer', timeFrame(now)));
}

function records(answer: Parameters<typeof readMessages>[0]): readonly MessageRecord[] {
  const found = readMessages(answer, 100);
  if (!Array.isArray(found)) throw new Error('it gave no messages');
  return found;
}

/** Payloads that come out, under the topic a/b, and as they came otherwise. */
export function give(instance: FunctionInstance, payload: string | Buffer, previous?: string) {
  const made = giveMessage(instance, { payload, qos: 1, retain: true }, previous);
  for (const { topic, qos, retain } of made ?? []) {
    if (topic !== 'a/b' || qos !== 1 || !retain) throw new Error(`it came out as ${topic} ${qos} ${retain}`);
  }
  return made?.map((one) => one.payload.toString());
}

export type CodecRequest =
  | { readonly cbor: string }
  | { readonly json: string; readonly canonical?: boolean }
  | { readonly sparkplug: object }
  | { readonly hmac: readonly [string, string] }
  | { readonly registers: readonly [number, readonly number[]] };

export function needsCodecs() {
  return needs(
    ...(works(PYTHON, ['-c', 'import cbor2']) ? [] : ['python3-cbor2']),
    ...(works(PYTHON, ['-c', 'import google.protobuf']) ? [] : ['python3-protobuf']),
    ...(works(PYTHON, ['-c', 'import pymodbus']) ? [] : ['python3-pymodbus']),
  );
}

/** What cbor2, protobuf, Python's hmac and pymodbus make of them. */
export function foreignCodecs<T = string>(requests: readonly CodecRequest[]): readonly T[] {
  const input = requests.map((one) => `${JSON.stringify(one, withBigints)}\n`).join('');
  const script = join(repoRoot, 'test/peers/function-codecs.py');
  const output = execFileSync(PYTHON, [script], { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

/** JSON.rawJSON of ES2026, which TypeScript does not know yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

function withBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(`${value}`) : value;
}
