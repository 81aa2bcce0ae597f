/** One version that is called beside the path of messages: it remembers, and changes nothing. */
import type { Clock } from '../core/clock.js';
import type { FunctionConfig } from '../core/config.js';
import { type FunctionInstance, type FunctionModule, FunctionTrap, type Hook } from '../core/function.js';
import type { Answer } from './answers.js';
import { hostCalls, type PointAccess } from './capabilities.js';
import { Effects, repeating } from './effects.js';
import { functionError } from './errors.js';
import { Failure, type Outcome } from './failure.js';
import type { MessageRecord } from './frame-reader.js';
import { FunctionLog } from './function-log.js';
import { HttpAgent } from './http.js';
import type { Kv } from './kv.js';

export interface RehearsedOptions {
  readonly module: FunctionModule;
  readonly config: FunctionConfig;
  readonly clock: Clock;
  /** Its own; nobody else sees what is written. */
  readonly kv: Kv | undefined;
  readonly points?: PointAccess | undefined;
}

const NO_POINTS: PointAccess = { read: () => undefined, command: () => true };

export class Rehearsed implements Disposable {
  readonly #clock: Clock;
  readonly #config: FunctionConfig;
  readonly #isAsync: boolean;
  readonly #instance: FunctionInstance;
  #past = new Effects();
  #own = new Effects();
  #published: MessageRecord[] = [];
  #bytes = 0;

  constructor({ module, config, clock, kv, points }: RehearsedOptions) {
    this.#clock = clock;
    this.#config = config;
    this.#isAsync = module.isAsync;
    const { http } = config.grants;
    const host = hostCalls({
      config,
      clock,
      log: new FunctionLog(clock),
      kv,
      points: { ...NO_POINTS, ...(points !== undefined && { read: points.read.bind(points) }) },
      http: http === undefined ? undefined : new HttpAgent([], http.timeout),
      publish: (record) => this.#publish(record),
    });
    try {
      this.#instance = module.instantiate(
        repeating(
          host,
          () => this.#past,
          () => this.#own,
        ),
      );
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw functionError('FUNCTION_START_FAILED', `the module could not start: ${message}`, { cause: error });
    }
  }

  /** One call after the other. Never rejects. @param past - what the other version was answered */
  call(hook: Hook, frame: Buffer, past: Effects): Answer | Promise<Answer> {
    this.#past = past;
    this.#own = new Effects();
    this.#published = [];
    this.#bytes = 0;
    const startedAt = this.#clock.monotonic();
    const answer = (outcome: Outcome): Answer => ({
      outcome,
      published: this.#published,
      commands: this.#own.commands,
      fuel: this.#instance.fuelUsed,
      ms: this.#clock.monotonic() - startedAt,
    });
    const failed = (error: unknown): Answer => answer(failureOf(error));
    if (this.#isAsync) return this.#instance.callAsync(hook, frame).then(answer, failed);
    try {
      return answer(this.#instance.call(hook, frame));
    } catch (error) {
      return failed(error);
    }
  }

  [Symbol.dispose](): void {
    this.#instance[Symbol.dispose]();
  }

  #publish(record: MessageRecord): boolean {
    const { outputs, outputBytes } = this.#config.limits;
    this.#bytes += record.payload.length + record.topic.length;
    if (this.#published.length >= outputs || this.#bytes > outputBytes) return false;
    this.#published.push(record);
    return true;
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof FunctionTrap) return new Failure(error.trap, error.message);
  return new Failure('host', error instanceof Error ? error.message : String(error));
}
