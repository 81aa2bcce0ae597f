import type { FunctionView } from '../../src/core/function-views.js';

/** A function that works, with a version to go back to. */
export function functionView(now: number, more: Partial<FunctionView> = {}): FunctionView {
  const version = { source: 'mask.wasm', failed: false };
  return {
    name: 'mask',
    state: 'up',
    since: now - 60_000,
    source: '/etc/hpmq/mask.wasm',
    triggers: ['upstream raw/#', 'timer 10s'],
    abi: 'hpmq-fn/1',
    hooks: ['on_message', 'on_timer'],
    needs: ['kv'],
    isolate: 'inline',
    onError: 'drop',
    versions: [
      { ...version, digest: `sha256:${'a'.repeat(64)}`, deployedAt: now - 60_000, current: true },
      { ...version, digest: `sha256:${'b'.repeat(64)}`, deployedAt: now - 86_400_000, current: false },
    ],
    calls: 12_000,
    callsPerSecond: 120,
    messagesOut: 11_990,
    ms: { p50: 0.004, p95: 0.009, max: 1.5 },
    fuelUsed: 12_000_000,
    memory: 131_072,
    memoryLimit: 4_194_304,
    waiting: 0,
    failures: { fuel: 10 },
    lastFailure: { cause: 'fuel', message: 'it took more than 5000000 steps', at: now - 1_000 },
    passed: 0,
    dropped: 10,
    deadLetters: 0,
    rateLimited: 0,
    kv: { keys: 3, bytes: 90, quota: 1_048_576 },
    previous: { topics: 40, bytes: 9_000 },
    ...more,
  };
}
