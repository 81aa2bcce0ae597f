/**
 * Brokers that take turns: all run, each with its load, and second by second one of them has something to do. So each
 * is measured in the same minute of this machine, and a second that its host took is left out for all of them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Broker, type RunningBroker, startBroker } from './brokers.js';
import type { Version } from './client.js';
import { FIRST_SECONDS, type PausableLoad, type TurnsScenario } from './load.js';
import { figures, type Measurement } from './measure.js';
import { residentBytes } from './process.js';
import { calmest } from './rounds.js';
import { perMillion, type Span, sum, watchSpan } from './span.js';

const TURN_MS = 1_000;
/** What is out when a turn ends has arrived by then. */
const REST_MS = 20;

interface Player {
  readonly broker: Broker;
  readonly running: RunningBroker;
  readonly load: PausableLoad;
}

interface Turn extends Span {
  readonly latenciesMs: Float64Array;
}

/**
 * @param seconds - of each broker that count
 * @param settleSeconds - of each broker before
 * @returns for each broker its figures, or what happened instead
 */
export async function measureInTurns(
  brokers: readonly Broker[],
  scenario: TurnsScenario,
  seconds: number,
  version: Version,
  settleSeconds: number,
): Promise<Map<string, Measurement | Error>> {
  await using started = new AsyncDisposableStack();
  const results = new Map<string, Measurement | Error>();
  const players: Player[] = [];
  for (const broker of brokers) {
    try {
      const running = started.use(await startBroker(broker));
      const load = await scenario.start({ port: running.port, version }, running.pid);
      started.defer(() => load.stop());
      load.pause();
      players.push({ broker, running, load });
    } catch (error) {
      results.set(broker.name, error as Error);
    }
  }
  const settling: Turn[][] = [];
  for (let i = 0; i < settleSeconds; i++) settling.push(await takeTurns(players));
  const counted = await calmest(Math.ceil(seconds), mostStolen, () => takeTurns(players));
  for (const [i, { broker, running, load }] of players.entries()) {
    const own = counted.map((turns) => turns[i]!);
    try {
      const latenciesMs = Float64Array.from(own.flatMap((turn) => [...turn.latenciesMs]));
      const result = figures(broker, load, sum(own), latenciesMs, residentBytes(running.pid));
      const first = settling.slice(0, FIRST_SECONDS).map((turns) => turns[i]!);
      const knowsFirst = first.length === FIRST_SECONDS;
      results.set(broker.name, {
        ...result,
        ...(knowsFirst && { firstCpuSecondsPerMillion: perMillion(sum(first)) }),
      });
    } catch (error) {
      results.set(broker.name, error as Error);
    }
  }
  return results;
}

/** One turn of each. */
async function takeTurns(players: readonly Player[]): Promise<Turn[]> {
  const turns: Turn[] = [];
  for (const { load, running } of players) {
    load.latencies.clear();
    const spanned = watchSpan(load, running.pid);
    load.resume();
    await sleep(TURN_MS);
    load.pause();
    await sleep(REST_MS);
    turns.push({ ...spanned(), latenciesMs: load.latencies.take() });
  }
  return turns;
}

function mostStolen(turns: readonly Turn[]): number {
  return Math.max(0, ...turns.map(({ stolen }) => stolen));
}
