/** The demo's eyes at the far end: an MQTT client of gateway `cloud` that prints what arrives there. */
import { backoffDelays } from '../core/backoff.js';
import { systemClock } from '../core/clock.js';
import { toGatewayError } from '../core/errors.js';
import { FarMemories } from '../links/far-memory.js';
import type { FarSide, Incoming } from '../links/far-side.js';
import { openMqtt } from '../links/kinds/mqtt.js';

/** Readings are printed at most this often per topic, ms; states and results at once. */
const PRINT_EVERY = 5_000;
const RECONNECT = { first: 500, max: 5_000 };

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
  const printed = new Map<string, number>();
  let first = true;

  const onMessage = async ({ topic, payload }: Incoming) => {
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
  };
  const ending = new AbortController();
  const open = async () => {
    const far = await connect(options.port, onMessage, ending.signal);
    await far.subscribe('plants/demo/#', 1);
    return far;
  };
  let far: FarSide | undefined = await open();
  let lost = far.closed;
  const watch = async () => {
    for (const wait of backoffDelays(RECONNECT)) {
      const cause = await lost;
      far = undefined;
      if (ending.signal.aborted) return;
      print(`  (gateway "cloud": ${cause.message})`);
      await systemClock.sleep(wait, ending.signal).catch(() => {});
      if (ending.signal.aborted) return;
      try {
        far = await open();
        lost = far.closed;
      } catch (error) {
        lost = Promise.resolve(toGatewayError(error));
      }
    }
  };
  const watching = watch();
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      far?.close(false);
      await watching;
    },
  };
}

function connect(port: number, onMessage: (message: Incoming) => Promise<void>, signal: AbortSignal): Promise<FarSide> {
  const config = {
    url: `mqtt://127.0.0.1:${port}`,
    protocolVersion: 5,
    username: undefined,
    password: undefined,
    keepAlive: 30_000,
    sessionExpiry: 0,
    bridge: false,
    tls: { ca: undefined, cert: undefined, key: undefined },
  } as const;
  const events = { onMessage, onAcknowledged: () => {}, onDrain: () => {} };
  const memory = new FarMemories(undefined, new Set()).of('demo', config.url);
  return openMqtt({ config, clientId: 'demo-watcher', will: undefined, clock: systemClock, events, memory }, signal);
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
