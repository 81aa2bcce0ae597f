/** Functions that misbehave in every way: the round trips of the others, before and meanwhile, and what is said of each. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pin, pinning, standBack } from '../../bench/process.js';
import { runHpmq } from '../../support/gateway.js';
import { cGuest } from '../../support/guests.js';
import { type LoadGateway, startGateway, startWorker } from '../processes.js';
import { brokerYaml, milliseconds, type Scenario, type Verdict } from '../scenario.js';
import { median, type Window, Windows } from '../windows.js';

const ALLOWED_RATIO = 1.5;
/** The runtime collects what is left of a short activity after 8 s, ms. */
const COLLECTED = 10_000;
const ROUNDS = 5;
/** Messages per second to each. */
const RATE = 50;

/** What test/guests/hostile.c does for a letter, and the causes that may be named. */
const calls: readonly (readonly [name: string, payload: string, causes: readonly string[]])[] = [
  ['endless-loop', 'l', ['fuel']],
  ['memory-bomb', 'm', ['memory', 'unreachable', 'fuel']],
  ['stack-overflow', 's', ['stack', 'fuel']],
  ['output-100mb', 'o', ['output']],
  ['many-outputs', 'c', ['output']],
  ['trap-each-call', 'u', ['unreachable']],
  ['clock-storm', 'n', ['fuel']],
  ['log-storm', 'L', ['fuel']],
  ['publish-storm', 'x', ['fuel']],
];

/** Modules that are deployed, and the codes of their refusal. */
const modules: readonly (readonly [name: string, bytes: () => Buffer, code: RegExp])[] = [
  ['unknown-import', () => cGuest('unknown.c'), /FUNCTION_IMPORT_UNKNOWN/],
  ['malformed', () => cGuest('hostile.c').subarray(0, 400), /FUNCTION_MODULE_INVALID/],
  ['module-100mb', () => Buffer.concat([cGuest('hostile.c'), Buffer.alloc(100_000_000)]), /CLI_BAD_MODULE/],
];

export const functions: Scenario = async function* ({ short, entry, only }) {
  await using stack = new AsyncDisposableStack();
  const [rounds, ms] = short ? [1, 200] : [ROUNDS, 5000];
  const entries = calls.map(([name]) => {
    const file = name === 'publish-storm' ? 'storm' : 'hostile';
    const grants = file === 'storm' ? ', grants: { publish: [storm] }' : '';
    return `  ${name}: { file: ./${file}.wasm, on: { upstream: bad/${name} }${grants} }`;
  });
  const yaml = [brokerYaml({ connections: 100 }), 'functions:', ...entries, ''].join('\n');
  const files = { 'hostile.wasm': cGuest('hostile.c'), 'storm.wasm': cGuest('storm.c') };
  const gateway = await startGateway(stack, yaml, files, entry);
  const cores = short ? undefined : pinning;
  if (cores !== undefined) pin(gateway.pid, cores.broker);
  const probe = startWorker(stack, 'probe', { port: gateway.port, clients: short ? 5 : 20, rate: 100 });
  await probe.hear('connected');
  if (cores !== undefined) pin(probe.pid, cores.generator);
  const windows = await Windows.start(stack, probe, !short);
  for (const [name, payload, causes] of calls.filter(([one]) => one.includes(only))) {
    await using sending = new AsyncDisposableStack();
    const sender = startWorker(sending, 'hostile', { port: gateway.port, topic: `bad/${name}`, payload, rate: RATE });
    await sender.hear('connected');
    if (cores !== undefined) {
      pin(sender.pid, cores.generator);
      standBack(sender.pid);
    }
    const measured: Round[] = [];
    for (let round = 0; round < rounds; round++) {
      await sleep(ms / 2);
      const before = await windows.measure(ms);
      sender.say('start');
      measured.push({ before, during: await windows.measure(ms) });
      sender.say('stop');
      // Its breaker is closed for the next round, so that it fails in each of them.
      await hpmq(gateway, 'function', 'pause', name);
      await hpmq(gateway, 'function', 'resume', name);
      // What the commands left behind is collected some seconds later: not while others are measured.
      await sleep(short ? 0 : COLLECTED);
    }
    const shown = await hpmq(gateway, 'function', 'show', name, '--json');
    const { failures = {} } = JSON.parse(shown.stdout) as { failures?: Record<string, number> };
    const found = Object.entries(failures).filter(([cause]) => causes.includes(cause));
    const said = found.length > 0 ? [] : [`of its failures ${JSON.stringify(failures)} none is ${causes.join(' or ')}`];
    yield verdict(name, measured, short, said, found.map(([cause, count]) => `${cause} ${count}`).join(', '));
  }
  // The program that deploys is on the side of those who make load, as on a gateway it would be on another machine.
  if (cores !== undefined) {
    pin(process.pid, cores.generator);
    standBack(process.pid);
  }
  for (const [name, bytes, code] of modules.filter(([one]) => one.includes(only))) {
    const file = join(gateway.folder, `${name}.wasm`);
    writeFileSync(file, bytes());
    let stderr = '';
    const measured: Round[] = [];
    for (let round = 0; round < rounds; round++) {
      await sleep(ms / 2);
      const before = await windows.measure(ms);
      // What is deployed takes as long as it takes.
      const deploying = hpmq(gateway, 'function', 'deploy', 'endless-loop', file).then((refused) => {
        stderr = `${refused.code} ${refused.stderr}${refused.stdout}`;
      });
      measured.push({ before, during: await windows.measure(ms, deploying) });
    }
    const said = code.test(stderr) && !stderr.startsWith('0 ') ? [] : [`it was answered ${stderr}`];
    yield verdict(name, measured, short, said, code.exec(stderr)?.[0] ?? 'nothing');
  }
};

interface Round {
  readonly before: Window;
  readonly during: Window;
}

function hpmq(gateway: LoadGateway, ...args: readonly string[]) {
  return runHpmq(['--socket', gateway.socket, ...args]);
}

function verdict(
  name: string,
  rounds: readonly Round[],
  short: boolean,
  said: readonly string[],
  cause: string,
): Verdict {
  const of = (side: keyof Round, figure: keyof Window) => median(rounds.map((round) => round[side][figure]));
  const ratio = of('during', 'p99') / of('before', 'p99');
  const failures = [...said];
  if (!short && ratio > ALLOWED_RATIO) failures.push(`p99 rose ${ratio.toFixed(2)} times, more than ${ALLOWED_RATIO}`);
  if (rounds.some(({ during }) => during.received === 0)) failures.push('the others received nothing');
  return {
    scenario: `functions ${name}`,
    failures,
    figures: {
      'p99 before': milliseconds(of('before', 'p99')),
      during: milliseconds(of('during', 'p99')),
      ratio: ratio.toFixed(2),
      'with what the machine did': `${milliseconds(of('before', 'p99OfAll'))} → ${milliseconds(of('during', 'p99OfAll'))}`,
      'disturbed by it': `${percent(of('before', 'disturbed'))} → ${percent(of('during', 'disturbed'))}`,
      reported: cause,
    },
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
