/**
 * An outage in short: a million messages queue up for a link whose far side is away; then it comes back. What that costs in
 * memory, how fast the backlog leaves, whether it is in order, and how long new messages need meanwhile.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createClient } from '../../../src/api/client.js';
import type { LinkView } from '../../../src/api/contract.js';
import { freePort, hasProgram, listening } from '../../support/peers.js';
import { brokers } from '../brokers.js';
import { cpuSeconds } from '../process.js';
import { publishBacklog, watchArrivals, watchLive } from './feed.js';

const HELP = `Usage: npm run bench:links -- [options]

  --messages N   of the backlog (default 1000000)
  --order NAME   live-first, history-first or interleaved (default live-first)
  --window N     messages in flight that the far side allows (default 20, as Mosquitto does by default)
  --plain        nobody looks at what arrives: only the rate counts
  --cpu          a CPU profile of the gateway is left in the folder that is printed
  --json         one JSON document
`;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    order: { type: 'string', default: 'live-first' },
    window: { type: 'string', default: '20' },
    plain: { type: 'boolean', default: false },
    cpu: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

/** Resident in all, and of that what is not pages of files, bytes. */
function memoryOf(pid: number): { readonly resident: number; readonly anonymous: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1_024;
  return { resident: of('VmRSS'), anonymous: of('RssAnon') };
}

function percentile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN;
}

const mb = (bytes: number) => Math.round(bytes / 1e5) / 10;
const kilo = (value: number) => Math.round(value);

async function run(): Promise<void> {
  const messages = Number(values.messages);
  if (!hasProgram('mosquitto')) throw new Error('mosquitto is not installed: test/peers/install');
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-bench-links-'));
  const children: ChildProcess[] = [];
  try {
    const [port, farPort] = [await freePort(), await freePort()];
    const [program, ...args] = brokers[0]!.command(port, folder);
    const file = join(folder, 'hpmq.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace("'bench/#'", "['bench/#', 'bench-live/#']"));
    const lines = [
      'links:',
      '  far:',
      '    type: mqtt',
      `    url: mqtt://127.0.0.1:${farPort}`,
      `    outbox: { maxMessages: 10000000, maxBytes: 10GB, order: ${values.order} }`,
      '    routes:',
      "      - { direction: out, filter: 'bench/#' }",
      "      - { direction: out, filter: 'bench-live/#', to: 'live/{topic:1}' }",
    ];
    appendFileSync(file, `${lines.join('\n')}\n`);
    const profile = values.cpu ? ['--cpu-prof', `--cpu-prof-dir=${join(tmpdir(), 'hpmq-bench-links-cpu')}`] : [];
    const gateway = spawn(program!, [...profile, ...args], { stdio: ['ignore', 'ignore', 'inherit'], cwd: folder });
    children.push(gateway);
    await listening(port);
    const here = { port, version: 4 } as const;
    const there = { port: farPort, version: 4 } as const;
    const api = createClient({ socket: join(folder, 'c.sock') });
    const link = async (): Promise<LinkView> => (await api.request('GET /v1/links')).items[0]!;
    await publishBacklog(here, 0, 1_000);
    await sleep(3_000);
    const before = memoryOf(gateway.pid!);

    const queuing = performance.now();
    await publishBacklog(here, 1_000, messages);
    const queuingMs = performance.now() - queuing;
    await sleep(1_000);
    const queued = memoryOf(gateway.pid!);
    const { queued: waiting, books } = await link();
    console.error(`${waiting} wait, difference ${books.difference}`);

    const conf = join(folder, 'far.conf');
    writeFileSync(
      conf,
      `user root\nlistener ${farPort} 127.0.0.1\nallow_anonymous true\nlog_type error\nmax_queued_messages 0\nmax_inflight_messages ${values.window}\n`,
    );
    const far = spawn('mosquitto', ['-c', conf], { stdio: 'ignore' });
    children.push(far);
    await listening(farPort);
    const arrivals = values.plain ? undefined : await watchArrivals(there);
    while ((await link()).state !== 'up') await sleep(20);
    const live = await watchLive(here, there, 20);
    const draining = performance.now();
    const cpuBefore = cpuSeconds(gateway.pid!);
    const farBefore = cpuSeconds(far.pid!);
    let peak = queued;
    for (let view = await link(); view.queued > 50; view = await link()) {
      const now = memoryOf(gateway.pid!);
      if (now.resident > peak.resident) peak = now;
      await sleep(100);
    }
    const drainMs = performance.now() - draining;
    const cpu = cpuSeconds(gateway.pid!) - cpuBefore;
    const farCpu = cpuSeconds(far.pid!) - farBefore;
    await sleep(1_000);
    const { books: end, drain } = await link();
    live.stop();
    const report = {
      messages: waiting,
      queuedPerSecond: kilo((messages / queuingMs) * 1_000),
      rssBeforeMB: mb(before.resident),
      rssQueuedMB: mb(queued.resident),
      rssGrowthMB: mb(queued.resident - before.resident),
      rssPeakWhileDrainingMB: mb(peak.resident),
      anonymousGrowthMB: mb(queued.anonymous - before.anonymous),
      drainSeconds: Math.round(drainMs / 100) / 10,
      drainPerSecond: kilo((waiting / drainMs) * 1_000),
      cpuMicrosecondsPerMessage: kilo((cpu / waiting) * 1e6),
      farCpuMicrosecondsPerMessage: kilo((farCpu / waiting) * 1e6),
      order: drain.order,
      arrived: arrivals?.count,
      duplicates: arrivals?.duplicates,
      disordered: arrivals?.disordered,
      live: { published: live.published, arrived: live.latencies.length },
      liveMs: {
        p50: Math.round(percentile(live.latencies, 0.5)),
        p99: Math.round(percentile(live.latencies, 0.99)),
        max: Math.round(percentile(live.latencies, 1)),
      },
      difference: end.difference,
      dropped: end.dropped,
    };
    arrivals?.close();
    console.log(values.json ? JSON.stringify(report) : report);
    if (values.cpu) {
      const ended = new Promise((resolve) => gateway.once('exit', resolve));
      gateway.kill('SIGTERM');
      await ended;
    }
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await sleep(100);
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.help) console.log(HELP);
else await run();
