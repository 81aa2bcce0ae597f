import { setFlagsFromString } from 'node:v8';

/**
 * Code that is run again and again is optimised after fewer calls than V8 waits for by itself. A process that runs for
 * months knows soon what it does for good, and a broker with a thousand messages a minute would take an hour to get there
 * (test/bench A1: 50 → 36 CPU seconds per million messages in the first seconds). Here and not among the options of Node,
 * so that it holds however the gateway was started.
 */
export function compileEarly(): void {
  setFlagsFromString('--invocation-count-for-maglev=100');
  setFlagsFromString('--invocation-count-for-turbofan=600');
  setFlagsFromString('--minimum-invocations-after-ic-update=100');
}
