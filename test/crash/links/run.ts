/**
 * A link under load, with faults at random moments, judged from the outside.
 *
 *   publishers ─▶ near broker ─ link ─▶ relay ─▶ far broker ─▶ collector        and the same back
 *
 * What a broker acknowledged to a publisher must reach the collector at the other side: QoS 2 once, topics in order.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Choice, seeded } from '../../support/random.js';
import { Relay } from '../../support/relay.js';
import type { Disorder } from '../witness.js';
import { chooseFault, type FaultName, faultNames, suffer } from './faults.js';
import { Handovers } from './handovers.js';
import { type Books, type BrokerName, farSide, nearSide } from './sides.js';
import { nameOf, Traffic, type TrafficVerdict } from './traffic.js';

export interface LinkCrashOptions {
  /** Who has the link. */
  readonly broker: BrokerName;
  readonly upstream: BrokerName;
  readonly kills: number;
  readonly seed: number;
  /** Faults last 1 to 30 s, times this. */
  readonly scale: number;
  /** Of these only; default: all. */
  readonly only?: readonly FaultName[];
  onFault?(fault: number, name: FaultName): void;
}

export interface Forgotten {
  readonly lost: number;
  readonly duplicated: number;
  readonly disordered: number;
}

export interface LinkCrashResult {
  readonly broker: BrokerName;
  readonly upstream: BrokerName;
  readonly kills: number;
  readonly seed: number;
  readonly seconds: number;
  readonly faults: Readonly<Partial<Record<FaultName, number>>>;
  readonly up: TrafficVerdict;
  readonly down: TrafficVerdict;
  /** Of what is lost, duplicated and disordered: what is the upstream's doing, by the record of the relay. */
  readonly byUpstream: {
    readonly up: Forgotten;
    readonly down: Forgotten;
    /** Lost downwards, and not its doing: some of them. */
    readonly unexplained: readonly string[];
    /** Disordered, and not proven to be its doing: some of them. */
    readonly lateUnexplained: readonly string[];
  };
  /** Sessions with subscriptions that the link itself ended, with all that waited in them. */
  readonly abandoned: number;
  /** From the end of a fault until messages came upstream again, ms; of those that were waited for. */
  readonly recoveryMs: { readonly p50: number; readonly p99: number; readonly never: number };
  /** What the books of the gateways did not explain, at the end and before one fault in ten. */
  readonly difference: number;
  /** Left in queues at the end, and dropped by the link. */
  readonly stillQueued: number;
  readonly dropped: number;
}

const SHORTEST = 1_000;
const LONGEST = 30_000;
/** Between two faults, ms. */
const CALM = 400;
const BOOKS_EVERY = 10;
/** Most faults wait until messages flow again, so many of them, at most so long (ms); the others come on top of each other. */
const PATIENT = 0.75;
const FLOWING = 20;
const PATIENCE = 10_000;
/** At the end, how long nothing new may come while something is missing, ms. */
const STALLED = 20_000;

export async function crashLinks(options: LinkCrashOptions): Promise<LinkCrashResult> {
  const { seed, kills, scale } = options;
  const choice = new Choice(seed);
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-crash-links-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const startedAt = performance.now();

  const far = await farSide(options.upstream, folder);
  stack.defer(() => far.kill());
  await far.start();
  const relay = stack.use(await Relay.open(far.port));
  const handovers = new Handovers((topic, payload) => nameOf(topic, payload.toString('latin1', 0, 20)));
  relay.onBytes = handovers.saw;
  relay.onOver = (connection) => handovers.over(connection);
  const near = await nearSide(options.broker, folder, relay.port);
  stack.defer(() => near.kill());
  await near.start();

  const random = seeded(seed + 1);
  const up = new Traffic({ name: 'up', from: near, to: far, publishers: 2, random });
  const down = new Traffic({ name: 'down', from: far, to: near, publishers: 1, random });
  stack.defer(() => up.stop());
  stack.defer(() => down.stop());
  await up.start();
  await flowing(up);
  await down.start();
  await sleep(300);

  const faults: Partial<Record<FaultName, number>> = {};
  const recoveries: number[] = [];
  let never = 0;
  let difference = 0;
  for (let fault = 1; fault <= kills; fault++) {
    if (fault % BOOKS_EVERY === 0) difference += differenceOf(await near.books()) + differenceOf(await far.books());
    const name = chooseFault(choice, options.only ?? faultNames);
    faults[name] = (faults[name] ?? 0) + 1;
    await suffer(name, (SHORTEST + choice.random() * (LONGEST - SHORTEST)) * scale, { near, far, relay });
    if (choice.chance(PATIENT)) {
      const recovery = await flowing(up);
      if (recovery === undefined) never++;
      else recoveries.push(recovery);
    }
    await sleep(choice.random() * CALM);
    options.onFault?.(fault, name);
  }

  up.pause();
  down.pause();
  await Promise.all([up.drained(STALLED), down.drained(STALLED)]);
  // Copies that come late, and acknowledgements.
  await sleep(1_000);
  const books = [await near.books(), await far.books()];
  recoveries.sort((a, b) => a - b);
  return {
    broker: options.broker,
    upstream: options.upstream,
    kills,
    seed,
    seconds: Math.round((performance.now() - startedAt) / 1_000),
    faults,
    up: up.verdict(),
    down: down.verdict(),
    byUpstream: forgottenByUpstream(handovers, up, down),
    abandoned: handovers.abandoned,
    recoveryMs: { p50: percentile(recoveries, 0.5), p99: percentile(recoveries, 0.99), never },
    difference: books.reduce((sum, one) => sum + differenceOf(one), difference),
    stillQueued: books.reduce((sum, one) => sum + queuedOf(one), 0),
    dropped: books.reduce((sum, one) => sum + droppedOf(one), 0),
  };
}

/**
 * How many promises were broken. What a mosquitto forgot when it was restarted, or sent again, or late, is its own where the
 * record of the relay proves it; crashed, it has forgotten sessions of its clients, too, and sends from a store that is older
 * than what it had sent: the order is not judged then, only said.
 */
export function brokenPromises(result: LinkCrashResult): number {
  const { up, down, upstream, faults, difference, stillQueued, dropped, abandoned, byUpstream } = result;
  const isForeign = upstream === 'mosquitto';
  const hasCrashed = isForeign && (faults['far crashed'] ?? 0) > 0;
  const wasRestarted = hasCrashed || (isForeign && (faults['far killed'] ?? 0) > 0);
  const broken = (verdict: TrafficVerdict, theirs: Forgotten, lateByUpstream: boolean) => {
    const excused = wasRestarted ? theirs.lost + theirs.duplicated : 0;
    const late = hasCrashed ? 0 : verdict.disordered - (lateByUpstream ? theirs.disordered : 0);
    return verdict.lost + verdict.duplicated - excused + late + verdict.foreign;
  };
  const lostSessions = hasCrashed
    ? up.lostSessionsOfPublishers + down.lostSessionsOfCollector
    : up.lostSessions + down.lostSessions;
  return (
    broken(up, byUpstream.up, false) +
    broken(down, byUpstream.down, isForeign) +
    lostSessions +
    difference +
    stillQueued +
    dropped +
    abandoned
  );
}

/**
 * Lost upwards: the upstream said that it had the message for good. Lost downwards: the link never took it, and does not owe
 * its acknowledgement either, or it came under an identifier that was in use. Twice upwards: the link sent it by the rules, so
 * the upstream did not. Twice downwards: the upstream sent it again against the rules, or because it had forgotten the session.
 * Late upwards: the link sent nothing later before it. Late downwards: over no connection did it come before the later one.
 * Whatever is not proven so is ours.
 */
function forgottenByUpstream(handovers: Handovers, up: Traffic, down: Traffic): LinkCrashResult['byUpstream'] {
  const isSure = handovers.unreadable === 0;
  const count = (names: readonly string[], is: (name: string) => boolean) => (isSure ? names.filter(is).length : 0);
  const isForgotten = (name: string) =>
    handovers.wasMasked('down', name) || !(handovers.wasTaken('down', name) || handovers.isOwed('down', name));
  const { sendings } = handovers;
  const isLate = ({ name, later }: Disorder) => !sendings.up.wasOvertaken(name, later);
  const cameLate = ({ name, later }: Disorder) => sendings.down.cameBehind(name, later);
  const ours = down.lost().filter((name) => !isForgotten(name));
  const late = [
    ...up.disorders().filter((one) => !isLate(one)),
    ...down.disorders().filter((one) => !cameLate(one)),
  ].map(({ name, later }) => `${name} after ${later}`);
  return {
    unexplained: isSure ? ours.slice(0, 20) : [],
    lateUnexplained: isSure ? late.slice(0, 20) : [],
    up: {
      lost: count(up.lost(), (name) => handovers.wasCompleted('up', name)),
      duplicated: count(up.duplicated(), (name) => !handovers.wasWronglyRepeated('up', name)),
      disordered: isSure ? up.disorders().filter(isLate).length : 0,
    },
    down: {
      lost: count(down.lost(), isForgotten),
      duplicated: count(
        down.duplicated(),
        (name) => handovers.wasWronglyRepeated('down', name) || handovers.wasSentAnew('down', name),
      ),
      disordered: isSure ? down.disorders().filter(cameLate).length : 0,
    },
  };
}

/** @returns how long that took, ms; undefined: they do not flow */
async function flowing(traffic: Traffic): Promise<number | undefined> {
  const startedAt = performance.now();
  const before = traffic.received;
  while (performance.now() - startedAt < PATIENCE) {
    if (traffic.received >= before + FLOWING) return Math.round(performance.now() - startedAt);
    await sleep(10);
  }
  return undefined;
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function differenceOf(books: Books | undefined): number {
  if (books === undefined) return 0;
  const { copies, messages } = books.ledger;
  return Math.abs(copies.difference) + Math.abs(messages.difference);
}

function queuedOf(books: Books | undefined): number {
  if (books === undefined) return 0;
  const { queued, inFlight } = books.ledger.copies;
  return queued + inFlight + books.links.reduce((sum, link) => sum + link.queued, 0);
}

function droppedOf(books: Books | undefined): number {
  return books?.links.reduce((sum, { dropped }) => sum + dropped, 0) ?? 0;
}
