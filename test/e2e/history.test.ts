/** The history of a running gateway, against what a foreign client saw, and read by another SQLite. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { HistoryListView, PeriodView, SampleView } from '../../src/api/contract.js';
import { type RunningGateway, startTestGateway, tempFolder } from '../support/gateway.js';
import { eventually, needs, startPeer } from '../support/peers.js';
import { mounting, SmallDisk } from '../support/small-disk.js';

const LISTENER = 'broker: { auth: { anonymous: true }, listeners: [{ type: tcp, host: 127.0.0.1, port: 0 }] }';
const DEVICES = `
devices:
  plant:
    adapter: simulator
    points:
      pieces: { wave: counter, period: 50ms, min: 0, max: 1000000, every: 50ms }
      level: { wave: sine, period: 3s, every: 100ms, unit: "%" }
      secret: { wave: counter, period: 1s, every: 200ms }`;
const HISTORY = 'history: { points: ["plant/pieces", "plant/le*"] }';

const yaml = (folder: string, more = HISTORY) =>
  [`gateway: { id: edge, data: ${folder}/data }`, LISTENER, more, DEVICES.trim()].join('\n');

/** What the command says of a point; each line is a row. */
async function show<T>(gateway: RunningGateway, ...args: readonly string[]): Promise<readonly T[]> {
  const { code, stdout, stderr } = await gateway.hpmq('history', 'show', ...args, '--json');
  if (code !== 0) throw new Error(`${stdout}${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

async function list(gateway: RunningGateway): Promise<HistoryListView> {
  const { stdout } = await gateway.hpmq('history', 'list', '--json');
  return JSON.parse(stdout) as HistoryListView;
}

/** What Python's sqlite3 says to each of the queries. */
function sqlite(file: string, queries: readonly string[]): readonly string[] {
  const script =
    'import sqlite3,sys\nd=sqlite3.connect(sys.argv[1])\nfor q in sys.argv[2:]: print(d.execute(q).fetchone()[0])';
  return execFileSync('python3', ['-c', script, file, ...queries], { encoding: 'utf8' })
    .trim()
    .split('\n');
}

/** What mosquitto_sub gets of a point, as `{ v, t }`. */
async function watch(t: Test, gateway: RunningGateway, topic: string) {
  const peer = startPeer(t, 'stdbuf', [
    '-oL',
    'mosquitto_sub',
    '-h',
    '127.0.0.1',
    '-p',
    String(gateway.mqttPort),
    '-t',
    topic,
  ]);
  await peer.sees(/"v":/);
  return () =>
    peer
      .stdout()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { v: number; t: number });
}

t.test(
  'what a foreign client saw is in the history, also after a kill',
  needs('mosquitto_sub', 'python3'),
  async (t) => {
    const folder = tempFolder(t);
    const gateway = await startTestGateway(t, yaml(folder), folder);
    const seen = await watch(t, gateway, 'hpmq/edge/plant/pieces');
    await eventually(() => seen().length >= 60, 30_000);
    const before = seen();
    // A batch a second, and a moment for it to be written.
    const last = before.at(-1)!;
    await eventually(
      async () => (await show<SampleView>(gateway, 'plant.pieces')).some(({ at }) => at >= last.t),
      10_000,
    );
    await gateway.process.kill('SIGKILL');

    const again = await startTestGateway(t, yaml(folder), folder);
    const kept = await show<SampleView>(again, 'plant.pieces');
    const byTime = new Map(kept.map(({ at, value }) => [at, value]));
    // The first may be the retained one.
    for (const { v, t: at } of before) t.equal(byTime.get(at), v, `the value of ${at}`);
    const times = kept.map(({ at }) => at);
    t.strictSame(
      times,
      [...times].sort((a, b) => a - b),
    );

    const { summary, items } = await list(again);
    t.strictSame(
      items.map(({ device, point }) => `${device}.${point}`),
      ['plant.level', 'plant.pieces'],
      'and nothing that no pattern names',
    );
    t.match(summary, { series: 2, dropped: 0 });

    const [from, to] = [kept[0]!.at, kept.at(-1)!.at + 1];
    const span = ['--from', new Date(from).toISOString(), '--to', new Date(to).toISOString()];
    const periods = await show<PeriodView>(again, 'plant', 'pieces', ...span, '--every', '1s');
    t.equal(
      periods.reduce((sum, { count }) => sum + count, 0),
      kept.filter(({ at, quality }) => at >= Math.floor(from / 1_000) * 1_000 && quality === 'good').length,
    );
    const csv = await again.hpmq('history', 'show', 'plant.pieces', ...span, '--csv', '--limit', '10000');
    const lines = csv.stdout.trim().split('\n');
    t.equal(lines[0], 'time,value,quality');
    t.equal(lines.length - 1, kept.filter(({ at }) => at < to).length);
    t.equal(lines[1], `${new Date(from).toISOString()},${kept[0]!.value},good`);

    t.equal(await again.process.kill('SIGTERM'), 0);
    const file = join(folder, 'data', 'history.sqlite');
    const of = (what: string) => `SELECT ${what} JOIN series ON id = series WHERE point = 'pieces'`;
    const [integrity, tail, settled, summed] = sqlite(file, [
      'PRAGMA integrity_check',
      of('COUNT(*) FROM tail'),
      of('COUNT(*) FROM sample'),
      of('SUM(count + others) FROM hour'),
    ]);
    t.equal(integrity, 'ok');
    t.ok(Number(tail) + Number(settled) >= kept.length);
    t.ok(Number(settled) >= before.length - 1, 'what the killed one left has settled');
    t.equal(summed, settled, 'the sums are of the samples');
  },
);

t.test('a damaged file is set aside, and recording goes on', async (t) => {
  const folder = tempFolder(t);
  const gateway = await startTestGateway(t, yaml(folder), folder);
  await eventually(async () => (await list(gateway)).items.length === 2, 15_000);
  await gateway.process.kill('SIGTERM');
  const file = join(folder, 'data', 'history.sqlite');
  writeFileSync(file, Buffer.alloc(64 * 1024, 0x55));

  const again = await startTestGateway(t, yaml(folder), folder);
  await eventually(async () => (await list(again)).items.length === 2, 15_000);
  const status = JSON.parse((await again.hpmq('status', '--json')).stdout);
  t.match(status.alarms, [{ subject: 'history', error: { code: 'HISTORY_DAMAGED' } }]);
  t.ok(readdirSync(join(folder, 'data')).some((name) => name.startsWith('history.sqlite.damaged-')));
});

t.test('a full disk: what waits is written when there is room again', mounting(), async (t) => {
  const disk = await SmallDisk.create(t, 'mount -t tmpfs -o size=24m tmpfs "$1"');
  const gateway = await disk.startGateway([
    LISTENER,
    "store: { minFree: '2MB' }",
    HISTORY,
    ...DEVICES.trim().split('\n'),
  ]);
  await eventually(async () => (await list(gateway)).items.length === 2, 15_000);
  disk.run('dd if=/dev/zero of="$1/filler" bs=1M count=64 2>/dev/null || true');
  const alarmed = async () =>
    JSON.parse((await gateway.hpmq('status', '--json')).stdout).alarms as {
      subject: string;
      error: { code: string };
    }[];
  await eventually(async () => (await alarmed()).some(({ error }) => error.code === 'HISTORY_FULL'), 15_000);
  const full = Date.now();
  await eventually(async () => ((await list(gateway)).summary?.waiting ?? 0) > 40, 15_000);
  disk.run('rm "$1/filler"');
  await eventually(async () => !(await alarmed()).some(({ subject }) => subject === 'history'), 15_000);
  const { summary } = await list(gateway);
  t.equal(summary?.dropped, 0);
  const rows = await show<SampleView>(gateway, 'plant.pieces', '--last', '5m', '--limit', '10000');
  t.ok(
    rows.some(({ at }) => at > full && at < full + 1_000),
    'what was read meanwhile is there',
  );
});

t.test('off unless it is asked for, and wrong questions are answered', async (t) => {
  const folder = tempFolder(t);
  const off = await startTestGateway(t, yaml(folder, ''), folder);
  t.match(await off.hpmq('history', 'list'), { code: 0, stdout: '', stderr: /nothing is recorded/ });
  t.match(await off.hpmq('history', 'show', 'plant.pieces'), { code: 64, stderr: /nothing is recorded/ });
  t.notOk(existsSync(join(folder, 'data', 'history.sqlite')));
  await off.process.kill('SIGTERM');

  const on = await startTestGateway(t, yaml(folder), folder);
  await eventually(async () => (await list(on)).items.length === 2, 15_000);
  t.match(await on.hpmq('history', 'show', 'plant.piece'), { code: 64, stderr: /did you mean plant\.pieces/ });
  t.match(await on.hpmq('history', 'show', 'plant.secret'), {
    code: 64,
    stderr: /nothing is recorded of "plant\.secret"/,
  });
  t.match(await on.hpmq('history', 'show', 'plant.pieces', '--last', 'soon'), { code: 64, stderr: /no duration/ });
  t.match(await on.hpmq('history', 'show', 'plant.pieces', '--from', 'yesterday'), { code: 64, stderr: /no time/ });
  const wrong = ['--from', '2026-03-02', '--to', '2026-03-01'];
  t.match(await on.hpmq('history', 'show', 'plant.pieces', ...wrong), { code: 64, stderr: /after the begin/ });
  t.match(await on.hpmq('history', 'show', 'plant.pieces', '--from', '2020-01-01', '--to', '2020-01-02'), {
    code: 0,
    stderr: /nothing was recorded in this time/,
  });
});
