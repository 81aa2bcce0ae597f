/** The log of the process: pino, NDJSON on stderr (short lines for a person at a terminal), and a ring for the API. */
import { type Logger, pino } from 'pino';
import { visible } from './cli/text.js';
import type { Log, LogLevel } from './core/log.js';
import { Ring } from './core/ring.js';
import type { LogLine } from './core/views.js';

const RING_LINES = 1_000;

/** Fields whose values are never written, wherever they stand: what an error carries may be nested deeply. */
const SECRET_FIELD = /^(password|passphrase|token|secret|key|scram)$/i;

export interface Logging {
  readonly log: Log;
  /** Administrative actions: written whatever the level of the log, see core/audit.ts. */
  readonly audit: Log;
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
      const entry = JSON.parse(json, shown) as Record<string, unknown>;
      const line = toLine(entry);
      options.write(`${options.pretty ? visible(prettyLine(line)) : JSON.stringify(entry)}\n`);
      ring.push(line);
      for (const listener of listeners) listener(line);
    },
  };
  const logger: Logger = pino(
    {
      level: options.level,
      base: null,
      serializers: { error: pino.stdSerializers.err, err: pino.stdSerializers.err },
    },
    stream,
  );
  return {
    log: logger as Log,
    audit: logger.child({ svc: 'audit' }, { level: 'info' }) as Log,
    lines: () => ring,
    onLine(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}

/** A Client Identifier may have 64 KB, and a thousand lines are kept: longer texts are cut, UTF-16 units. */
const MAX_TEXT = 4_096;

function shown(field: string, value: unknown): unknown {
  if (SECRET_FIELD.test(field)) return '[secret]';
  return typeof value === 'string' && value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT - 1)}…` : value;
}

function toLine({ level, time, msg, svc, ...fields }: Readonly<Record<string, unknown>>): LogLine {
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
  return [time, line.level.padEnd(5), line.service.padEnd(8), line.message, ...fields].join(' ');
}
