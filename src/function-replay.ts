/** Recorded messages through a function: what it makes of them, and what that takes. */
import { type FunctionModule, FunctionTrap } from './core/function.js';
import { createMessage } from './core/message.js';
import { Failure } from './functions/failure.js';
import { readMessages } from './functions/frame-reader.js';
import { messageFrame } from './functions/frame-writer.js';

export interface ReplayView {
  readonly messages: number;
  /** Messages that came out. */
  readonly given: number;
  /** Messages of which nothing came out. */
  readonly dropped: number;
  readonly failed: number;
  /** The first ten, with the number of the line. */
  readonly causes: readonly string[];
  readonly fuel: number;
  readonly memory: number;
  readonly us: number;
}

interface Recorded {
  readonly topic: string;
  readonly text?: string;
  readonly base64?: string;
  readonly at?: number;
  readonly qos?: 0 | 1 | 2;
}

const MOST_CAUSES = 10;

/** @param text - NDJSON */
export async function replayMessages(
  module: FunctionModule,
  text: string,
  config: Readonly<Record<string, unknown>>,
): Promise<ReplayView> {
  const kv = new Map<string, Buffer>();
  let now = 0;
  using instance = module.instantiate({
    log: () => {},
    now: () => now,
    config: (key) => (Object.hasOwn(config, key) ? JSON.stringify(config[key]) : undefined),
    kvGet: (key) => kv.get(key),
    kvSet(key, value) {
      kv.set(key, value);
      return true;
    },
    kvDelete: (key) => void kv.delete(key),
    publish: () => 0,
    pointRead: () => undefined,
    pointCommand: () => -1,
    http: async () => JSON.stringify({ error: 'there is no network in tests' }),
  });
  const previous = new Map<string, Buffer>();
  const causes: string[] = [];
  const view = { messages: 0, given: 0, dropped: 0, failed: 0, fuel: 0, memory: 0 };
  let spent = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    view.messages++;
    const fail = (why: string) => {
      view.failed++;
      if (causes.length < MOST_CAUSES) causes.push(`line ${index + 1}: ${why}`);
    };
    const recorded = recordedOf(line);
    if (recorded === undefined) {
      fail('it is no message');
      continue;
    }
    now = recorded.at ?? now;
    const message = createMessage({
      topic: recorded.topic,
      payload: recorded.base64 === undefined ? (recorded.text ?? '') : Buffer.from(recorded.base64, 'base64'),
      qos: recorded.qos ?? 0,
      origin: 'client:recorded',
      receivedAt: now,
    });
    const frame = Buffer.from(messageFrame(message, previous.get(message.topic), 0, now));
    previous.set(message.topic, message.payload);
    const started = performance.now();
    try {
      const answer = module.isAsync
        ? await instance.callAsync('on_message', frame)
        : instance.call('on_message', frame);
      spent += performance.now() - started;
      const found = readMessages(answer, 0xffff);
      if (found instanceof Failure) fail(found.message);
      else if (found.length === 0) view.dropped++;
      else view.given += found.length;
    } catch (error) {
      if (!(error instanceof FunctionTrap)) throw error;
      fail(`${error.trap}: ${error.message}`);
    }
    view.fuel = Math.max(view.fuel, instance.fuelUsed);
    view.memory = Math.max(view.memory, instance.memory);
  }
  return { ...view, causes, us: view.messages === 0 ? 0 : Math.round((spent * 1_000) / view.messages) };
}

function recordedOf(line: string): Recorded | undefined {
  try {
    const one = JSON.parse(line) as Partial<Recorded> | null;
    return typeof one?.topic === 'string' ? (one as Recorded) : undefined;
  } catch {
    return undefined;
  }
}
