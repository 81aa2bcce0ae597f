/** `npm run crash -- --kills 200 --seed 1 [--broker mosquitto] [--cut]`: prints one line of JSON; exit code 1: a promise was broken. */
import { parseArgs } from 'node:util';
import { hpmqBroker, mosquittoBroker } from './brokers.js';
import { crash } from './run.js';

/** What a torn write may take: a page. */
const CUT_BYTES = 4_096;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    broker: { type: 'string', default: 'hpmq' },
    cut: { type: 'boolean', default: false },
  },
});
const kills = Number(values.kills);
const broker = values.broker === 'mosquitto' ? mosquittoBroker : hpmqBroker;
const result = await crash({
  broker,
  kills,
  seed: Number(values.seed),
  cutBytes: values.cut ? CUT_BYTES : 0,
  onKill: (kill) => {
    if (kill % 10 === 0) process.stderr.write(`${kill} of ${kills}\n`);
  },
});
process.stdout.write(`${JSON.stringify(result)}\n`);
const { lost, duplicated, disordered, foreign, expired, lostSessions, retainedOutdated, difference = 0 } = result;
const broken = values.cut
  ? foreign + difference
  : lost + duplicated + disordered + foreign + expired + lostSessions + retainedOutdated + difference;
process.exitCode = broken === 0 ? 0 : 1;
