/** `npm run crash -- links`. */
import { parseArgs } from 'node:util';
import { faultNames } from './faults.js';
import { brokenPromises, crashLinks } from './run.js';
import type { BrokerName } from './sides.js';

const HELP = `Usage: npm run crash -- links [options]

A link under load while its ends are killed and frozen and its network fails; what was acknowledged at one end must reach the other.

  --kills N          how many faults (default 100; some 1.5 s each)
  --seed N           of the load and of the moments (default 1)
  --broker NAME      who has the link: hpmq or mosquitto (default hpmq)
  --upstream NAME    hpmq or mosquitto (default mosquitto, which loses what it acknowledged when it is killed)
                     what it forgot or sent late is told apart by what a relay between the two saw: byUpstream
  --only A,B         of these faults only: ${faultNames.join(', ')}
                     (far killed: SIGKILL, for mosquitto SIGTERM; far crashed: SIGKILL, and it stays away for a while: after it
                     the order of what a mosquitto sends and gets is told, but not judged)
  --scale X          faults last 1 to 30 s, times this (default 0.02)
`;

function brokerName(name: string): BrokerName {
  if (name !== 'hpmq' && name !== 'mosquitto') throw new Error(`no such broker: ${name}`);
  return name;
}

/** @returns how many promises were broken */
export async function linksProgram(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      broker: { type: 'string', default: 'hpmq' },
      upstream: { type: 'string', default: 'mosquitto' },
      only: { type: 'string' },
      scale: { type: 'string', default: '0.02' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const kills = Number(values.kills);
  const result = await crashLinks({
    broker: brokerName(values.broker),
    upstream: brokerName(values.upstream),
    kills,
    seed: Number(values.seed),
    scale: Number(values.scale),
    ...(values.only === undefined ? {} : { only: faultNames.filter((name) => values.only!.split(',').includes(name)) }),
    onFault: (fault, name) => {
      if (fault % 20 === 0) process.stderr.write(`${fault} of ${kills}: ${name}\n`);
    },
  });
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return brokenPromises(result);
}
