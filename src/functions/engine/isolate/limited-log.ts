/** Lines of a function on their way to the gateway's thread: no more, and no longer ones, than are kept there. */
import type { Clock } from '../../../core/clock.js';
import type { HostCalls } from '../../../core/function.js';
import { RateLimit } from '../../../core/rate-limit.js';

const LINES_PER_SECOND = 50;
/** One more than is shown, so that it can be seen that a line was cut. */
const MAX_TEXT = 1_001;

const ownClock = { monotonic: () => performance.now() };

export function limitedLog(post: HostCalls['log'], clock: Pick<Clock, 'monotonic'> = ownClock): HostCalls['log'] {
  const limit = new RateLimit(LINES_PER_SECOND, clock);
  let left = 0;
  return (level, text) => {
    if (!limit.take()) {
      left++;
      return;
    }
    if (left > 0) post(2, `${left} lines were left out: more than ${LINES_PER_SECOND} per second`);
    left = 0;
    post(level, text.slice(0, MAX_TEXT));
  };
}
