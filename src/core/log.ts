/** The log as services see it (pino's shape): constant message, facts in fields. Never secrets or payloads. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export type LogFields = Readonly<Record<string, unknown>>;

type Write = { (fields: LogFields, message: string): void; (message: string): void };

export interface Log {
  readonly trace: Write;
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  readonly fatal: Write;
  child(fields: LogFields): Log;
  isLevelEnabled(level: LogLevel): boolean;
}

const nothing = (): void => {};

/** Says nothing; for tests and for parts that were given no log. */
export const silentLog: Log = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => silentLog,
  isLevelEnabled: () => false,
};
