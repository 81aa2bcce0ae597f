/** The demo's eyes at the far end: an ordinary MQTT client of gateway `cloud` that prints what arrives there. */
import { connectAsync } from 'mqtt';
import { systemClock } from '../core/clock.js';

/** Readings are printed at most this often per topic, ms; states and results at once. */
const PRINT_EVERY = 5_000;

export interface CloudOptions {
  readonly port: number;
  /** When gateway `demo` was started, monotonic ms. */
  readonly started: number;
  readonly print: (text: string) => void;
}

interface Reading {
  readonly v: number | boolean | string | null;
  readonly q: string;
  readonly t: number;
  readonly u?: string;
  readonly e?: string;
}

export async function watchCloud(options: CloudOptions): Promise<AsyncDisposable> {
  const { print, started } = options;
  const client = await connectAsync(`mqtt://127.0.0.1:${options.port}`, { protocolVersion: 5 });
  // It connects again by itself; without a listener an error would end the demo.
  client.on('error', (error) => print(`  (gateway "cloud": ${error.message})`));
  const printed = new Map<string, number>();
  let first = true;

  client.on('message', (topic, payload) => {
    const now = systemClock.monotonic();
    const last = printed.get(topic);
    const isReading = /^plants\/demo\/[^/$]+\/[^/$]+$/.test(topic);
    if (isReading && last !== undefined && now - last < PRINT_EVERY) return;
    printed.set(topic, now);
    print(`  ${topic.padEnd(32)} ${isReading ? readingText(payload) : payload.toString()}`);
    if (isReading && first) {
      first = false;
      print(`  (the first value, ${((now - started) / 1_000).toFixed(1)} s after gateway "demo" was started)`);
    }
  });
  await client.subscribeAsync('plants/demo/#', { qos: 1 });
  return { [Symbol.asyncDispose]: () => client.endAsync(true) };
}

/** Anyone may publish here: what is no reading is shown as it is. */
function readingText(payload: Buffer): string {
  const reading = parseReading(payload);
  if (reading === undefined) return payload.toString();
  const { v, q, t, u, e } = reading;
  const value = v === null ? '—' : `${v}${u === undefined ? '' : ` ${u}`}`;
  return `${value.padEnd(14)} ${q.padEnd(5)} sampled ${new Date(t).toISOString().slice(11, 23)}${e === undefined ? '' : `  ${e}`}`;
}

function parseReading(payload: Buffer): Reading | undefined {
  try {
    const reading = JSON.parse(payload.toString()) as Partial<Reading> | null;
    return typeof reading?.q === 'string' && typeof reading.t === 'number' ? (reading as Reading) : undefined;
  } catch {
    return undefined;
  }
}
