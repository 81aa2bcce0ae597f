/** Plays cases to a function, in the engine and with the limits of the gateway, and compares what it gives. */
import { isDeepStrictEqual } from 'node:util';
import type {
  CaseMessage,
  CasePayload,
  CaseValue,
  FunctionCase,
  FunctionCases,
  FunctionStep,
} from './config/function-cases.js';
import { type FunctionLimits, type FunctionModule, FunctionTrap, type Hook } from './core/function.js';
import { type Costs, FunctionBench } from './function-bench.js';
import { Failure } from './functions/failure.js';
import {
  type MessageRecord,
  readDecision,
  readFrames,
  readMessage,
  readMessages,
  readPoints,
} from './functions/frame-reader.js';
import { connectFrame, decodeFrame, encodeFrame, timeFrame } from './functions/frame-writer.js';

/** As the configuration has them when it says nothing. */
export const defaultLimits: FunctionLimits = {
  fuel: 5_000_000,
  memory: 4 * 1024 * 1024,
  deadline: 1_000,
  queue: 1_000,
  outputs: 100,
  outputBytes: 1024 * 1024,
  rate: 1_000,
};

/** Where a case does not say what time it is, Unix ms. */
const FIRST_MOMENT = 1_767_225_600_000;

export interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  /** What is not as expected: lines that begin with `-` (expected) and `+` (found), or a sentence. */
  readonly diff: readonly string[];
  /** Of the call that took most. */
  readonly fuel: number;
  /** Linear memory at the end, bytes; the start of the function included. */
  readonly memory: number;
  /** Of the slowest call, host side included. */
  readonly us: number;
  readonly log: readonly string[];
}

/** Never rejects for what the function does. */
export async function testFunction(module: FunctionModule, file: FunctionCases): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  for (const one of file.cases) results.push(await testCase(module, file, one));
  return results;
}

async function testCase(module: FunctionModule, file: FunctionCases, one: FunctionCase): Promise<CaseResult> {
  const log: string[] = [];
  const diff: string[] = [];
  let costs: Costs = { fuel: 0, memory: 0, us: 0 };
  try {
    using player = new Player(module, file, one, log);
    costs = player.costs;
    const steps: readonly FunctionStep[] = one.steps ?? [one];
    for (const [index, step] of steps.entries()) {
      const found = await player.play(step);
      const where = steps.length > 1 ? `step ${index + 1}: ` : '';
      diff.push(...found.map((line) => (/^[-+ ]/.test(line) ? line : `${where}${line}`)));
    }
  } catch (error) {
    diff.push(`it does not start: ${trapText(error)}`);
  }
  return { name: one.name, ok: diff.length === 0, diff, ...costs, us: Math.round(costs.us), log };
}

class Player implements Disposable {
  readonly #module: FunctionModule;
  readonly #bench: FunctionBench;
  #published: MessageRecord[] = [];

  constructor(module: FunctionModule, file: FunctionCases, one: FunctionCase, log: string[]) {
    this.#module = module;
    const host = {
      config: { ...file.config, ...one.config },
      points: { ...file.points, ...one.points },
      kv: new Map(Object.entries(one.kv ?? {}).map(([key, value]) => [key, bytesOf(value)])),
      onLog: (level: number, text: string) => void log.push(`${levels[level] ?? 'info'}: ${text}`),
      onPublish: (bytes: Buffer) => {
        const record = readMessage(bytes);
        if (record instanceof Failure) {
          log.push(`error: publish: ${record.message}`);
          return -1;
        }
        this.#published.push(record);
        return 0;
      },
    };
    this.#bench = new FunctionBench(module, host, FIRST_MOMENT);
  }

  get costs(): Costs {
    return this.#bench.costs;
  }

  /** @returns what is not as expected */
  async play(step: FunctionStep): Promise<string[]> {
    this.#bench.now = step.at ?? step.timer ?? step.start ?? this.#bench.now;
    this.#published = [];
    const [hook, frame] = this.#input(step);
    if (!this.#module.hooks.has(hook)) return [`the function has no ${hook}`];
    const { answer, trap } = await this.#bench.call(hook, frame);
    if (trap !== undefined) {
      if (step.fails === trap.trap) return [];
      return [`it ended with ${trapText(trap)}${step.fails === undefined ? '' : `, not with ${step.fails}`}`];
    }
    if (step.fails !== undefined) return [`it did not end with ${step.fails}`];
    const differences = step.expect === undefined ? [] : compare(hook, step.expect, answer);
    if (step.published === undefined) return differences;
    return [...differences, ...compareLists('published', step.published.map(wanted), this.#published, step.published)];
  }

  [Symbol.dispose](): void {
    this.#bench[Symbol.dispose]();
  }

  #input(step: FunctionStep): [Hook, Buffer] {
    const device = step.device ?? 'device';
    if (step.decode !== undefined) return ['on_decode', decodeFrame(device, hexOf(step.decode))];
    if (step.encode !== undefined) {
      const { point, value } = step.encode;
      return ['on_encode', encodeFrame(device, point, plainValue(value) ?? '')];
    }
    if (step.connect !== undefined) return ['on_connect', connectFrame(requestOf(step.connect))];
    if (step.timer !== undefined) return ['on_timer', timeFrame(step.timer)];
    if (step.start !== undefined) return ['on_start', timeFrame(step.start)];
    const { qos, retain, contentType, userProperties } = step;
    const init = {
      topic: step.topic ?? 'test',
      payload: bytesOf(step.payload ?? ''),
      ...(qos !== undefined && { qos }),
      ...(retain !== undefined && { retain }),
      ...((contentType !== undefined || userProperties !== undefined) && {
        properties: { ...(contentType !== undefined && { contentType }), ...(userProperties && { userProperties }) },
      }),
      origin: (step.origin ?? 'client:test') as `client:${string}`,
    };
    const previous = step.previous === undefined ? undefined : bytesOf(step.previous);
    const direction = ({ upstream: 0, downstream: 1, none: 2 } as const)[step.direction ?? 'upstream'];
    return ['on_message', this.#bench.messageFrame(init, direction, previous)];
  }
}

const levels = ['debug', 'info', 'warn', 'error'];

function trapText(error: unknown): string {
  if (error instanceof FunctionTrap) return `${error.trap}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

function requestOf(fields: Readonly<Record<string, string>>) {
  return {
    clientId: fields.clientId ?? 'test',
    userName: fields.userName,
    password: fields.password === undefined ? undefined : Buffer.from(fields.password),
    listener: fields.listener ?? 'main',
    address: fields.address ?? '127.0.0.1',
    protocolVersion: Number(fields.protocolVersion ?? 5),
    certificateName: fields.certificateName,
  };
}

function hexOf(text: string): Buffer {
  return Buffer.from(text.replace(/[\s:]/g, ''), 'hex');
}

function bytesOf(payload: CasePayload): Buffer {
  if (typeof payload === 'string') return Buffer.from(payload);
  if ('hex' in payload) return hexOf(payload.hex);
  if ('base64' in payload) return Buffer.from(payload.base64, 'base64');
  return Buffer.from(JSON.stringify(payload.json));
}

function plainValue(value: CaseValue): number | boolean | string | Buffer | undefined {
  if (typeof value !== 'object') return value;
  return 'hex' in value ? hexOf(value.hex) : undefined;
}

type Wanted = (found: MessageRecord) => boolean;

/** What a case does not say may be as it is. */
function wanted(one: CaseMessage): Wanted {
  return (found) =>
    found.topic === one.topic &&
    isSamePayload(one.payload, found.payload) &&
    (one.qos === undefined || one.qos === found.qos) &&
    (one.retain === undefined || one.retain === found.retain) &&
    (one.contentType === undefined || one.contentType === found.properties?.contentType) &&
    (one.userProperties === undefined || isDeepStrictEqual(one.userProperties, found.properties?.userProperties ?? []));
}

function isSamePayload(expected: CasePayload, found: Buffer): boolean {
  if (typeof expected !== 'object' || !('json' in expected)) return bytesOf(expected).equals(found);
  try {
    return isDeepStrictEqual(JSON.parse(found.toString()), expected.json);
  } catch {
    return false;
  }
}

function compare(hook: Hook, expected: NonNullable<FunctionStep['expect']>, answer: Buffer | undefined): string[] {
  switch (hook) {
    case 'on_decode': {
      const found = readPoints(answer);
      if (found instanceof Failure) return [found.message];
      const shown = Object.fromEntries(found.map(({ point, value, why }) => [point, value ?? { bad: why ?? '' }]));
      return compareJson(isPlainObject(expected) ? named(expected) : {}, shown);
    }
    case 'on_encode': {
      const found = readFrames(answer);
      if (found instanceof Failure) return [found.message];
      const frames = Array.isArray(expected) ? expected.map((one) => hexOf(String(one)).toString('hex')) : [];
      return compareJson(
        frames,
        found.map((one) => one.toString('hex')),
      );
    }
    case 'on_connect': {
      const found = readDecision(answer);
      return found instanceof Failure ? [found.message] : compareJson(expected, found.decision);
    }
    default: {
      const found = readMessages(answer, 0xffff);
      if (found instanceof Failure) return [found.message];
      const list = (Array.isArray(expected) ? expected : []) as readonly CaseMessage[];
      return compareLists('given', list.map(wanted), found, list);
    }
  }
}

function isPlainObject(of: unknown): of is Record<string, CaseValue> {
  return typeof of === 'object' && of !== null && !Array.isArray(of);
}

function named(of: Readonly<Record<string, CaseValue>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(of).map(([point, value]) => [
      point,
      typeof value === 'object' && 'bad' in value ? value : (plainValue(value) as unknown),
    ]),
  );
}

function compareJson(expected: unknown, found: unknown): string[] {
  const text = (of: unknown) =>
    JSON.stringify(of, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)) ?? '';
  return isDeepStrictEqual(JSON.parse(text(expected)), JSON.parse(text(found)))
    ? []
    : [`- ${text(expected)}`, `+ ${text(found)}`];
}

function compareLists(
  what: string,
  tests: readonly Wanted[],
  found: readonly MessageRecord[],
  expected: readonly CaseMessage[],
): string[] {
  if (tests.length === found.length && tests.every((test, index) => test(found[index]!))) return [];
  const lines = tests.length === found.length ? [] : [`${found.length} messages ${what}, expected ${tests.length}`];
  for (let index = 0; index < Math.max(tests.length, found.length); index++) {
    const one = found[index];
    if (one !== undefined && tests[index]?.(one) === true) lines.push(`  ${foundText(one)}`);
    else {
      const missing = expected[index];
      if (missing !== undefined) lines.push(`- ${expectedText(missing)}`);
      if (one !== undefined) lines.push(`+ ${foundText(one)}`);
    }
  }
  return lines;
}

function foundText({ topic, payload, qos, retain }: MessageRecord): string {
  return `${topic} ${payloadText(payload)} qos ${qos}${retain ? ' retain' : ''}`;
}

function expectedText({ topic, payload, qos, retain }: CaseMessage): string {
  return `${topic} ${payloadText(bytesOf(payload))}${qos === undefined ? '' : ` qos ${qos}`}${retain ? ' retain' : ''}`;
}

function payloadText(bytes: Buffer): string {
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) && !/[\0-\x08\x0e-\x1f]/.test(text) ? text : `0x${bytes.toString('hex')}`;
}
