/** The log of the process: pino, NDJSON on stderr (short lines for a person at a terminal), and a ring for the API. */
import { type Logger, pino } from 'pino';
import type { Log, LogLevel } from './core/log.js';
import { Ring } from './core/ring.js';
import type { LogLine } from './core/views.js';

const RING_LINES = 1_000;

/** Field names whose values are never written. */
const SECRET_FIELDS = ['password', 'token', 'key', '*.password', '*.token', '*.key'];

export interface Logging {
  readonly log: Log;
  /** The newest lines, oldest first. */
  lines(): Iterable<LogLine>;
  onLine(listener: (line: LogLine) => void): Disposable;
}

export interface LoggingOptions {
  readonly level: LogLevel;
  /** One line of text per entry instead of NDJSON. */
  readonly pretty: boolean;
  readonly write: (text: string) => void;
}

export function createLogging(options: LoggingOptions): Logging {
  const ring = new Ring<LogLine>(RING_LINES);
  const listeners = new Set<(line: LogLine) => void>();
  const stream = {
    write(json: string): void {
      const line = toLine(json);
      options.write(options.pretty ? prettyLine(line) : json);
      ring.push(line);
      for (const listener of listeners) listener(line);
    },
  };
  const logger: Logger = pino(
    {
      level: options.level,
      base: null,
      redact: SECRET_FIELDS,
      serializers: { error: pino.stdSerializers.err, err: pino.stdSerializers.err },
    },
    stream,
  );
  return {
    log: logger as Log,
    lines: () => ring,
    onLine(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}

function toLine(json: string): LogLine {
  const { level, time, msg, svc, ...fields } = JSON.parse(json) as Record<string, unknown>;
  return {
    at: Number(time),
    level: (pino.levels.labels[Number(level)] ?? 'info') as LogLevel,
    service: typeof svc === 'string' ? svc : 'gateway',
    message: String(msg ?? ''),
    fields,
  };
}

function prettyLine(line: LogLine): string {
  const time = new Date(line.at).toISOString().slice(11, 23);
  const fields = Object.entries(line.fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${[time, line.level.padEnd(5), line.service.padEnd(8), line.message, ...fields].join(' ')}\n`;
}
