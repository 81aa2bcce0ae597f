/**
 * What a link is subscribed to at its far side: the filters of its routes in, each once. Follows the demand for routes
 * `onDemand`, and asks again for what was refused: the permissions there may have been corrected.
 */
import { backoffDelays } from '../core/backoff.js';
import type { Clock, Timer } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import type { QoS } from '../core/message.js';
import type { Demand } from './demand.js';
import type { FarSide } from './far-side.js';
import type { LoopGuard } from './loops.js';
import type { InRoute } from './route-types.js';
import type { Rule } from './rules.js';

const AGAIN = { first: 5_000, max: 60_000 };

export interface SubscriptionsOptions {
  readonly rules: readonly Rule<InRoute>[];
  readonly demand: Pick<Demand, 'isWanted'>;
  readonly loops: Pick<LoopGuard, 'filter' | 'wishes' | 'subscribed'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** After {@link Subscriptions.open}: what is refused has changed; one of the refusals, or undefined when there is none. */
  readonly onRefusals: (refusal: GatewayError | undefined) => void;
}

type Wish = Pick<Rule, 'qos' | 'minQos'>;

/** One filter that was asked for. */
interface Asked {
  isGranted: boolean;
  refusal: GatewayError | undefined;
}

export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  #far: FarSide | undefined;
  #isOpen = false;
  readonly #asked = new Map<string, Asked>();
  #timer: Timer | undefined;
  #delays: ReturnType<typeof backoffDelays> | undefined;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /**
   * Subscribes on a new connection.
   *
   * @returns one of the refusals, if any; rejects when the connection ends
   */
  async open(far: FarSide): Promise<GatewayError | undefined> {
    this.#far = far;
    // One filter per SUBSCRIBE: some brokers limit their number.
    await Promise.all([...this.#wanted()].map(([filter, wish]) => this.#ask(far, filter, wish)));
    this.#isOpen = true;
    this.#answered();
    this.#retry();
    return this.#refusal;
  }

  /** The demand has changed. */
  follow(): void {
    const far = this.#far;
    if (far === undefined) return;
    const wanted = this.#wanted();
    for (const filter of [...this.#asked.keys()]) {
      if (wanted.has(filter)) continue;
      const isRefused = this.#asked.get(filter)?.refusal !== undefined;
      this.#asked.delete(filter);
      if (isRefused) this.#tell();
      else this.#drop(far, filter);
      this.#answered();
    }
    for (const [filter, wish] of wanted) {
      // It ends with the connection, which says why by itself.
      if (!this.#asked.has(filter)) this.#ask(far, filter, wish).catch(() => {});
    }
  }

  closed(): void {
    this.#far = undefined;
    this.#isOpen = false;
    this.#asked.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#delays = undefined;
  }

  get #refusal(): GatewayError | undefined {
    for (const { refusal } of this.#asked.values()) if (refusal !== undefined) return refusal;
    return undefined;
  }

  /** Filters, each with the highest QoS, and the highest lowest one, of its routes. */
  #wanted(): ReadonlyMap<string, Wish> {
    const { rules, demand } = this.#options;
    const filters = new Map<string, Wish>();
    for (const rule of rules) {
      const { filter, qos, minQos } = rule;
      if (!demand.isWanted(rule)) continue;
      const { qos: most = 0, minQos: least = 0 } = filters.get(filter) ?? {};
      filters.set(filter, { qos: Math.max(qos, most) as QoS, minQos: Math.max(minQos, least) as QoS });
    }
    return filters;
  }

  #drop(far: FarSide, filter: string): void {
    far.unsubscribe(this.#options.loops.filter(filter)).catch(() => {});
  }

  async #ask(far: FarSide, filter: string, { qos, minQos }: Wish): Promise<void> {
    const asked: Asked = this.#asked.get(filter) ?? { isGranted: false, refusal: undefined };
    this.#asked.set(filter, asked);
    const { loops } = this.#options;
    const refusal = await far.subscribe(loops.filter(filter), qos, { ...loops.wishes, ...(minQos > 0 && { minQos }) });
    // Meanwhile nobody wants it any more, or this is the answer of an earlier connection.
    if (this.#asked.get(filter) !== asked) return;
    const isNews = (refusal === undefined) !== (asked.refusal === undefined);
    asked.refusal = refusal;
    asked.isGranted = refusal === undefined;
    this.#answered();
    if (isNews && this.#isOpen) this.#tell();
    this.#retry();
  }

  #answered(): void {
    if (!this.#isOpen) return;
    const all = [...this.#asked.values()];
    this.#options.loops.subscribed(this.#refusal === undefined && all.some(({ isGranted }) => isGranted));
  }

  #tell(): void {
    this.#options.onRefusals(this.#refusal);
  }

  #retry(): void {
    if (!this.#isOpen || this.#timer !== undefined) return;
    if (this.#refusal === undefined) {
      this.#delays = undefined;
      return;
    }
    this.#delays ??= backoffDelays(AGAIN, this.#options.random);
    this.#timer = this.#options.clock.after(this.#delays.next().value, () => {
      this.#timer = undefined;
      const far = this.#far;
      if (far === undefined) return;
      for (const [filter, wish] of this.#wanted()) {
        if (this.#asked.get(filter)?.refusal !== undefined) this.#ask(far, filter, wish).catch(() => {});
      }
    });
  }
}
