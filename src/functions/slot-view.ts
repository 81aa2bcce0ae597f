/** A function as people see it. */
import { errorView } from '../core/errors.js';
import type { FunctionView } from '../core/function-views.js';
import { functionError } from './errors.js';
import { triggerText } from './hook-names.js';
import type { Kv } from './kv.js';
import type { Slot } from './slot.js';

export function slotView(slot: Slot, kv: Kv | undefined): FunctionView {
  const { config, stats, state, running } = slot;
  const { source } = config;
  const last = stats.lastFailure;
  const error =
    state === 'down'
      ? slot.error
      : state === 'open' || state === 'half-open'
        ? functionError('FUNCTION_BREAKER_OPEN', `it failed: ${last?.cause ?? ''}, ${last?.message ?? ''}`)
        : undefined;
  return {
    name: slot.name,
    state,
    since: slot.since,
    ...(error !== undefined && { error: errorView(error) }),
    ...(slot.retryAt !== undefined && { retryAt: slot.retryAt }),
    source: source.type === 'file' ? source.file : source.image,
    triggers: config.triggers.map(triggerText),
    abi: running?.module.abi ?? null,
    hooks: [...(running?.module.hooks ?? [])],
    needs: [...(running?.module.needs ?? [])],
    isolate: config.isolate,
    onError: config.onError,
    versions: slot.versions.map(({ digest, source: from, deployedAt, failed }) => ({
      digest,
      source: from,
      deployedAt,
      current: digest === slot.current?.digest,
      failed,
    })),
    calls: stats.calls,
    callsPerSecond: stats.callsPerSecond,
    messagesOut: stats.messagesOut,
    ms: stats.ms,
    fuelUsed: stats.fuelUsed,
    memory: running?.instance.memory ?? 0,
    memoryLimit: config.limits.memory,
    waiting: slot.waiting,
    failures: { ...stats.failures },
    ...(last !== undefined && { lastFailure: last }),
    passed: stats.passed,
    dropped: stats.dropped,
    deadLetters: stats.deadLetters,
    rateLimited: stats.rateLimited,
    ...(kv !== undefined && { kv: { keys: kv.keys, bytes: kv.bytes, quota: kv.quota } }),
    previous: { topics: slot.previous.topics, bytes: slot.previous.bytes },
  };
}
