/** What the others notice: round trips of clients that publish steadily and subscribe to their own topic. */
import { Latencies, quantile } from '../../bench/counters.js';
import type { Credentials } from '../client.js';
import { LoadClient, publishFrame } from '../client.js';
import type { Context } from './role.js';
import { monotonic } from './watch.js';

const PAYLOAD_BYTES = 64;

export interface ProbeOptions {
  readonly port: number;
  readonly clients: number;
  /** Per second and client. */
  readonly rate: number;
  readonly credentials?: Credentials;
}

export interface ProbeResult {
  /** ms; null: nothing came back. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** How late the probe itself was at its own timer, p99, ms: what is not the broker's. */
  readonly own: number | null;
  readonly sent: number;
  readonly received: number;
  /** A tenth of the round trips, the longest first: ms, and when it was sent, ms of CLOCK_MONOTONIC. */
  readonly slowest: readonly (readonly [ms: number, at: number])[];
}

/**
 * Of several windows: the second best of p50 and of p99. The machine is shared, its disturbances are seconds long and only
 * ever add; what the broker does to its clients is in every window.
 */
export function quiet(results: readonly ProbeResult[]): { p50: number; p99: number; own: number } {
  const second = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length > 2 ? 1 : 0]!;
  // A window in which nothing came back has no quantile: as bad as can be.
  const known = (ms: number | null) => ms ?? Number.POSITIVE_INFINITY;
  const of = (name: 'p50' | 'p99' | 'own') => second(results.map((result) => known(result[name])));
  return { p50: of('p50'), p99: of('p99'), own: of('own') };
}

/** Measures from each `start` to the next `stop`, until `close`; says each result as JSON. */
export async function probe(context: Context, options: ProbeOptions): Promise<void> {
  const { port, clients: count, rate, credentials } = options;
  const latencies = new Latencies();
  const late = new Latencies();
  // Two lists of numbers: as many objects would have to be collected while it measures.
  let [times, starts]: [number[], number[]] = [[], []];
  let sent = 0;
  let received = 0;
  let isMeasuring = false;
  const clients: LoadClient[] = [];
  for (let i = 0; i < count; i++) {
    const client = new LoadClient({ port, localAddress: '127.0.0.250' }, `probe-${i}`, credentials);
    const code = await client.connack;
    if (code !== 0) throw new Error(`probe ${i} was answered ${code}`);
    client.onPublish = (_topic, payload) => {
      received++;
      if (!isMeasuring) return;
      const at = payload.readDoubleBE(0);
      const ms = performance.now() - at;
      latencies.add(ms);
      times.push(ms);
      starts.push(monotonic(at));
    };
    await client.subscribe([`load/probe/${i}`, 0]);
    clients.push(client);
  }
  const frames = clients.map((_, i) => publishFrame(`load/probe/${i}`, Buffer.alloc(PAYLOAD_BYTES)));
  let next = 0;
  let dueAt = performance.now();
  const step = 1_000 / (rate * count);
  // One message is due every `step`; those that are late are sent at once, and their lateness is not the broker's.
  let tickAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    if (isMeasuring) late.add(Math.max(0, now - tickAt - 1));
    tickAt = now;
    for (; dueAt <= performance.now(); dueAt += step) {
      const i = next++ % count;
      const frame = Buffer.from(frames[i]!);
      frame.writeDoubleBE(performance.now(), frame.length - PAYLOAD_BYTES);
      clients[i]!.socket.write(frame);
      sent++;
    }
  }, 1);
  context.say('connected');
  void context.hear('close').then(() => {
    clearInterval(timer);
    for (const client of clients) client.close();
    process.exit(0);
  });
  for (;;) {
    await context.hear('start');
    latencies.clear();
    late.clear();
    [times, starts, sent, received, isMeasuring] = [[], [], 0, 0, true];
    await context.hear('stop');
    isMeasuring = false;
    const samples = latencies.take();
    const result: ProbeResult = {
      p50: quantile(samples, 0.5),
      p99: quantile(samples, 0.99),
      own: quantile(late.take(), 0.99),
      sent,
      received,
      slowest: slowest(times, starts),
    };
    context.say(JSON.stringify(result));
  }
}

function slowest(times: readonly number[], starts: readonly number[]): ProbeResult['slowest'] {
  const all = times.map((ms, i) => [ms, starts[i]!] as const);
  return all.sort(([a], [b]) => b - a).slice(0, Math.ceil(all.length / 10));
}
