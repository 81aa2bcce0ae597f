/** `npm run crash -- --kills 200 …`: a broker killed under load; also its log cut, and a queue of very many messages. */
import { parseArgs } from 'node:util';
import { hpmqBroker, mosquittoBroker } from './brokers.js';
import { cutGateway } from './cut-gateway.js';
import { cutStore } from './cut-store.js';
import { queued } from './queued.js';
import { crash } from './run.js';

/** What a torn write may take: a page. */
const CUT_BYTES = 4_096;
const GATEWAY_STARTS = 40;

const HELP = `Usage: npm run crash -- [options]
       npm run crash -- links|mesh|outage --help

  --kills N         how often the broker is killed under load (default 20; some 0.6 s each)
  --seed N          of the load and of the moments (default 1)
  --broker NAME     hpmq or mosquitto (default hpmq)
  --tear            up to ${CUT_BYTES} bytes of the log are torn off after each kill: what was acknowledged last may be lost
  --cut             instead: the log is cut, and changed, at every byte of its last ${CUT_BYTES}, and a store opened on each;
                    a whole gateway on ${GATEWAY_STARTS} of them
  --queued N        instead: N messages of QoS 1 wait on disk for a client that is away; memory, start-up, and their delivery
`;

const options = {
  kills: { type: 'string', default: '20' },
  seed: { type: 'string', default: '1' },
  broker: { type: 'string', default: 'hpmq' },
  tear: { type: 'boolean', default: false },
  cut: { type: 'boolean', default: false },
  queued: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;
type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

/** @returns how many promises were broken */
export async function brokerProgram(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.queued !== undefined) return queue(Number(values.queued));
  return values.cut ? cut(values) : kill(values);
}

async function kill(values: Values): Promise<number> {
  const kills = Number(values.kills);
  const result = await crash({
    broker: values.broker === 'mosquitto' ? mosquittoBroker : hpmqBroker,
    kills,
    seed: Number(values.seed),
    cutBytes: values.tear ? CUT_BYTES : 0,
    onKill: (kill) => {
      if (kill % 20 === 0) process.stderr.write(`${kill} of ${kills}\n`);
    },
  });
  process.stdout.write(`${JSON.stringify(result)}\n`);
  const { lost, duplicated, disordered, foreign, expired, lostSessions, retainedOutdated, difference = 0 } = result;
  return values.tear
    ? foreign + difference
    : lost + duplicated + disordered + foreign + expired + lostSessions + retainedOutdated + difference;
}

async function cut(values: Values): Promise<number> {
  const store = await cutStore({ seed: Number(values.seed), depth: CUT_BYTES, step: 1 });
  const cuts = Array.from({ length: GATEWAY_STARTS }, (_, i) => 1 + Math.floor((i * CUT_BYTES) / GATEWAY_STARTS));
  const gateway = await cutGateway(cuts, 100);
  process.stdout.write(`${JSON.stringify({ store, gateway })}\n`);
  return store.wrong + gateway.wrong + gateway.difference;
}

/** What so many messages on disk may add to the resident memory, MB. */
const QUEUED_MB = 50;

async function queue(messages: number): Promise<number> {
  const result = await queued(messages);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  const { received, isInOrder, difference, residentMb } = result;
  const grown = residentMb.queued - residentMb.before > QUEUED_MB ? 1 : 0;
  return messages - received + difference + (isInOrder ? 0 : 1) + grown;
}
