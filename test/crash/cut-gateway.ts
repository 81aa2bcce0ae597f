/** The log of a killed gateway cut at some bytes of its end: each time the whole gateway is started on what is left. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/peers.js';
import { hpmqBroker } from './brokers.js';
import { SessionClient } from './client.js';

export interface CutGatewayResult {
  readonly starts: number;
  readonly acknowledged: number;
  /** Starts after which more was missing than what was acknowledged last, or something came twice or out of order. */
  readonly wrong: number;
  /** What the books did not explain, in all. */
  readonly difference: number;
  readonly examples: readonly string[];
}

const TOPIC = 'cut/topic';
/** How long what was found may take to come, ms. */
const ARRIVAL = 10_000;

/** @param cuts - how many bytes of the log are cut off, one start for each */
export async function cutGateway(cuts: readonly number[], messages: number): Promise<CutGatewayResult> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-cut-gateway-'));
  try {
    const killed = join(folder, 'killed');
    const acknowledged = await killedGateway(killed, messages);
    const examples: string[] = [];
    let wrong = 0;
    let difference = 0;
    for (const [index, bytes] of cuts.entries()) {
      const copy = join(folder, `cut-${index}`);
      cpSync(killed, copy, { recursive: true });
      hpmqBroker.cut(copy, bytes);
      const { received, ledgerDifference } = await started(copy);
      difference += ledgerDifference;
      // One message at a time: each was acknowledged in a commit of its own, and a cut takes the last only.
      const isRight = received.length >= acknowledged - 1 && received.every((number, at) => number === at + 1);
      if (!isRight) {
        wrong++;
        examples.push(`cut by ${bytes}: ${received.length} of ${acknowledged} came: … ${received.slice(-5).join(' ')}`);
      }
      rmSync(copy, { recursive: true });
    }
    return { starts: cuts.length, acknowledged, wrong, difference, examples: examples.slice(0, 10) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns how many messages were acknowledged */
async function killedGateway(folder: string, messages: number): Promise<number> {
  mkdirSync(folder);
  const port = await freePort();
  const broker = await hpmqBroker.start(folder, port);
  const reader = readerOf(() => {});
  await reader.connect(port);
  reader.drop();
  let acknowledged = 0;
  const all = Promise.withResolvers<void>();
  const publishNext = () => {
    const number = acknowledged + 1;
    publisher.publish({ topic: TOPIC, payload: `${number}`, qos: number % 2 === 0 ? 1 : 2, retain: false, expiry: 0 });
  };
  const publisher: SessionClient = new SessionClient({
    clientId: 'publisher',
    filters: [],
    onAcknowledged: () => {
      acknowledged++;
      if (acknowledged === messages) all.resolve();
      else publishNext();
    },
  });
  await publisher.connect(port);
  publishNext();
  await all.promise;
  await broker.kill();
  publisher.drop();
  return acknowledged;
}

async function started(folder: string): Promise<{ received: number[]; ledgerDifference: number }> {
  const port = await freePort();
  const broker = await hpmqBroker.start(folder, port);
  const received: number[] = [];
  const reader = readerOf((number) => received.push(number));
  try {
    const restored = (await broker.ledger())!.copies.restored;
    await reader.connect(port);
    const end = performance.now() + ARRIVAL;
    while (received.length < restored && performance.now() < end) await sleep(5);
    const { copies, messages } = (await broker.ledger())!;
    return { received, ledgerDifference: Math.abs(copies.difference) + Math.abs(messages.difference) };
  } finally {
    reader.drop();
    await broker.kill();
  }
}

function readerOf(onNumber: (number: number) => void): SessionClient {
  return new SessionClient({
    clientId: 'reader',
    filters: [{ topic: TOPIC, qos: 2 }],
    onMessage: ({ payload }) => onNumber(Number(payload)),
  });
}
