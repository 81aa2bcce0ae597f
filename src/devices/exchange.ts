/** One question and its answer on the wire. */
import type { Device } from '../core/adapter.js';
import type { Clock } from '../core/clock.js';
import { GatewayError, toGatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { devicesError } from './errors.js';
import type { Session } from './session.js';

/** probe: an attempt to reach a device that does not answer. */
export type Priority = 'command' | 'ask' | 'poll' | 'probe';

export interface Exchange<T> {
  readonly device: string;
  readonly priority: Priority;
  readonly run: (device: Device<unknown>, signal: AbortSignal) => Promise<T>;
  /** Takes the exchange out of the queue; one that is on the wire already goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** How an exchange ended. `ms` is time on the wire. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly ms: number }
  | {
      readonly ok: false;
      readonly error: GatewayError;
      readonly ms: number;
      /** The deadline passed without an answer. */
      readonly timedOut: boolean;
      /** The wire failed during the exchange. */
      readonly lost: boolean;
      /** false: it never got the wire. */
      readonly sent: boolean;
    };

export function notSent(error: GatewayError): Outcome<never> {
  return { ok: false, error, ms: 0, timedOut: false, lost: false, sent: false };
}

/**
 * Runs one exchange to its end: answer, deadline, or loss of the wire, whichever is first.
 *
 * @param timeoutMs - the deadline; the signal given to the adapter aborts then
 */
export async function perform<T>(
  exchange: Exchange<T>,
  session: Session,
  options: unknown,
  timeoutMs: number,
  clock: Clock,
  log: Log,
): Promise<Outcome<T>> {
  const name = exchange.device;
  const startedAt = clock.monotonic();
  const controller = new AbortController();
  let timedOut = false;
  let timer = clock.after(timeoutMs, () => {
    timedOut = true;
    const details = { device: name, timeoutMs };
    controller.abort(devicesError('DEVICE_TIMEOUT', `${name} did not answer within ${timeoutMs} ms`, { details }));
    // Protocols wait for silence after a time-out before they give the wire back; one that never does is broken.
    timer = clock.after(2 * timeoutMs + 1_000, () =>
      session.close(devicesError('ADAPTER_STUCK', `the exchange with ${name} did not end after its deadline`)),
    );
  });
  const { promise: lost, reject } = Promise.withResolvers<never>();
  lost.catch(() => {});
  using _end = session.onEnd((error) => {
    reject(error);
    controller.abort(error);
  });
  try {
    const answer = exchange.run(session.device(name, options), controller.signal);
    const value = await Promise.race([answer, lost]);
    return { ok: true, value, ms: clock.monotonic() - startedAt };
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) && session.defects++ === 0) {
      log.error({ err: thrown, device: name }, 'the adapter threw something that is not a GatewayError');
    }
    const lost = session.error !== undefined;
    return { ok: false, error: toGatewayError(thrown), ms: clock.monotonic() - startedAt, timedOut, lost, sent: true };
  } finally {
    timer.cancel();
  }
}
