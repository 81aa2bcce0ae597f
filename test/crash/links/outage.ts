/**
 * A long outage, compressed: very many messages wait on disk for an upstream that is away; then it comes back, and so do they,
 * while live messages go on.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentBytes } from '../../bench/process.js';
import { freePort } from '../../support/peers.js';
import { startHpmq, startMosquitto } from '../brokers.js';
import { SessionClient } from '../client.js';
import { DIGITS, publish } from '../queued.js';
import { Collector } from './collector.js';

export interface OutageResult {
  readonly messages: number;
  readonly acknowledgedPerSecond: number;
  /** Of the gateway, MB: with the first of them, with all, and the most while they drained. */
  readonly residentMb: { readonly before: number; readonly queued: number; readonly draining: number };
  readonly received: number;
  readonly missing: number;
  readonly repeated: number;
  readonly isInOrder: boolean;
  readonly drainSeconds: number;
  readonly drainedPerSecond: number;
  /** From here to the far side, of messages that were published while the others drained, ms. */
  readonly live: {
    readonly messages: number;
    readonly missing: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
  readonly stillQueued: number;
  readonly dropped: number;
}

const HISTORY = 'up/history';
const LIVE = 'up/live';
/** So that what is compiled and allocated once does not count. */
const WARM_UP = 50_000;
/** Between two live messages, ms. */
const LIVE_EVERY = 20;
/** How long nothing may come, ms. */
const STALLED = 40_000;

/** @param onSecond - told once a second how many have come, and what the gateway takes, MB and % of a core by thread */
export async function outage(messages: number, onSecond?: (line: string) => void): Promise<OutageResult> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-outage-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['near', 'far']) mkdirSync(join(folder, name));
  const [port, upstream] = [await freePort(), await freePort()];
  const near = await startHpmq(join(folder, 'near'), port, linkLines(upstream, 2 * messages), 'near');
  stack.defer(() => near.kill());
  let collected = () => 0;
  if (onSecond !== undefined) {
    const watch = setInterval(() => onSecond(`${collected()} ${stateOf(near.pid)}`), 1_000);
    stack.defer(() => clearInterval(watch));
  }

  await publish(port, 0, WARM_UP, HISTORY);
  await sleep(1_000);
  const before = residentMb(near.pid);
  const startedAt = performance.now();
  await publish(port, WARM_UP, messages - WARM_UP, HISTORY);
  const seconds = (performance.now() - startedAt) / 1_000;
  await sleep(1_000);
  const queued = residentMb(near.pid);

  // Frozen, so that whoever counts is there first.
  near.signal('SIGSTOP');
  const far = await startMosquitto(join(folder, 'far'), upstream, [
    'persistence false',
    'max_inflight_messages 1000',
    'set_tcp_nodelay true',
  ]);
  stack.defer(() => far.kill());
  const collector = stack.use(await Collector.open(upstream, 'up/#', { history: HISTORY, live: LIVE, digits: DIGITS }));
  near.signal('SIGCONT');
  collected = () => collector.messages;

  const publisher = new SessionClient({ clientId: 'live', filters: [] });
  stack.defer(() => publisher.drop());
  await publisher.connect(port);
  let sent = 0;
  let draining = 0;
  let isOver = false;
  const living = (async () => {
    while (!isOver) {
      // An instant: the far side has it when, the collector says.
      if (collector.messages > 0) {
        sent++;
        publisher.publish({ topic: LIVE, payload: String(performance.now()), qos: 1, retain: false, expiry: 0 });
      }
      if (sent % 10 === 0) draining = Math.max(draining, residentMb(near.pid));
      await sleep(LIVE_EVERY);
    }
  })();
  await collector.complete(messages, STALLED);
  isOver = true;
  await living;
  await sleep(2_000);
  const link = (await near.links())[0]!;
  const drainSeconds = (collector.lastAt - collector.firstAt) / 1_000;
  const latencies = collector.latencies.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(latencies[Math.floor((latencies.length - 1) * share)] ?? -1);
  return {
    messages,
    acknowledgedPerSecond: Math.round((messages - WARM_UP) / seconds),
    residentMb: { before, queued, draining },
    received: collector.messages,
    missing: messages - collector.distinct,
    repeated: collector.messages - collector.distinct,
    isInOrder: collector.isInOrder,
    drainSeconds: Math.round(drainSeconds * 10) / 10,
    drainedPerSecond: Math.round(collector.messages / drainSeconds),
    live: { messages: sent, missing: sent - latencies.length, p50: at(0.5), p99: at(0.99), max: at(1) },
    stillQueued: link.queued,
    dropped: link.dropped,
  };
}

/** Resident memory may grow by so much, MB. */
const GROWTH_MB = 50;
const LIVE_P99_MS = 1_000;

/** How many promises were broken; not how fast it was, which is the machine's business, too. */
export function brokenOutage(result: OutageResult): number {
  const { missing, repeated, isInOrder, residentMb, live, stillQueued, dropped } = result;
  return (
    missing +
    repeated +
    (isInOrder ? 0 : 1) +
    (residentMb.queued - residentMb.before > GROWTH_MB ? 1 : 0) +
    live.missing +
    (live.p99 > LIVE_P99_MS ? 1 : 0) +
    stillQueued +
    dropped
  );
}

function linkLines(port: number, maxMessages: number): readonly string[] {
  return [
    'links:',
    '  upstream:',
    '    type: mqtt',
    `    url: mqtt://127.0.0.1:${port}`,
    `    outbox: { maxMessages: ${maxMessages}, maxBytes: 4GB }`,
    `    routes: [{ direction: out, filter: 'up/#', qos: 1 }]`,
  ];
}

function residentMb(pid: number): number {
  return Math.round(residentBytes(pid) / 1e5) / 10;
}

function stateOf(pid: number): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string) => Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1_000);
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))} ${Number(fields[11]) + Number(fields[12])}`;
  });
  return `resident ${of('VmRSS')} anonymous ${of('RssAnon')} file ${of('RssFile')} cpu ${threads.join(', ')}`;
}
