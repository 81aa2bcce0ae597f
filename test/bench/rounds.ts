/**
 * The rounds of one scenario: every broker once in each. What a virtual machine measures while its host takes the cores away is the
 * host's, in CPU time, too (caches are cold, the stolen time is counted): such a round is made again.
 */
import type { Broker } from './brokers.js';
import type { Measurement } from './measure.js';

/** Of the time of all cores, what may be stolen in a round that counts. */
const CALM = 0.01;
/** So many times the rounds that are asked for are made at most; then the calmest count. */
const TRIES = 4;

export type Round = ReadonlyMap<string, Measurement>;

export interface Played {
  /** The calmest, as many as were asked for; fewer only when a broker has a problem. */
  readonly rounds: readonly Round[];
  readonly made: number;
  /** By the name of the broker: why it has no figures. */
  readonly problems: ReadonlyMap<string, string>;
}

/** The largest share of the machine that was stolen in it. */
export function stolen(round: Round): number {
  return Math.max(0, ...[...round.values()].map((one) => one.stolen));
}

/** @param measureOne - fails with what is told instead of figures; such a broker is left out from then on */
export async function playRounds(
  brokers: readonly Broker[],
  count: number,
  measureOne: (broker: Broker, round: number) => Promise<Measurement>,
): Promise<Played> {
  const problems = new Map<string, string>();
  for (const broker of brokers) {
    const absent = broker.absent();
    if (absent !== undefined) problems.set(broker.name, absent);
  }
  const all: Round[] = [];
  const calm = () => all.filter((round) => stolen(round) <= CALM).length;
  while (calm() < count && all.length < count * TRIES && problems.size < brokers.length) {
    const round = new Map<string, Measurement>();
    for (const broker of brokers) {
      if (problems.has(broker.name)) continue;
      try {
        round.set(broker.name, await measureOne(broker, all.length));
      } catch (error) {
        problems.set(broker.name, error instanceof Error ? error.message : String(error));
      }
    }
    all.push(round);
  }
  const rounds = all.toSorted((a, b) => stolen(a) - stolen(b)).slice(0, count);
  return { rounds, made: all.length, problems };
}
