/** Functions without functions: views that change as they are told. */
import { createHash } from 'node:crypto';
import type { FunctionChange } from '../../src/api/contract.js';
import { errorsOf } from '../../src/core/errors.js';
import type { FunctionLogLine, FunctionView } from '../../src/core/function-views.js';
import type { ShadowRun, ShadowView } from '../../src/core/shadow-views.js';

const fakeError = errorsOf({
  FUNCTION_MODULE_INVALID: { fault: 'config', hint: 'build the function again' },
  FUNCTION_NO_SHADOW: { fault: 'caller', hint: 'begin one' },
} as const);

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

export class FakeFunctions {
  readonly now: number;
  views: readonly FunctionView[];
  lines: readonly FunctionLogLine[];
  /** `pause mask` */
  readonly changes: string[] = [];
  readonly shadows = new Map<string, ShadowView>();

  constructor(now: number, views: readonly FunctionView[] = [functionView(now)]) {
    this.now = now;
    this.views = views;
    this.lines = [
      { sequence: 1, at: now - 2_000, level: 'info', text: 'started' },
      { sequence: 2, at: now - 1_000, level: 'error', text: 'fuel: it took more than 5000000 steps' },
    ];
  }

  logs(_name: string, after: number, limit: number): readonly FunctionLogLine[] {
    return this.lines.filter(({ sequence }) => sequence > after).slice(-limit);
  }

  async deploy(name: string, module: Buffer, source: string): Promise<FunctionView> {
    if (module.toString() === 'unfit') throw fakeError('FUNCTION_MODULE_INVALID', 'it is no WebAssembly');
    const digest = `sha256:${createHash('sha256').update(module).digest('hex')}`;
    return this.#change(name, ({ versions }) => ({
      versions: [
        { digest, source, deployedAt: this.now, current: true, failed: false },
        ...versions.map((version) => ({ ...version, current: false })),
      ],
    }));
  }

  /** Over at once, with nothing compared. */
  readonly shadow = async (name: string, _module: Buffer, source: string, run: ShadowRun): Promise<ShadowView> => {
    const { live } = run;
    const side = { digest: `sha256:${'c'.repeat(64)}`, failures: 0, fuel: null, us: null };
    this.shadows.set(name, {
      function: name,
      state: 'over',
      startedAt: this.now,
      endsAt: live === undefined ? null : this.now + live,
      current: { ...side, source: 'mask.wasm' },
      candidate: { ...side, source },
      messages: 0,
      equal: 0,
      different: 0,
      skipped: 0,
      differences: [],
      refusal: 'nothing was compared: no message came',
      promoted: false,
    });
    return this.shadowOf(name);
  };

  readonly shadowOf = (name: string): ShadowView => {
    const found = this.shadows.get(name);
    if (found === undefined) throw fakeError('FUNCTION_NO_SHADOW', `${name} has had no shadow run`);
    return found;
  };

  readonly endShadow = async (name: string): Promise<ShadowView> => this.shadowOf(name);

  async change(name: string, change: FunctionChange): Promise<FunctionView> {
    this.changes.push(`${change} ${name}`);
    if (change === 'pause') return this.#change(name, () => ({ state: 'paused' }));
    if (change === 'resume') return this.#change(name, () => ({ state: 'up' }));
    if (change === 'reload') return this.#change(name, () => ({}));
    return this.#change(name, ({ versions }) => ({
      versions: versions.map((version, index) => ({ ...version, current: index === 1 })),
    }));
  }

  /** As the API would. */
  answer(route: string, name: string): unknown {
    const verb = route.slice(route.lastIndexOf('/') + 1);
    return verb === 'logs' ? { items: this.lines } : this.change(name, verb as FunctionChange);
  }

  #change(name: string, change: (one: FunctionView) => Partial<FunctionView>): FunctionView {
    this.views = this.views.map((one) => (one.name === name ? { ...one, ...change(one) } : one));
    return this.views.find((one) => one.name === name)!;
  }
}
