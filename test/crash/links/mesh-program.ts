/** `npm run crash -- mesh`. */
import { parseArgs } from 'node:util';
import { brokenMesh, runMesh } from './mesh-run.js';
import { storm } from './mesh-storm.js';

const HELP = `Usage: npm run crash -- mesh [options]

Gateways in a ring, or each linked with each: one publish must be one delivery per subscriber, while links are cut.

  --shape NAME       ring or full (default ring)
  --nodes N          gateways (default 3)
  --mosquitto        one more that is a mosquitto: in the ring, or linked with each
  --messages N       published by each node, in calm and while links are cut (default 200)
  --flaps N          how often links are cut (default 20; some 0.6 s each)
  --kills N          gateways killed meanwhile, about (default 0)
  --seed N           (default 1)
  --broker mosquitto instead: one message in a ring of mosquittos with bridges, and its deliveries in 5 s
`;

/** @returns how many promises were broken */
export async function meshProgram(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      shape: { type: 'string', default: 'ring' },
      nodes: { type: 'string', default: '3' },
      mosquitto: { type: 'boolean', default: false },
      messages: { type: 'string', default: '200' },
      flaps: { type: 'string', default: '20' },
      kills: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
      broker: { type: 'string', default: 'hpmq' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const shape = { shape: values.shape === 'full' ? 'full' : 'ring', nodes: Number(values.nodes) } as const;
  if (values.broker === 'mosquitto') {
    process.stdout.write(
      `${JSON.stringify(await storm({ ...shape, broker: 'mosquitto', mosquitto: false, kills: 0 }))}\n`,
    );
    return 0;
  }
  const result = await runMesh({
    ...shape,
    broker: 'hpmq',
    mosquitto: values.mosquitto,
    messages: Number(values.messages),
    flaps: Number(values.flaps),
    kills: Number(values.kills),
    seed: Number(values.seed),
  });
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return brokenMesh(result);
}
