/** `npm run crash -- outage`. */
import { parseArgs } from 'node:util';
import { brokenOutage, outage } from './outage.js';

const HELP = `Usage: npm run crash -- outage [options]

Messages of QoS 1 wait on disk for an upstream that is away; it comes back: memory, how fast and in which order they come, and how
long live messages take meanwhile.

  --messages N       (default 1000000)
  --watch            a line per second on stderr: how many have come, memory (MB) and CPU time of the threads (10 ms)
`;

/** @returns how many promises were broken */
export async function outageProgram(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '1000000' },
      watch: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const result = await outage(
    Number(values.messages),
    values.watch ? (line) => process.stderr.write(`${line}\n`) : undefined,
  );
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return brokenOutage(result);
}
