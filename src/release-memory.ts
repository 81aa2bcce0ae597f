/** Gives memory back to the system that only the start needed. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A heap that is smaller leaves nothing worth the pause, bytes. */
const WORTH_IT = 48_000_000;

type Collect = (options: { type: 'major'; flavor: 'last-resort'; execution: 'sync' }) => void;

/**
 * Parsing a configuration of ten thousand points leaves more garbage behind than the gateway will ever hold, and V8 keeps
 * the pages for later. To be called before anything waits for this thread: it takes some 50 ms then, else nothing.
 */
export function releaseMemory(): void {
  if (process.memoryUsage().heapUsed < WORTH_IT) return;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', flavor: 'last-resort', execution: 'sync' });
}
