/** The whole run: scenarios to mosquitto and to ours, every difference looked up in the list. */
import { type RunningBroker, startMosquitto, startOurs } from './brokers.js';
import { type Difference, differences } from './compare.js';
import { type Entry, entryOf } from './differences.js';
import { generate } from './generate.js';
import { Player } from './player.js';
import type { Scenario } from './scenario.js';
import { shrink, tell } from './shrink.js';

/** Both brokers start anew after so many: what sequences leave behind need not be tidied up. */
const BLOCK = 5_000;
const SIDE_BY_SIDE = 100;
/** For each step of a sequence that is played again, ms: what is told must not depend on how busy the machine is. */
const PATIENCE = 20;
const MOST_TOLD = 20;

export interface DifferentialSummary {
  readonly sequences: number;
  readonly packets: number;
  /** Differences by entry of the list. */
  readonly listed: ReadonlyMap<Entry, number>;
  /** Differences that are not in the list, shrunk, in words. */
  readonly unlisted: readonly string[];
  readonly unlistedSequences: number;
  /** Their signatures and how often. */
  readonly signatures: ReadonlyMap<string, number>;
  /** Sequences that differed beside others but not alone and with more time. */
  readonly unsteady: number;
}

export interface DifferentialOptions {
  readonly sequences: number;
  readonly seed: number;
  /** Index of the first sequence. */
  readonly from?: number;
  /** Unlisted signatures that are shrunk and told; more are counted. */
  readonly mostTold?: number;
  /** Tells only of unlisted signatures that match. */
  readonly only?: RegExp | undefined;
  /** Where differences are looked up; the list when absent. */
  readonly lookUp?: LookUp;
  readonly onProgress?: (done: number, differing: number) => void;
}

export type LookUp = (difference: Difference) => Entry | undefined;

export async function runDifferential(options: DifferentialOptions): Promise<DifferentialSummary> {
  const { sequences, seed, from = 0, lookUp = entryOf } = options;
  const listed = new Map<Entry, number>();
  const signatures = new Map<string, number>();
  const unlisted: string[] = [];
  let unsteady = 0;
  let unlistedSequences = 0;
  let differing = 0;
  let packets = 0;
  for (let start = 0; start < sequences; start += BLOCK) {
    await using pair = await Pair.start(lookUp);
    const end = Math.min(sequences, start + BLOCK);
    const all = Array.from({ length: end - start }, (_, at) => generate(seed, from + start + at));
    for (const scenario of all) packets += scenario.steps.length;
    const groups = [
      // First, while nothing is retained yet that they would see.
      ...all.filter((scenario) => scenario.isGlobal).map((scenario) => [scenario]),
      ...chunks(
        all.filter((scenario) => !scenario.isGlobal),
        SIDE_BY_SIDE,
      ),
    ];
    for (const group of groups) {
      for (const difference of await pair.compare(group)) {
        differing++;
        const entry = lookUp(difference);
        if (entry !== undefined) {
          listed.set(entry, (listed.get(entry) ?? 0) + 1);
          continue;
        }
        const { signature } = difference;
        const seen = signatures.get(signature) ?? 0;
        if (
          seen === 0 &&
          (options.only?.test(signature) ?? true) &&
          unlisted.length < (options.mostTold ?? MOST_TOLD)
        ) {
          const small = await shrink(difference, (scenario) => pair.alone(scenario));
          if (small === undefined) {
            unsteady++;
            continue;
          }
          unlisted.push(tell(small));
        }
        signatures.set(signature, seen + 1);
        unlistedSequences++;
      }
      options.onProgress?.(start + all.indexOf(group[0]!), differing);
    }
  }
  return { sequences, packets, listed, unlisted, unlistedSequences, signatures, unsteady };
}

class Pair implements AsyncDisposable {
  readonly #brokers: readonly [ours: RunningBroker, theirs: RunningBroker];
  readonly #players: readonly [ours: Player, theirs: Player];
  readonly #lookUp: LookUp;
  #alone = 0;

  private constructor(brokers: readonly [RunningBroker, RunningBroker], lookUp: LookUp) {
    this.#lookUp = lookUp;
    this.#brokers = brokers;
    this.#players = [new Player(brokers[0].port), new Player(brokers[1].port)];
  }

  static async start(lookUp: LookUp): Promise<Pair> {
    return new Pair(await Promise.all([startOurs(), startMosquitto()]), lookUp);
  }

  async compare(scenarios: readonly Scenario[], patience = 0): Promise<Difference[]> {
    const [ours, theirs] = await Promise.all(
      this.#players.map((player, index) =>
        player.play(scenarios, patience).catch((cause: unknown) => {
          const crash = this.#brokers[index]!.crash();
          const range = `sequences ${scenarios[0]!.index} to ${scenarios.at(-1)!.index}`;
          throw new Error(`${index === 0 ? 'our broker' : 'mosquitto'} ${crash ?? 'failed'} in ${range}`, { cause });
        }),
      ),
    );
    const found: Difference[] = [];
    for (const [index, scenario] of scenarios.entries()) {
      found.push(...differences(scenario, ours![index]!, theirs![index]!, (one) => this.#lookUp(one)?.goesOn ?? false));
    }
    return found;
  }

  /** Plays a scenario again, with names that nobody has used. */
  async alone(scenario: Scenario): Promise<Difference | undefined> {
    const found = await this.compare([renamed(scenario, ++this.#alone)], PATIENCE);
    return found.find((difference) => this.#lookUp(difference) === undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const player of this.#players) player.stop();
    await Promise.all(this.#brokers.map((broker) => broker[Symbol.asyncDispose]()));
  }
}

/** What the sequence left behind must not meet it when it is played again: its prefix is replaced, same length. */
function renamed(scenario: Scenario, serial: number): Scenario {
  const { prefix } = scenario;
  const other = Buffer.from(`~${serial.toString(36).padStart(prefix.length - 1, '0')}`);
  const from = Buffer.from(prefix);
  const steps = scenario.steps.map((step) => {
    if (!('bytes' in step)) return step;
    const bytes = Buffer.from(step.bytes);
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) other.copy(bytes, at);
    return { ...step, bytes };
  });
  return { ...scenario, prefix: other.toString(), steps };
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}
