/** What a function of the running gateway says, line by line. */
import type { FunctionLogLine } from '../api/contract.js';
import { GatewayError } from '../core/errors.js';
import type { Cli } from './cli.js';
import { timeText, visible } from './text.js';

/** Between two looks at the lines of a function, ms. */
const FOLLOW_EVERY = 500;
const ROUTE = 'GET /v1/functions/{function}/logs';

export const lineText = ({ at, level, text }: FunctionLogLine): string =>
  `${timeText(at)} ${level.padEnd(5)} ${visible(text)}`;

/** What comes after a line, until the command is to stop. @param isPatient - a gateway that cannot be reached is asked again */
export async function* followLog(
  cli: Cli,
  name: string,
  after: number,
  isPatient = false,
): AsyncGenerator<FunctionLogLine> {
  const params = { function: name };
  const newest = async () => (await cli.request(ROUTE, { params, query: { limit: '1' } })).items.at(-1)?.sequence ?? 0;
  let last = after;
  while (!cli.stopSignal.aborted) {
    await pause(FOLLOW_EVERY, cli.stopSignal);
    if (cli.stopSignal.aborted) return;
    try {
      const { items } = await cli.request(ROUTE, { params, query: { after: String(last) } });
      for (const line of items) {
        yield line;
        last = line.sequence;
      }
      // The gateway began anew: so do its numbers.
      if (items.length === 0 && last > 0 && (await newest()) < last) last = 0;
    } catch (error) {
      if (!isPatient || !(error instanceof GatewayError)) throw error;
    }
  }
}

/** Resolves after this time, or as soon as the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
}
