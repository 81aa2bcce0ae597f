import { subscribe, unsubscribe } from 'node:diagnostics_channel';
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

/**
 * Nothing is optimised, in no thread, until {@link optimise}: what a start runs, it runs once, and the optimising compilers
 * would bring 9 MB of themselves into memory for it. Functions are counted meanwhile.
 */
export function doNotOptimise(): void {
  filterOptimised('-*');
}

export function optimise(): void {
  filterOptimised('*');
}

/** {@link optimise}, when the first peer has connected to any server of this process and before it is read from. */
export function optimiseOnceConnected(): void {
  const connected = () => {
    unsubscribe(CONNECTED, connected);
    optimise();
  };
  subscribe(CONNECTED, connected);
}

/** Of node:net, for each connection that is accepted. */
const CONNECTED = 'net.server.socket';

/** V8's patterns for names of functions, each for one compiler. */
function filterOptimised(pattern: '*' | '-*'): void {
  setFlagsFromString(`--maglev-filter=${pattern}`);
  setFlagsFromString(`--turbo-filter=${pattern}`);
}
