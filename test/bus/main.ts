/**
 * `npm run bus -- [--seconds 120] [--alone 30] [--settle 45] [--seed 1]`: ten slaves on one serial bus, three of them bad.
 * Prints one line of JSON; exit code 1: a value was wrong, or the good ones kept less than 95 % of their reads.
 */
import { parseArgs } from 'node:util';
import { runBus } from './run.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    alone: { type: 'string', default: '30' },
    settle: { type: 'string', default: '45' },
    seed: { type: 'string', default: '1' },
  },
});
const result = await runBus({
  aloneMs: Number(values.alone) * 1_000,
  togetherMs: Number(values.seconds) * 1_000,
  settleMs: Number(values.settle) * 1_000,
  seed: Number(values.seed),
});
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = result.wrong === 0 && result.reads > 0 && !(result.kept < 0.95) ? 0 : 1;
