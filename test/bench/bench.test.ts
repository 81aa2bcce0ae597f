/** The harness itself: it measures what it says, and says what it cannot measure. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import t from 'tap';
import { repoRoot, withoutHooks } from '../support/peers.js';
import { brokers } from './brokers.js';
import { publishFrame } from './client.js';
import { Acknowledger, FrameCounter, Latencies, quantile } from './counters.js';
import type { TurnsScenario } from './load.js';
import { type Measurement, median } from './measure.js';
import type { Row } from './report.js';
import { inSequence, playRounds, ratio, stolen } from './rounds.js';
import { measureInTurns } from './turns.js';

const main = join(repoRoot, 'dist', 'test', 'bench', 'main.js');
const bench = (...args: readonly string[]) => promisify(execFile)(...withoutHooks(process.execPath, [main, ...args]));

t.test('every frame is counted and acknowledged once, however the stream is cut (property)', async (t) => {
  const ids = fc.array(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(ids, fc.array(fc.integer({ min: 1, max: 250 }), { minLength: 1 }), (messageIds, cuts) => {
      const frames = messageIds.map((id) => publishFrame('a/b', 64, 1, id));
      const stream = Buffer.concat(frames);
      const counter = new FrameCounter(frames[0]!.length);
      const acknowledger = new Acknowledger(frames[0]!.length, 2 + 2 + 3);
      const answers: Buffer[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const part = stream.subarray(at, at + cuts[i % cuts.length]!);
        counter.add(part.length);
        answers.push(Buffer.from(acknowledger.answer(part)));
        at += part.length;
      }
      const expected = Buffer.concat(messageIds.map((messageId) => generate({ cmd: 'puback', messageId })));
      if (counter.count !== frames.length) throw new Error(`${counter.count} of ${frames.length} counted`);
      if (!Buffer.concat(answers).equals(expected)) throw new Error('wrong acknowledgements');
    }),
    { numRuns: 300 },
  );
  t.pass('300 streams');
});

t.test('quantiles', async (t) => {
  const latencies = new Latencies();
  t.ok(Number.isNaN(quantile(latencies.take(), 0.5)));
  for (let i = 1; i <= 100; i++) latencies.add(101 - i);
  const samples = latencies.take();
  t.equal(quantile(samples, 0.5), 51);
  t.equal(quantile(samples, 0.99), 100);
  latencies.add(7);
  t.equal(quantile(latencies.take(), 0.99), 7, 'what was taken is gone');
});

t.test('the median of an even number of rounds is between the two in the middle', async (t) => {
  const rounds = (...cpu: readonly number[]) =>
    median(cpu.map((cpuSecondsPerMillion) => ({ cpuSecondsPerMillion }) as Measurement)).cpuSecondsPerMillion;
  t.equal(rounds(3, 1), 2);
  t.equal(rounds(9, 1, 2), 2);
  t.equal(rounds(4, 9, 1, 2), 3);
});

t.test('a ratio is that of a round, for the machine changes from one to the next', async (t) => {
  const round = (own: number, reference: number) =>
    new Map([own, reference].map((cpuSecondsPerMillion, i) => ['ab'[i]!, { cpuSecondsPerMillion } as Measurement]));
  const rounds = [round(30, 20), round(33, 30), round(36, 30)];
  t.equal(
    ratio(rounds, 'cpuSecondsPerMillion', 'a', 'b'),
    1.2,
    'of 1.5, 1.1 and 1.2; 33 ÷ 30 are of the same round by chance only',
  );
  t.equal(ratio(rounds.slice(0, 2), 'cpuSecondsPerMillion', 'a', 'b'), 1.3);
  t.ok(Number.isNaN(ratio(rounds, 'cpuSecondsPerMillion', 'a', 'c')), 'without a reference');
  t.ok(Number.isNaN(ratio(rounds, 'firstCpuSecondsPerMillion', 'a', 'b')), 'a figure that is not there');
});

t.test('a round in which the host took the machine is made again', async (t) => {
  const one = (name: string, absent?: string) => ({ name, absent: () => absent, command: () => [] });
  const play = (shares: readonly number[], count = 2) =>
    playRounds([one('a'), one('b'), one('c', 'not installed')], count, (able, round) =>
      inSequence(able, async ({ name }) => {
        if (name === 'b') throw new Error('took no message');
        return { stolen: shares[round] } as Measurement;
      }),
    );
  const calm = await play([0, 0.3, 0.01, 0]);
  t.equal(calm.made, 3);
  t.strictSame(calm.rounds.map(stolen), [0, 0.01]);
  t.strictSame(
    [...calm.problems],
    [
      ['c', 'not installed'],
      ['b', 'took no message'],
    ],
  );
  const never = await play([0.5, 0.2, 0.4, 0.3, 0.9, 0.8, 0.7, 0.6]);
  t.equal(never.made, 8);
  t.strictSame(never.rounds.map(stolen), [0.2, 0.3], 'then the calmest count');
});

t.test('brokers take turns: one at a time has something to do', async (t) => {
  const active = new Set<number>();
  const turns: number[] = [];
  const latencies = new Map<number, Latencies>();
  const scenario: TurnsScenario = {
    id: 'T',
    title: 'a load that only counts',
    takesTurns: true,
    start: async ({ port }) => {
      const samples = new Latencies();
      latencies.set(port, samples);
      let published = 0;
      const pause = () => void active.delete(port);
      return {
        get published() {
          return published;
        },
        delivered: 0,
        lost: 0,
        fault: undefined,
        latencies: samples,
        pause,
        resume: () => {
          active.add(port);
          turns.push(port);
          published += 10;
          for (const one of latencies.values()) one.add(turns.length);
          t.equal(active.size, 1);
        },
        stop: pause,
      };
    },
  };
  const aedes = brokers.find(({ name }) => name === 'aedes')!;
  const gone = { ...aedes, name: 'gone', command: () => ['/nonexistent'] };
  const results = await measureInTurns([aedes, gone, { ...aedes, name: 'other' }], scenario, 1, 4, 2);
  const [first, second] = turns;
  t.not(first, second);
  for (const [i, port] of turns.entries()) t.equal(port, i % 2 === 0 ? first : second, 'in turn');
  t.ok(turns.length >= 6, 'two seconds of each to settle, one that counts');
  t.equal(active.size, 0);
  t.match(results.get('gone'), Error);
  for (const name of ['aedes', 'other']) {
    const result = results.get(name);
    if (result === undefined || result instanceof Error) throw new Error(`${name}: ${result?.message}`);
    t.ok(result.publishedPerSecond > 5 && result.publishedPerSecond <= 10, `${result.publishedPerSecond} per second`);
    t.ok(result.p50Ms > 4, 'latencies of its own turn that counts');
  }
});

t.test('a short run measures a broker and says why others have no figures', async (t) => {
  const broken = ['--broker', 'gone=/nonexistent {port}', '--broker', `silent=${process.execPath} -e 0 {port}`];
  const short = ['--seconds', '1', '--rounds', '1', '--settle', '1', '--brokers', 'aedes', '--scenarios', 'A,D,J'];
  const { stdout } = await bench(...short, ...broken, '--json');
  const { rows } = JSON.parse(stdout) as { rows: readonly Row[] };
  t.equal(rows.length, 9);
  for (const { scenario, broker, result, problem } of rows) {
    if (broker === 'aedes') {
      t.equal(problem, undefined, scenario);
      t.ok(result !== undefined && result.cpuSecondsPerMillion > 0 && result.residentBytes > 1e6, scenario);
      t.ok(result !== undefined && result.p50Ms > 0 && result.p99Ms >= result.p50Ms, scenario);
      t.ok(result !== undefined && result.deliveredPerSecond > 0, scenario);
    } else t.match(problem, broker === 'silent' ? /silent ended/ : /ENOENT|gone ended/, scenario);
  }
});

t.test('a wrong option ends with 64 and what is possible', async (t) => {
  await t.rejects(bench('--scenarios', 'Z'), { code: 64, stderr: /"Z" is not one of A, B, C, D,/ });
  await t.rejects(bench('--broker', 'x=cmd'), { code: 64, stderr: /\{port\}/ });
  const { stdout } = await bench('--help');
  t.match(stdout, /--rounds N/);
});
