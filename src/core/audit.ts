/**
 * The audit log: one line for each administrative action, with who, what, on what, and how it ended. Never a value
 * that could be a secret.
 */
import type { Log } from './log.js';

export interface AuditRecord {
  /** `control socket`, `client line-3 (user anna)`, `users file`. */
  readonly who: string;
  /** What was done, a word or two: `write point`, `publish`, `kick client`, `add user`. */
  readonly action: string;
  /** On what: `boiler.setpoint`, a topic, a Client Identifier. */
  readonly target: string;
  /** `done`, a command's status, or the code of the error that refused it. */
  readonly outcome: string;
  /** Of a point: its value before, and the value that was asked for. */
  readonly from?: string;
  readonly to?: string;
}

export type Audit = (record: AuditRecord) => void;

/** Topics and names come from outside and may be long. */
const MAX_TARGET = 200;
const MAX_VALUE = 100;

/** @param log - one that says info whatever the level of the configuration */
export function createAudit(log: Log): Audit {
  return ({ who, action, target, outcome, from, to }) => {
    const values = {
      ...(from === undefined ? {} : { from: shortened(from, MAX_VALUE) }),
      ...(to === undefined ? {} : { to: shortened(to, MAX_VALUE) }),
    };
    log.info({ audit: true, who, action, target: shortened(target, MAX_TARGET), ...values, outcome }, 'audit');
  };
}

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** What became of an action that threw. */
export function auditOutcome(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'failed';
}
