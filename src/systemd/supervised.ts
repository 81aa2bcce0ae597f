/**
 * A gateway under systemd: ready, alive, stopping, and a line about its state for `systemctl status`.
 *
 * The watchdog is fed by the event loop, and only after the store has answered: when either is stuck, systemd starts the
 * gateway anew. A full or broken disk is not that: the store answers, and says so.
 */
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { Scope } from '../core/scope.js';
import { Notifier, type Supervision } from './notify.js';

/** How often the state is looked at without a watchdog, ms. */
const STATUS_INTERVAL = 20_000;
/** Of the watchdog's interval, so that two may come late. */
const FEEDS_PER_INTERVAL = 3;
/** Until the program that follows in this process is ready, µs: as long as a start may take by the unit's TimeoutStartSec. */
const RESTART_WATCHDOG = '600000000';

export interface SupervisedParts {
  /** Resolves when the store has answered; rejects when it never will. */
  answers(): Promise<void>;
  /** One line for people. */
  statusLine(): string;
  readonly log: Log;
  readonly clock: Clock;
}

export interface Supervised extends AsyncDisposable {
  /** Says that the gateway stops, and feeds no more. */
  stopping(reason: string): Promise<void>;
  /** Another program follows in this process and says when it is ready: for systemd the service runs on. */
  restarting(reason: string): Promise<void>;
}

/** Says that the gateway is ready, and feeds the watchdog until it is told to stop. */
export async function supervised(supervision: Supervision, parts: SupervisedParts): Promise<Supervised> {
  const { log, clock } = parts;
  const notifier = new Notifier(supervision.carry, log);
  const scope = new Scope((error) => log.error({ error }, 'the watchdog is not fed any more'));
  const { watchdogMs } = supervision;
  const interval = watchdogMs === undefined ? STATUS_INTERVAL : watchdogMs / FEEDS_PER_INTERVAL;
  let said = parts.statusLine();
  // The time of the unit again: the program before in this process may have asked for a longer one.
  const watched = watchdogMs !== undefined && { WATCHDOG_USEC: String(watchdogMs * 1_000), WATCHDOG: '1' };
  await notifier.say({ READY: '1', STATUS: said, ...watched });
  scope.run(async (signal) => {
    for (;;) {
      await clock.sleep(interval, signal);
      const asked = clock.monotonic();
      await parts.answers();
      const tookMs = Math.round(clock.monotonic() - asked);
      if (tookMs > interval) log.warn({ tookMs }, 'the store answered late');
      if (signal.aborted) return;
      const status = parts.statusLine();
      const isNew = status !== said;
      said = status;
      if (watchdogMs !== undefined || isNew) {
        await notifier.say({ ...(isNew && { STATUS: status }), ...(watchdogMs !== undefined && { WATCHDOG: '1' }) });
      }
    }
  });
  return {
    async stopping(reason) {
      // Not waited for: an answer of the store may never come.
      void scope[Symbol.asyncDispose]().catch(() => {});
      await notifier.say({ STOPPING: '1', STATUS: `stopping: ${reason}` });
    },
    async restarting(reason) {
      void scope[Symbol.asyncDispose]().catch(() => {});
      await notifier.say({
        STATUS: `restarting: ${reason}`,
        ...(watchdogMs !== undefined && { WATCHDOG_USEC: RESTART_WATCHDOG, WATCHDOG: '1' }),
      });
    },
    async [Symbol.asyncDispose]() {
      void scope[Symbol.asyncDispose]().catch(() => {});
    },
  };
}
