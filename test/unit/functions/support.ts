/** Functions made of JavaScript, around a router that only delivers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionConfig, FunctionTrigger } from '../../../src/core/config.js';
import { silentLog } from '../../../src/core/log.js';
import { createMessage, type Message, type MessageInit } from '../../../src/core/message.js';
import type { Store } from '../../../src/core/store.js';
import type { PointAccess } from '../../../src/functions/capabilities.js';
import { createFunctions, type Functions } from '../../../src/functions/functions.js';
import type { ImageAccess } from '../../../src/functions/slot-loader.js';
import { FakeCompiler, type FakeHooks, type FakeOptions, functionConfig } from '../../support/fake-function.js';
import { ManualClock, settle } from '../../support/manual-clock.js';
import { FakeRouter } from '../devices/support.js';

export { settle };

export interface Wish {
  readonly on: FunctionTrigger | readonly FunctionTrigger[];
  readonly hooks: FakeHooks;
  readonly options?: FakeOptions;
  readonly config?: Partial<FunctionConfig>;
}

export interface BenchOptions {
  readonly folder: string;
  readonly store?: Store;
  readonly points?: PointAccess;
  readonly compiler?: FakeCompiler;
  readonly clock?: ManualClock;
  readonly images?: ImageAccess;
}

export class Bench {
  readonly clock: ManualClock;
  readonly router = new FakeRouter();
  readonly compiler: FakeCompiler;
  readonly functions: Functions;

  constructor(wishes: Readonly<Record<string, Wish>>, options: BenchOptions) {
    this.clock = options.clock ?? new ManualClock();
    this.compiler = options.compiler ?? new FakeCompiler();
    mkdirSync(options.folder, { recursive: true });
    const configs: Record<string, FunctionConfig> = {};
    for (const [name, { on, hooks, options: fake, config }] of Object.entries(wishes)) {
      const file = join(options.folder, `${name}.wasm`);
      writeFileSync(file, this.compiler.add(`module ${name}`, hooks, fake));
      configs[name] = functionConfig(name, file, Array.isArray(on) ? on : [on as FunctionTrigger], config);
    }
    this.functions = createFunctions({
      functions: configs,
      gatewayId: 'gw',
      data: join(options.folder, 'data'),
      router: () => this.router,
      store: options.store,
      compile: this.compiler.compile,
      points: options.points,
      ...(options.images !== undefined && { images: options.images }),
      log: silentLog,
      clock: this.clock,
    });
  }

  async start(): Promise<this> {
    await this.functions.start(AbortSignal.timeout(60_000));
    this.functions.begin();
    await settle();
    return this;
  }

  /** Through the path. */
  async pass(init: string | (Partial<MessageInit> & { topic: string })): Promise<readonly string[]> {
    return (await this.functions.transform!.apply(message(init))).map(text);
  }

  async publish(init: string | (Partial<MessageInit> & { topic: string })): Promise<void> {
    await this.router.publish(message(init));
    await settle();
    await settle();
  }

  message = message;

  /** Nothing is under way any more. */
  async idle(): Promise<void> {
    for (let quiet = 0, before = -1; quiet < 3; ) {
      await settle();
      const now = this.functions.functions().reduce((sum, { calls, waiting }) => sum + calls + waiting * 1e9, 0);
      quiet = now === before ? quiet + 1 : 0;
      before = now;
    }
  }

  /** `topic payload` of what was published. */
  published(): readonly string[] {
    return this.router.messages.map(text);
  }
}

export function message(init: string | (Partial<MessageInit> & { topic: string })): Message {
  const [topic = '', ...words] = typeof init === 'string' ? init.split(' ') : [init.topic];
  return createMessage({
    payload: words.join(' '),
    origin: 'client:c',
    receivedAt: Date.UTC(2026, 0, 1),
    ...(typeof init === 'string' ? {} : init),
    topic,
  });
}

export function text({ topic, payload }: Message): string {
  return `${topic} ${payload.toString()}`;
}

export function upstream(filter: string): FunctionTrigger {
  return { type: 'path', direction: 'upstream', filter };
}

/** Knocks at the door. */
export const someone = {
  clientId: 'c',
  userName: undefined,
  password: undefined,
  listener: 'plant',
  address: '::1',
  protocolVersion: 5 as const,
  certificateName: undefined,
};
