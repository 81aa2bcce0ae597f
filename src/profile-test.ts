/** Plays the recorded exchanges of a profile to its adapter, and compares the readings with those that are expected. */
import { deviceOf } from './config/profiles/device.js';
import type { Profile } from './config/profiles/file.js';
import type { Expected, RecordedTest } from './config/profiles/test-file.js';
import type { AnyAdapter, Reading } from './core/adapter.js';
import { systemClock } from './core/clock.js';
import type { DeviceConfig, PointConfig } from './core/config.js';
import { toGatewayError } from './core/errors.js';
import { silentLog } from './core/log.js';
import { toEngineering } from './devices/point.js';

/** For all exchanges of one recording: no device is waited for, ms. */
const DEADLINE_MS = 10_000;

export interface PointResult {
  readonly point: string;
  /** With its unit, as people read it: `230.2 V`. */
  readonly expected: string;
  readonly found: string;
  readonly ok: boolean;
}

export interface RecordingResult {
  readonly title: string;
  readonly points: readonly PointResult[];
  /** Recorded requests, and how many of them the adapter asks byte for byte. */
  readonly exchanges: number;
  readonly repeated: number;
  /** Why the recording could not be played. */
  readonly error: string | undefined;
}

export interface ProfileResult {
  readonly profile: string;
  readonly ok: boolean;
  readonly recordings: readonly RecordingResult[];
  /** Points that no recording says anything of. */
  readonly untested: readonly string[];
}

export async function testProfile(
  profile: Profile,
  test: RecordedTest,
  adapters: readonly AnyAdapter[],
): Promise<ProfileResult> {
  const recordings: RecordingResult[] = [];
  for (const recording of test.recordings) {
    try {
      recordings.push(await play(profile, recording, adapters));
    } catch (error) {
      const exchanges = recording.exchanges.length;
      const { message } = toGatewayError(error);
      recordings.push({ title: recording.title, points: [], exchanges, repeated: 0, error: message });
    }
  }
  const tested = new Set(recordings.flatMap(({ points }) => points.map(({ point }) => point)));
  return {
    profile: profile.name,
    ok: recordings.every(({ error, points }) => error === undefined && points.every((point) => point.ok)),
    recordings,
    untested: Object.keys(profile.points).filter((point) => !tested.has(point) && hasValue(profile, point, adapters)),
  };
}

/** A command has none. */
function hasValue(profile: Profile, point: string, adapters: readonly AnyAdapter[]): boolean {
  const adapter = adapters.find(({ type }) => type === profile.adapter)!;
  const { points, options } = deviceOf(profile, {}, adapter);
  return adapter.pushed?.(points[point]?.address, options, adapter.port.parse({}))?.isExpected !== false;
}

async function play(
  profile: Profile,
  { title, framing, exchanges }: RecordedTest['recordings'][number],
  adapters: readonly AnyAdapter[],
): Promise<RecordingResult> {
  const adapter = adapters.find(({ type }) => type === profile.adapter)!;
  if (adapter.replay === undefined) throw new Error(`the adapter ${adapter.type} plays no recordings`);
  const replay = adapter.replay({ framing, exchanges });
  using _wire = { [Symbol.dispose]: () => void replay.wire.destroy() };
  const port = adapter.port.parse(replay.port);
  const context = { log: silentLog, clock: systemClock, endpoint: replay.endpoint };
  const config = deviceOf(profile, replay.device, adapter);
  await using bus = await adapter.open(replay.wire, port, context);
  const device = bus.device(config.options);
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const points: PointResult[] = [];
  for (const { expect } of exchanges) {
    const wanted = Object.entries(expect);
    if (wanted.length === 0) continue;
    const asked = wanted.map(([id]) => pointOf(config, id));
    const readings = await device.read!(
      asked.map(({ id, address }) => ({ id, address, writable: false })),
      signal,
    );
    for (const [index, [id, expected]] of wanted.entries()) {
      points.push(compare(id, expected, readings[index]!, asked[index]!));
    }
  }
  return { title, points, exchanges: exchanges.length, repeated: replay.repeated(), error: undefined };
}

function pointOf(config: DeviceConfig, id: string): PointConfig {
  const point = Object.hasOwn(config.points, id) ? config.points[id] : undefined;
  if (point === undefined) throw new Error(`the profile has no point ${id}`);
  return point;
}

function compare(point: string, expected: Expected, reading: Reading, config: PointConfig): PointResult {
  const value =
    reading.quality === 'bad' || reading.value === undefined ? undefined : toEngineering(reading.value, config);
  const found = value === undefined ? bad(reading) : text(value, config.unit);
  const wanted = expected === 'bad' ? 'bad' : text(expected.value, expected.unit);
  return { point, expected: wanted, found, ok: wanted === 'bad' ? value === undefined : wanted === found };
}

function bad({ error }: Reading): string {
  return error === undefined ? 'bad' : `bad (${error.code})`;
}

function text(value: unknown, unit: string | undefined): string {
  return unit === undefined ? String(value) : `${String(value)} ${unit}`;
}
