/** Timers beyond what setTimeout can hold: Session Expiry and Will Delay may be 136 years. */
import type { Clock, Timer } from '../core/clock.js';

/** Below 2^31 ms, where timers of the runtime overflow and fire at once. */
const LONGEST = 2 ** 30;

/** @param ms - Infinity: never */
export function afterLong(clock: Clock, ms: number, callback: () => void): Timer {
  const end = clock.monotonic() + ms;
  let timer: Timer | undefined;
  const arm = () => {
    const left = end - clock.monotonic();
    timer = left > LONGEST ? clock.after(LONGEST, arm) : clock.after(left, callback);
  };
  if (ms !== Number.POSITIVE_INFINITY) arm();
  const cancel = () => timer?.cancel();
  return { cancel, [Symbol.dispose]: cancel };
}
