/** The history as the gateway has it, with its worker and a real file. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/core/clock.js';
import type { HistoryConfig } from '../../../src/core/history.js';
import { silentLog } from '../../../src/core/log.js';
import { createHistory, type History } from '../../../src/history/history.js';
import { tempFolder } from '../../support/gateway.js';
import { eventually } from '../../support/peers.js';

const CONFIG: HistoryConfig = { points: ['*'], keep: 86_400_000, keepHours: 86_400_000, maxBytes: 1e8 };
const ALL = { device: 'boiler', point: 'temperature', from: 0, to: 8e15, every: undefined, limit: 100 };

async function start(t: Test, folder: string): Promise<History> {
  const history = createHistory({
    config: CONFIG,
    file: join(folder, 'history.sqlite'),
    minFree: { bytes: 0, share: 0 },
    log: silentLog,
    clock: systemClock,
  });
  await history.start(new AbortController().signal);
  t.teardown(() => history[Symbol.asyncDispose]());
  return history;
}

let time = Date.now() - 60_000;
function record(history: History, value: number): void {
  history.record({ device: 'boiler', point: 'temperature', unit: undefined, value, quality: 'good', at: ++time });
}

const codes = (history: History) => history.alarms().map(({ error }) => error.code);

t.test('what waits at the end is written, and found by the next', async (t) => {
  const folder = tempFolder(t);
  const first = await start(t, folder);
  t.equal(first.status().state, 'up');
  record(first, 1);
  record(first, 2);
  await first[Symbol.asyncDispose]();
  const second = await start(t, folder);
  const { samples } = await second.query(ALL);
  t.strictSame(
    samples!.map(({ value }) => value),
    [1, 2],
  );
  await t.rejects(second.query({ ...ALL, point: 'none' }), { code: 'HISTORY_UNKNOWN' });
  await t.rejects(second.query({ ...ALL, to: 0 }), { code: 'HISTORY_QUERY' });
  await t.rejects(second.query({ ...ALL, every: 3_600_001 }), { code: 'HISTORY_QUERY' });
});

t.test('questions while it ends are answered or refused, and none afterwards starts it again', async (t) => {
  const history = await start(t, tempFolder(t));
  record(history, 1);
  const asked = Array.from({ length: 5 }, () =>
    history.list().then(
      () => 'answered',
      (error) => error.code,
    ),
  );
  const ended = history[Symbol.asyncDispose]();
  for (const one of await Promise.all(asked)) t.ok(one === 'answered' || one === 'HISTORY_STOPPED', one);
  await ended;
  await t.rejects(history.query(ALL), { code: 'HISTORY_STOPPED' });
  await t.rejects(history.list(), { code: 'HISTORY_STOPPED' });
});

t.test('too many questions at a time are refused', async (t) => {
  const history = await start(t, tempFolder(t));
  const asked = Array.from({ length: 60 }, () =>
    history.list().then(
      () => 'answered',
      (error) => error.code,
    ),
  );
  const told = await Promise.all(asked);
  t.ok(told.filter((one) => one === 'answered').length >= 30);
  t.ok(told.includes('HISTORY_BUSY'));
  t.strictSame(await history.list(), [], 'and those after them are answered');
});

t.test('a file that is damaged while it is written makes way for a new one, and only one is kept', async (t) => {
  const folder = tempFolder(t);
  for (let round = 0; round < 3; round++) {
    rmSync(join(folder, 'history.sqlite-wal'), { force: true });
    writeFileSync(join(folder, 'history.sqlite'), Buffer.alloc(64 * 1024, 0x55));
    const history = await start(t, folder);
    t.match(history.alarms(), [
      { severity: 'error', error: { code: 'HISTORY_DAMAGED', message: /history\.sqlite\.dam/ } },
    ]);
    record(history, round);
    await history[Symbol.asyncDispose]();
  }
  t.equal(readdirSync(folder).filter((name) => /damaged-[^.]*$/.test(name)).length, 1);
  const last = await start(t, folder);
  t.equal((await last.query(ALL)).samples!.at(-1)!.value, 2);
});

t.test('a folder that cannot be used is an alarm, and no reason not to start; mended, it goes on', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'history.sqlite');
  mkdirSync(file);
  const history = await start(t, folder);
  t.equal(history.status().state, 'degraded');
  t.strictSame(codes(history), ['HISTORY_FAILED']);
  await t.rejects(history.query(ALL), { code: 'HISTORY_FAILED' });
  record(history, 5);
  rmSync(file, { recursive: true });
  await eventually(async () => history.summary().recorded === 1, 20_000);
  t.strictSame(codes(history), []);
  t.equal(history.status().state, 'up');
  t.ok(existsSync(file));
});
