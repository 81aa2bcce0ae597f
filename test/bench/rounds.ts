/**
 * The rounds of one scenario: every broker once in each. What a virtual machine measures while its host takes the cores away is the
 * host's, in CPU time, too (caches are cold, the stolen time is counted): such a round is made again.
 */
import type { Broker } from './brokers.js';
import { type Measurement, middle } from './measure.js';

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

/**
 * @returns of a figure, a broker's ÷ that of the reference in each round, and of these the middle: from round to round the machine changes,
 * for all brokers; NaN where one of them has it in no round
 */
export function ratio(
  rounds: readonly Round[],
  figure: 'cpuSecondsPerMillion' | 'firstCpuSecondsPerMillion',
  broker: string,
  reference: string,
): number {
  const each = rounds.map((round) => {
    const own = round.get(broker)?.[figure] ?? Number.NaN;
    return own / (round.get(reference)?.[figure] ?? Number.NaN);
  });
  return middle(each.filter((one) => !Number.isNaN(one)));
}

/**
 * @param stolenOf - share of the machine that was stolen in one of them
 * @returns the first `count` calm ones; where there are too few of those after {@link TRIES} times as many, the calmest
 */
export async function calmest<T>(count: number, stolenOf: (one: T) => number, make: () => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  const calm = () => all.filter((one) => stolenOf(one) <= CALM).length;
  while (calm() < count && all.length < count * TRIES) all.push(await make());
  return all.toSorted((a, b) => stolenOf(a) - stolenOf(b)).slice(0, count);
}

/** @param measureAll - of each broker its figures, or what happened instead; such a broker is left out from then on */
export async function playRounds(
  brokers: readonly Broker[],
  count: number,
  measureAll: (brokers: readonly Broker[], round: number) => Promise<ReadonlyMap<string, Measurement | Error>>,
): Promise<Played> {
  const problems = new Map<string, string>();
  for (const broker of brokers) {
    const absent = broker.absent();
    if (absent !== undefined) problems.set(broker.name, absent);
  }
  let made = 0;
  const rounds = await calmest<Round>(count, stolen, async () => {
    const round = new Map<string, Measurement>();
    const able = brokers.filter(({ name }) => !problems.has(name));
    if (able.length === 0) return round;
    for (const [name, result] of await measureAll(able, made++)) {
      if (result instanceof Error) problems.set(name, result.message);
      else round.set(name, result);
    }
    return round;
  });
  return { rounds, made, problems };
}

/** One after the other. */
export async function inSequence(
  brokers: readonly Broker[],
  measureOne: (broker: Broker) => Promise<Measurement>,
): Promise<Map<string, Measurement | Error>> {
  const results = new Map<string, Measurement | Error>();
  for (const broker of brokers) {
    try {
      results.set(broker.name, await measureOne(broker));
    } catch (error) {
      results.set(broker.name, error instanceof Error ? error : new Error(String(error)));
    }
  }
  return results;
}
