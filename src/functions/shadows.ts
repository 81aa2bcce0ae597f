/** Shadow runs: at most one of each function; the last one stays to be read. */
import type { Clock } from '../core/clock.js';
import type { ShadowRun, ShadowView } from '../core/shadow-views.js';
import type { PointAccess } from './capabilities.js';
import { functionError } from './errors.js';
import type { Kv } from './kv.js';
import { Rehearsed } from './rehearsed.js';
import { Shadow } from './shadow.js';
import type { Slot } from './slot.js';

export interface ShadowSubject {
  readonly slot: Slot;
  readonly kv: Kv | undefined;
  /** @throws GatewayError */
  deploy(bytes: Buffer, source: string): Promise<unknown>;
}

export class Shadows {
  readonly #clock: Clock;
  readonly #points: PointAccess | undefined;
  readonly #runs = new Map<string, Shadow>();

  constructor(clock: Clock, points: PointAccess | undefined) {
    this.#clock = clock;
    this.#points = points;
  }

  /** @throws GatewayError when one runs already, nothing runs that it could be compared with, or the candidate is not fit */
  async start({ slot, kv, deploy }: ShadowSubject, bytes: Buffer, source: string, run: ShadowRun): Promise<ShadowView> {
    const { name } = slot;
    const candidate = await slot.load(bytes, source);
    const { current } = slot;
    if (current === undefined) throw functionError('FUNCTION_NOT_LOADED', `${name} has no version to compare with`);
    if (slot.witness !== undefined) throw functionError('FUNCTION_SHADOW_RUNS', `${name} has a shadow run already`);
    const { config } = slot;
    const own = { module: candidate.module!, config, clock: this.#clock, kv: kv?.copy(), points: this.#points };
    const shadow = new Shadow({
      ...run,
      name,
      current,
      candidate,
      rehearsed: new Rehearsed(own),
      clock: this.#clock,
      onOver: () => {
        slot.witness = undefined;
      },
      promote: run.promote ? () => deploy(bytes, source) : undefined,
    });
    slot.witness = shadow;
    slot.lines.add(1, `a shadow run began: ${candidate.digest.slice(0, 19)}, from ${source}`);
    this.#runs.set(name, shadow);
    return shadow.view();
  }

  /** @throws GatewayError FUNCTION_NO_SHADOW */
  view(name: string): ShadowView {
    return this.#run(name).view();
  }

  /** Ends it, and waits for what is to be compared. @throws GatewayError FUNCTION_NO_SHADOW */
  async end(name: string): Promise<ShadowView> {
    const run = this.#run(name);
    await run.end();
    return run.view();
  }

  /** The gateway stops: nothing is promoted. */
  async close(): Promise<void> {
    for (const run of this.#runs.values()) run.abandon();
    await Promise.all([...this.#runs.values()].map((run) => run.end()));
  }

  #run(name: string): Shadow {
    const run = this.#runs.get(name);
    if (run === undefined) throw functionError('FUNCTION_NO_SHADOW', `${name} has had no shadow run`);
    return run;
  }
}
