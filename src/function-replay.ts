/** Recorded messages through a function: what it makes of them, and what that takes. */
import { type FunctionModule, FunctionTrap } from './core/function.js';
import { FunctionBench } from './function-bench.js';
import { Failure } from './functions/failure.js';
import { readMessages } from './functions/frame-reader.js';

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
  using bench = new FunctionBench(module, { config }, 0);
  const causes: string[] = [];
  const view = { messages: 0, given: 0, dropped: 0, failed: 0 };
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
    bench.now = recorded.at ?? bench.now;
    const { topic, text: plain = '', base64, qos = 0 } = recorded;
    const payload = base64 === undefined ? plain : Buffer.from(base64, 'base64');
    const { answer, trap } = await bench.call(
      'on_message',
      bench.messageFrame({ topic, payload, qos, origin: 'client:recorded' }),
    );
    const found = trap ?? readMessages(answer, 0xffff);
    if (found instanceof FunctionTrap) fail(`${found.trap}: ${found.message}`);
    else if (found instanceof Failure) fail(found.message);
    else if (found.length === 0) view.dropped++;
    else view.given += found.length;
  }
  const { fuel, memory } = bench.costs;
  const us = view.messages === 0 ? 0 : Math.round(bench.us / view.messages);
  return { ...view, fuel, memory, causes, us };
}

function recordedOf(line: string): Recorded | undefined {
  try {
    const one = JSON.parse(line) as Partial<Recorded> | null;
    return typeof one?.topic === 'string' ? (one as Recorded) : undefined;
  } catch {
    return undefined;
  }
}
