/**
 * The write-ahead log of a store cut, and changed, at every byte of its end: what is found then must be what the last whole
 * commit left, nothing more and nothing less. The store is opened as its worker does, in this process.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { createMessage } from '../../src/core/message.js';
import { decodeMessageRecord } from '../../src/core/message-record.js';
import type { Delivery, StoredDelivery } from '../../src/core/store.js';
import { open } from '../../src/store/open.js';
import { openStore } from '../../src/store/store.js';
import { seeded } from '../support/random.js';

export interface CutResult {
  readonly cuts: number;
  readonly changes: number;
  /** What was found was not what the last whole commit left, or it did not open. */
  readonly wrong: number;
  /** Of the log, and of the last commit in it. */
  readonly logBytes: number;
  readonly commits: number;
  readonly seconds: number;
  readonly examples: readonly string[];
}

/** After a commit: the length of the log, and everything that must be there. */
interface Moment {
  readonly logBytes: number;
  readonly state: string;
}

/** Thousands of small files: not on the disk where that can be helped. */
const MEMORY = '/dev/shm';
const DATABASE = 'store.sqlite';
const LOG = 'store.sqlite-wal';

/**
 * @param depth - bytes from the end of the log
 * @param step - every so many bytes of them
 */
export async function cutStore(options: { seed: number; depth: number; step: number }): Promise<CutResult> {
  const startedAt = performance.now();
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'hpmq-cut-'));
  try {
    const moments = await filled(folder, seeded(options.seed));
    const log = readFileSync(join(folder, 'killed', LOG));
    const examples: string[] = [];
    let wrong = 0;
    let cuts = 0;
    let changes = 0;
    const check = (bytes: Buffer, whole: number, what: string) => {
      const expected = moments.findLast(({ logBytes }) => logBytes <= whole)?.state;
      const found = stateAfter(folder, bytes);
      if (found === expected) return;
      wrong++;
      if (examples.length < 10) examples.push(`${what}: ${found.slice(0, 200)} instead of ${expected?.slice(0, 200)}`);
    };
    for (let back = 1; back <= Math.min(options.depth, log.length); back += options.step) {
      const end = log.length - back;
      check(log.subarray(0, end), end, `cut by ${back} bytes`);
      cuts++;
      const changed = Buffer.from(log);
      changed[end]! ^= 0x40;
      // The frame it lies in does not count, nor what is behind it.
      check(changed, end, `byte ${back} from the end changed`);
      changes++;
    }
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    return { cuts, changes, wrong, logBytes: log.length, commits: moments.length, seconds, examples };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A store that worked for a while, copied while it is open, as a power cut leaves it; below `killed`. */
async function filled(folder: string, random: () => number): Promise<Moment[]> {
  const data = join(folder, 'data');
  const tables = ['session', 'retained'];
  await using store = await openStore({
    folder: data,
    durability: 'strict',
    tables,
    log: silentLog,
    clock: systemClock,
  });
  const queues = ['a', 'b', 'c'].map((name) => store.queue(name));
  const left: StoredDelivery[][] = queues.map(() => []);
  const released = queues.map(() => new Set<number>());
  const records = new Map<string, string>();
  const table = store.table('retained');
  const moments: Moment[] = [];
  for (let commit = 0; commit < 60; commit++) {
    for (let operations = 1 + Math.floor(random() * 6); operations > 0; operations--) {
      const at = Math.floor(random() * queues.length);
      const one = left[at]![Math.floor(random() * left[at]!.length)];
      const kind = random();
      if (kind < 0.5 || one === undefined) {
        const delivery = deliveryOf(`${commit} ${'x'.repeat(Math.floor(random() * 400))}`);
        left[at]!.push(queues[at]!.append(delivery));
        if (random() < 0.5) left[(at + 1) % 3]!.push(queues[(at + 1) % 3]!.append(delivery));
      } else if (kind < 0.7) {
        queues[at]!.settle(one);
        left[at]!.splice(left[at]!.indexOf(one), 1);
      } else if (kind < 0.8) {
        queues[at]!.release(one);
        released[at]!.add(one.sequence);
      } else if (kind < 0.95) {
        const key = `k${Math.floor(random() * 5)}`;
        table.set(key, Buffer.from(`${commit}`), true);
        records.set(key, `${commit}`);
      } else {
        table.delete('k1');
        records.delete('k1');
      }
    }
    await store.commit();
    const entries = left.flatMap((all, at) =>
      all.map(({ sequence, message }) =>
        [at + 1, sequence, released[at]!.has(sequence), message.payload.toString()].join(' '),
      ),
    );
    const values = Array.from(records, ([key, value]) => `${key}=${value}`);
    moments.push({ logBytes: statSync(join(data, LOG)).size, state: sorted([...entries, ...values]) });
  }
  mkdirSync(join(folder, 'killed'));
  for (const name of [DATABASE, LOG]) copyFileSync(join(data, name), join(folder, 'killed', name));
  return moments;
}

/** The same program before and after. */
const ours = { program: '0', schema: undefined, isAfterFallback: false };

function stateAfter(folder: string, log: Buffer): string {
  const copy = join(folder, 'copy');
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy);
  copyFileSync(join(folder, 'killed', DATABASE), join(copy, DATABASE));
  writeFileSync(join(copy, LOG), log);
  try {
    const { database, found } = open({ file: join(copy, DATABASE), durability: 'strict', tables: [], ...ours });
    try {
      if (found.repair !== undefined || found.blocked !== undefined) return `repaired: ${found.repair?.reason}`;
      const rows = database
        .prepare(`
          SELECT queue, sequence, released, COALESCE(entry.record, message.record) AS record
          FROM entry LEFT JOIN message ON message.id = entry.message`)
        .all() as { queue: number; sequence: number; released: number; record: Uint8Array }[];
      const entries = rows.map(({ queue, sequence, released, record }) =>
        [queue, sequence, released > 0, payloadOf(record)].join(' '),
      );
      const records = found.tables.flatMap(({ entries }) =>
        entries.map(([key, value]) => `${key}=${Buffer.from(value).toString()}`),
      );
      return sorted([...entries, ...records]);
    } finally {
      database.close();
    }
  } catch (error) {
    return String(error);
  }
}

function deliveryOf(payload: string): Delivery {
  const message = createMessage({ topic: 't', payload, origin: 'client:p', receivedAt: 1, qos: 2 });
  return { message, qos: 2, retain: false, identifiers: [], share: undefined };
}

function payloadOf(record: Uint8Array): string {
  return decodeMessageRecord(Buffer.from(record))?.payload.toString() ?? 'not readable';
}

function sorted(lines: string[]): string {
  return lines.sort().join('\n');
}
