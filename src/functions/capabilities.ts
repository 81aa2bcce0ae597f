/** What a module may ask of its host: what everybody may, and what the configuration grants. */
import type { Clock } from '../core/clock.js';
import type { FunctionConfig } from '../core/config.js';
import type { HostCalls } from '../core/function.js';
import { globMatches } from '../core/glob.js';
import { matches, parseFilter } from '../core/topic-filter.js';
import { Failure } from './failure.js';
import { type MessageRecord, readMessage } from './frame-reader.js';
import type { FunctionLog } from './function-log.js';
import type { HttpAgent } from './http.js';
import type { Kv } from './kv.js';

/** Points of devices, to functions. */
export interface PointAccess {
  /** undefined: there is no such point. @returns what people see: `{"v":…,"q":…,"t":…,"u":…}` as an object */
  read(device: string, point: string): Readonly<Record<string, unknown>> | undefined;
  /** Begins a command; how it ends is on record. @returns false: it is refused at once */
  command(device: string, point: string, value: number | boolean | string, who: string): boolean;
}

export interface CapabilityOptions {
  readonly config: FunctionConfig;
  readonly clock: Clock;
  readonly log: FunctionLog;
  readonly kv: Kv | undefined;
  readonly points: PointAccess | undefined;
  readonly http: HttpAgent | undefined;
  /** @returns false: over a limit */
  publish(record: MessageRecord): boolean;
}

export function hostCalls(options: CapabilityOptions): HostCalls {
  const { config, clock, log, kv, points, http } = options;
  const { grants } = config;
  const values = new Map(Object.entries(config.config).map(([key, value]) => [key, JSON.stringify(value)]));
  const topics = grants.publish?.map(parseFilter);
  const granted = (globs: readonly string[], name: string) => globs.some((glob) => globMatches(glob, name));
  const split = (name: string): readonly [string, string] => {
    const at = name.indexOf('/');
    return [name.slice(0, Math.max(0, at)), name.slice(at + 1)];
  };
  return {
    log: (level, text) => log.add(level, text),
    now: () => Math.floor(clock.now()),
    config: (key) => values.get(key),
    ...(kv !== undefined && {
      kvGet: (key: string) => kv.get(key),
      kvSet: (key: string, value: Buffer) => kv.set(key, value),
      kvDelete: (key: string) => kv.delete(key),
    }),
    ...(topics !== undefined && {
      publish(bytes: Buffer) {
        const record = readMessage(bytes);
        if (record instanceof Failure) {
          log.add(3, `publish: ${record.message}`);
          return -1;
        }
        const levels = record.topic.split('/');
        if (!topics.some((filter) => matches(filter, levels))) return -1;
        return options.publish(record) ? 0 : -2;
      },
    }),
    ...(grants.points !== undefined &&
      points !== undefined && {
        pointRead(name: string) {
          if (!granted(grants.points!.read, name)) return undefined;
          const found = points.read(...split(name));
          return found === undefined ? undefined : JSON.stringify(found);
        },
        pointCommand(name: string, text: string) {
          if (!granted(grants.points!.command, name)) return -1;
          const value = scalar(text);
          if (value === undefined) return -1;
          return points.command(...split(name), value, `function:${config.name}`) ? 0 : -1;
        },
      }),
    ...(http !== undefined && { http: (request: string, signal: AbortSignal) => http.fetch(request, signal) }),
  };
}

/** A number, true, false, or a text in JSON. */
function scalar(text: string): number | boolean | string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'boolean' || typeof value === 'string') return value;
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
