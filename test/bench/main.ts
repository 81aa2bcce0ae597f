/**
 * Compares brokers: ours, Debian's mosquitto and aedes, in turn within one run. The primary figure is CPU time of the
 * broker per million messages: it stays comparable on a loaded machine, where rates do not.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { brokers, customBroker } from './brokers.js';
import { measure, median } from './measure.js';
import { pin, pinning } from './process.js';
import { type Row, table } from './report.js';
import { inSequence, playRounds, ratio } from './rounds.js';
import { scenarios } from './scenarios.js';
import { measureInTurns } from './turns.js';

/** Ratios are to its figures. */
const REFERENCE = 'mosquitto';

const HELP = `Usage: npm run bench -- [options]

  --seconds N         length of one measurement, after the warm-up (default 2)
  --settle N          of A1, D1 and J: seconds of their load before the figures (default 30)
  --rounds N          measurements of each broker in each scenario; the median is shown (default 3)
  --brokers a,b       only these of ${brokers.map(({ name }) => name).join(', ')}
  --scenarios A,B     only these of ${scenarios.map(({ id }) => id).join(', ')}
  --broker 'n=cmd'    one more broker: a name and a command line with {port}; may be repeated
  --mqtt5             clients speak MQTT 5.0 instead of 3.1.1
  --json              one JSON document instead of tables
`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    settle: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '3' },
    brokers: { type: 'string' },
    scenarios: { type: 'string' },
    broker: { type: 'string', multiple: true, default: [] },
    mqtt5: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

/** The named ones of a list, or all. */
function chosen<T>(all: readonly T[], nameOf: (item: T) => string, names: string | undefined): readonly T[] {
  if (names === undefined) return all;
  return names.split(',').map((name) => {
    const found = all.find((item) => nameOf(item) === name.trim());
    if (found === undefined) throw new Error(`"${name}" is not one of ${all.map(nameOf).join(', ')}`);
    return found;
  });
}

async function run(): Promise<void> {
  const seconds = Number(values.seconds);
  const settle = Number(values.settle);
  const rounds = Number(values.rounds);
  if (!(seconds > 0) || !(rounds >= 1) || !(settle >= 0)) {
    throw new Error('--seconds, --rounds and --settle must be positive numbers');
  }
  const compared = [...chosen(brokers, ({ name }) => name, values.brokers), ...values.broker.map(customBroker)];
  const loads = chosen(scenarios, ({ id }) => id, values.scenarios);
  if (pinning !== undefined) pin(process.pid, pinning.generator);

  const rows: Row[] = [];
  for (const scenario of loads) {
    const version = values.mqtt5 ? 5 : 4;
    const played = await playRounds(compared, rounds, (able, round) => {
      const tell = (name: string) => {
        if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${scenario.id} round ${round + 1} ${name}`);
      };
      if (scenario.takesTurns) {
        tell('in turns');
        return measureInTurns(able, scenario, seconds, version, settle);
      }
      return inSequence(able, (broker) => {
        tell(broker.name);
        return measure(broker, scenario, seconds, version);
      });
    });
    for (const { name } of compared) {
      const all = played.rounds.flatMap((round) => round.get(name) ?? []);
      const row = { scenario: scenario.id, title: scenario.title, broker: name, made: played.made };
      const problem = played.problems.get(name);
      if (problem !== undefined || all.length === 0) rows.push({ ...row, problem: problem ?? 'no result' });
      else {
        const cpu = all.map(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion);
        rows.push({
          ...row,
          result: median(all),
          cpuRange: [Math.min(...cpu), Math.max(...cpu)],
          ratio: ratio(played.rounds, 'cpuSecondsPerMillion', name, REFERENCE),
          firstRatio: ratio(played.rounds, 'firstCpuSecondsPerMillion', name, REFERENCE),
        });
      }
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version, pinned: pinning };
  const protocol = values.mqtt5 ? 'MQTT 5.0' : 'MQTT 3.1.1';
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ machine, protocol, seconds, rounds, rows }, undefined, 2)}\n`);
    return;
  }
  const cores =
    pinning === undefined
      ? 'one core for both'
      : `broker on core ${pinning.broker}, generator on core ${pinning.generator}`;
  process.stdout.write(
    `${machine.cpu}, ${machine.cores} cores, ${cores}, Node ${machine.node}; ${protocol}, ${rounds} × ${seconds} s, medians\n` +
      'CPU s/M: CPU seconds of the broker process per million messages published; ratio: to that of mosquitto in the same\n' +
      'round. All brokers ask for a password and check every topic against rules. Every broker is warm: 0.7 s of its CPU\n' +
      `before the figures, in A1, D1 and J ${settle} s of their load (what a runtime does once in its life is over by then, and a\n` +
      'gateway runs for months); the first 10 s of it are shown beside it. In A1, D1 and J the brokers take turns, a second\n' +
      'each, so that all have the same minute of this machine. What was measured while its host took over 1 % of it\n' +
      '(stolen), a turn or a round, is made again; after four times as many the calmest count.\n\n' +
      table(rows),
  );
}

if (values.help) process.stdout.write(HELP);
else {
  try {
    await run();
    // Closing 100 sockets and a killed broker leaves nothing to wait for.
    process.exit(0);
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(64);
  }
}
