/** Two versions of a function over recorded messages, without a gateway. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../core/clock.js';
import type { FunctionConfig } from '../core/config.js';
import type { Capability, CompileFunction } from '../core/function.js';
import type { Message } from '../core/message.js';
import type { ShadowOptions, ShadowView } from '../core/shadow-views.js';
import { Effects } from './effects.js';
import { functionError } from './errors.js';
import { messageFrame } from './frame-writer.js';
import { KvTables } from './kv.js';
import { Previous } from './previous.js';
import { Rehearsed } from './rehearsed.js';
import { Tally } from './tally.js';
import { digestOf } from './version-folder.js';

export interface RehearsalOptions extends ShadowOptions {
  readonly config: FunctionConfig;
  readonly compile: CompileFunction;
  readonly clock: Clock;
  readonly current: { readonly bytes: Buffer; readonly source: string };
  readonly candidate: { readonly bytes: Buffer; readonly source: string };
  readonly messages: Iterable<Message>;
  readonly signal?: AbortSignal;
}

/** Between two turns of the event loop. */
const MESSAGES_PER_TURN = 500;

/** @throws GatewayError when one of the two is not fit to run */
export async function rehearse(options: RehearsalOptions): Promise<ShadowView> {
  const { clock, messages, signal } = options;
  const startedAt = clock.now();
  using current = await open(options, options.current.bytes);
  using candidate = await open(options, options.candidate.bytes);
  const named = ({ bytes, source }: { bytes: Buffer; source: string }) => ({ digest: digestOf(bytes), source });
  const tally = new Tally(options, named(options.current), named(options.candidate));
  const previous = new Previous(10_000, 64 * 1_048_576);
  let count = 0;
  for (const message of messages) {
    const { topic, payload, receivedAt, origin } = message;
    const direction = origin.startsWith('link:') ? 1 : 0;
    const frame = Buffer.from(messageFrame(message, previous.get(topic), direction, receivedAt));
    previous.set(topic, payload);
    const past = new Effects();
    past.times.push(receivedAt);
    const one = await current.call('on_message', frame, past);
    tally.add('on_message', frame, one, await candidate.call('on_message', frame, past));
    if (++count % MESSAGES_PER_TURN !== 0) continue;
    await turn();
    signal?.throwIfAborted();
  }
  const found = tally.found();
  return {
    function: options.config.name,
    state: 'over',
    startedAt,
    endsAt: null,
    ...found,
    skipped: 0,
    promoted: false,
  };
}

async function open({ config, compile, clock }: RehearsalOptions, bytes: Buffer): Promise<Rehearsed> {
  const { limits, isolate, grants } = config;
  const granted = (['kv', 'publish', 'points', 'http'] as const).filter((one) => grants[one] !== undefined);
  const module = await compile(bytes, { limits, isolate, grants: new Set<Capability>(granted) });
  if (!module.hooks.has('on_message')) {
    const known = [...module.hooks].join(', ') || 'none';
    throw functionError('FUNCTION_HOOK_MISSING', `the module has no on_message; it has ${known}`);
  }
  const kv = grants.kv === undefined ? undefined : new KvTables(undefined).open(config.name, grants.kv);
  return new Rehearsed({ module, config, clock, kv });
}
