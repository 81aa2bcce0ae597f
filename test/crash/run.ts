/**
 * Kills a broker under load again and again, and says from the outside what it lost.
 *
 *   publishers (QoS 1, 2, retained, expiring) ─▶ broker, SIGKILL at random moments ─▶ subscribers (there, coming and going)
 *
 * Publishers send again what was not acknowledged, as MQTT demands. At the end everybody is there until nothing is missing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerView } from '../../src/core/views.js';
import { freePort } from '../support/peers.js';
import { seeded } from '../support/random.js';
import type { BrokerKind, RunningBroker } from './brokers.js';
import { SessionClient } from './client.js';
import { type Verdict, Witness } from './witness.js';

export interface CrashOptions {
  readonly broker: BrokerKind;
  readonly kills: number;
  readonly seed: number;
  /** Cuts up to so many bytes off what the broker wrote last, after each kill; 0: does not. */
  readonly cutBytes: number;
  onKill?(kill: number): void;
}

export interface CrashResult extends Verdict {
  readonly broker: string;
  readonly kills: number;
  readonly seed: number;
  readonly lostSessions: number;
  /** Retained messages at the end that are older than what was acknowledged last. */
  readonly retainedOutdated: number;
  readonly seconds: number;
  /** What its books did not explain, at the end and before one kill in ten; undefined: it keeps none. */
  readonly difference: number | undefined;
  readonly stillQueued: number | undefined;
}

/** How long it lives between two kills, ms; it works from the first moment on, which is when most can go wrong. */
const SHORTEST = 10;
const LONGEST = 400;
const BOOKS_EVERY = 10;
const PUBLISHERS = 4;
const TOPICS = 3;
/** Unacknowledged messages of one publisher. */
const WINDOW = 40;
/** Pause of a publisher between two looks, ms. */
const PACE = 4;
/** Message Expiry Interval, s; and how much later a message may come: it is checked when it is sent, in whole seconds. */
const EXPIRY = 1;
const EXPIRY_GRACE = 1_500;
/** How long the end may take, ms. */
const DRAIN = 60_000;
const DURABLE = ['there-1', 'there-2', 'visitor-1', 'visitor-2'];
const EXACTLY = ['there-2', 'visitor-2'];

export async function crash(options: CrashOptions): Promise<CrashResult> {
  const { broker: kind, seed, kills, cutBytes } = options;
  const random = seeded(seed);
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-crash-'));
  const port = await freePort();
  const witness = new Witness();
  let broker: RunningBroker | undefined = await kind.start(folder, port);
  let isOver = false;
  let isPublishing = true;
  let difference = 0;
  const startedAt = performance.now();

  const lastRetained = new Map<string, number>();
  const publishers = Array.from({ length: PUBLISHERS }, (_, i) => {
    const numbers = new Map<string, number>();
    const client = new SessionClient({
      clientId: `publisher-${i}`,
      filters: [],
      onSent: ({ topic, payload }) => witness.sent(topic, numberOf(payload)),
      onAcknowledged: ({ topic, payload, qos, expiry, retain }, reasonCode) => {
        if (reasonCode >= 0x80 || expiry > 0) return;
        if (retain) lastRetained.set(topic, numberOf(payload));
        else witness.acknowledged(topic, numberOf(payload), qos);
      },
    });
    const publish = () => {
      const qos = random() < 0.5 ? 1 : 2;
      const kindOf = random();
      const isRetained = kindOf < 0.1;
      const isExpiring = !isRetained && kindOf < 0.2;
      const name = isRetained ? 'retained' : isExpiring ? 'expiring' : `kept${qos}`;
      const topic = `${name}/${i}/${Math.floor(random() * TOPICS)}`;
      const number = (numbers.get(topic) ?? 0) + 1;
      numbers.set(topic, number);
      const payload = `${number} ${'x'.repeat(Math.floor(random() * 200))}`;
      client.publish({ topic, payload, qos, retain: isRetained, expiry: isExpiring ? EXPIRY : 0 });
    };
    return { client, publish };
  });

  const subscribers = DURABLE.map((clientId) => {
    const qos = EXACTLY.includes(clientId) ? 2 : 1;
    const client: SessionClient = new SessionClient({
      clientId,
      filters: [
        { topic: 'kept1/#', qos },
        { topic: 'kept2/#', qos },
        { topic: 'expiring/#', qos },
      ],
      onMessage: ({ topic, payload }) => {
        const lifetime = topic.startsWith('expiring/') ? EXPIRY * 1_000 + EXPIRY_GRACE : Number.POSITIVE_INFINITY;
        witness.received(clientId, topic, numberOf(String(payload)), lifetime);
      },
    });
    return { client, isVisitor: clientId.startsWith('visitor') };
  });

  const everybody = [...publishers, ...subscribers];
  for (const { client } of everybody) await client.connect(port);

  const publishing = publishers.map(async ({ client, publish }) => {
    while (!isOver) {
      if (!client.isConnected && broker !== undefined) await client.connect(port);
      const burst = isPublishing && client.isConnected ? Math.floor(random() * 8) : 0;
      for (let n = 0; n < burst && client.unacknowledged < WINDOW; n++) publish();
      await sleep(PACE);
    }
  });
  const subscribing = subscribers.map(async ({ client, isVisitor }) => {
    while (!isOver) {
      const isAway = isVisitor && isPublishing && random() < 0.5;
      if (isAway) client.drop();
      else if (!client.isConnected && broker !== undefined) await client.connect(port);
      await sleep(isVisitor ? 300 * random() : 20);
    }
  });

  try {
    for (let kill = 1; kill <= kills; kill++) {
      await sleep(SHORTEST + random() * (LONGEST - SHORTEST));
      if (kill % BOOKS_EVERY === 0) difference += differenceOf(await broker!.ledger()) ?? 0;
      const killed: RunningBroker = broker!;
      broker = undefined;
      await killed.kill();
      if (cutBytes > 0) kind.cut(folder, 1 + Math.floor(random() * cutBytes));
      broker = await kind.start(folder, port);
      options.onKill?.(kill);
    }
    await sleep(200);
    isPublishing = false;
    await drained(witness, everybody, cutBytes > 0 || kind.name !== 'hpmq' ? 5_000 : DRAIN);
    // What is acknowledged must be said to the broker, too.
    await sleep(300);
    const retained = await readRetained(port);
    let retainedOutdated = 0;
    for (const [topic, number] of lastRetained) if ((retained.get(topic) ?? 0) < number) retainedOutdated++;
    const ledger = await broker!.ledger();
    const lostSessions = everybody.reduce((sum, { client }) => sum + client.lostSessions, 0);
    return {
      broker: kind.name,
      kills,
      seed,
      lostSessions,
      retainedOutdated,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
      difference: ledger && difference + differenceOf(ledger)!,
      stillQueued: ledger && ledger.copies.queued + ledger.copies.inFlight,
      ...witness.verdict(DURABLE, EXACTLY),
    };
  } finally {
    isOver = true;
    await Promise.all([...publishing, ...subscribing]);
    for (const { client } of everybody) client.drop();
    await broker?.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

function differenceOf(ledger: LedgerView | undefined): number | undefined {
  return ledger && Math.abs(ledger.copies.difference) + Math.abs(ledger.messages.difference);
}

async function drained(
  witness: Witness,
  everybody: readonly { readonly client: SessionClient }[],
  limit: number,
): Promise<void> {
  const end = performance.now() + limit;
  while (performance.now() < end) {
    const unacknowledged = everybody.reduce((sum, { client }) => sum + client.unacknowledged, 0);
    if (unacknowledged === 0 && witness.missing(DURABLE) === 0) return;
    await sleep(100);
  }
}

/** As a client that comes new sees them. */
async function readRetained(port: number): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const client = new SessionClient({
    clientId: 'reader-of-retained',
    filters: [{ topic: 'retained/#', qos: 0 }],
    onMessage: ({ topic, payload }) => void found.set(topic, numberOf(String(payload))),
  });
  await client.connect(port);
  await sleep(500);
  client.drop();
  return found;
}

function numberOf(payload: string): number {
  return Number(payload.slice(0, payload.indexOf(' ')));
}
