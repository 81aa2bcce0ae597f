/** Functions that misbehave in every way: the round trips of the others, before and meanwhile, and what is said of each. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pin, pinning, standBack } from '../../bench/process.js';
import { runHpmq } from '../../support/gateway.js';
import { cGuest } from '../../support/guests.js';
import { type LoadGateway, startGateway, startWorker, type Worker } from '../processes.js';
import { type ProbeResult, quiet } from '../roles/probe.js';
import { brokerYaml, milliseconds, type Scenario, type Verdict } from '../scenario.js';
import { measure } from './floods.js';

const ALLOWED_RATIO = 1.5;
/** The runtime collects what is left of a short activity after 8 s, ms. */
const COLLECTED = 10_000;
/** A round in which the probe was later than this at its own timer is made again: the machine was busy, ms. */
const CALM_MS = 0.75;
const MAX_ROUNDS = 9;
/** A shared machine takes about 1 % of the time away, a few milliseconds at once: among so many windows some have less of it. */
const ROUNDS = 6;
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
  for (const [name, payload, causes] of calls.filter(([one]) => one.includes(only))) {
    await using sending = new AsyncDisposableStack();
    const sender = startWorker(sending, 'hostile', { port: gateway.port, topic: `bad/${name}`, payload, rate: RATE });
    await sender.hear('connected');
    if (cores !== undefined) {
      pin(sender.pid, cores.generator);
      standBack(sender.pid);
    }
    const measured = await alternate(probe, rounds, ms, {
      start: () => sender.say('start'),
      stop: async () => {
        const open = await measure(probe, ms);
        sender.say('stop');
        // Its breaker is closed for the next round, so that it fails in each of them.
        await hpmq(gateway, 'function', 'pause', name);
        await hpmq(gateway, 'function', 'resume', name);
        // What the commands left behind is collected some seconds later: not while others are measured.
        await sleep(short ? 0 : COLLECTED);
        return open;
      },
    });
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
    const measured = await alternate(probe, rounds, ms, {
      start: async () => {
        const refused = await hpmq(gateway, 'function', 'deploy', 'endless-loop', file);
        stderr = `${refused.code} ${refused.stderr}${refused.stdout}`;
      },
      stop: () => Promise.resolve(undefined),
    });
    const said = code.test(stderr) && !stderr.startsWith('0 ') ? [] : [`it was answered ${stderr}`];
    yield verdict(name, measured, short, said, code.exec(stderr)?.[0] ?? 'nothing');
  }
};

interface Round {
  readonly before: ProbeResult;
  readonly during: ProbeResult;
  /** While it is not asked. */
  readonly open: ProbeResult | undefined;
  /** How late the probe was at its own timer, p99, ms. It is on another core: that is the machine's doing, not the gateway's. */
  readonly own: number;
}

/** @returns the rounds in which the machine was least busy */
async function alternate(
  probe: Worker<'probe'>,
  rounds: number,
  ms: number,
  {
    start,
    stop,
  }: { readonly start: () => void | Promise<void>; readonly stop: () => Promise<ProbeResult | undefined> },
): Promise<readonly Round[]> {
  const all: Round[] = [];
  const calm = () => all.filter(({ own }) => own <= CALM_MS).length;
  while (all.length < rounds || (rounds > 1 && calm() < rounds && all.length < MAX_ROUNDS)) {
    await sleep(ms / 2);
    const before = await measure(probe, ms);
    const started = start();
    // What is deployed takes as long as it takes.
    const during = started === undefined ? await measure(probe, ms) : await measureWhile(probe, started, ms);
    const own = Math.max(before.own ?? 0, during.own ?? 0);
    all.push({ before, during, open: await stop(), own });
  }
  return all.sort((a, b) => a.own - b.own).slice(0, rounds);
}

async function measureWhile(probe: Worker<'probe'>, work: Promise<void>, ms: number): Promise<ProbeResult> {
  probe.say('start');
  await Promise.all([work, sleep(ms)]);
  probe.say('stop');
  return JSON.parse(await probe.next()) as ProbeResult;
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
  const [calm, meanwhile] = [quiet(rounds.map(({ before }) => before)), quiet(rounds.map(({ during }) => during))];
  const open = rounds.flatMap((round) => round.open ?? []);
  const ratio = meanwhile.p99 / calm.p99;
  const failures = [...said];
  if (!short && ratio > ALLOWED_RATIO) failures.push(`p99 rose ${ratio.toFixed(2)} times, more than ${ALLOWED_RATIO}`);
  if (rounds.some(({ during }) => during.received === 0)) failures.push('the others received nothing');
  return {
    scenario: `functions ${name}`,
    failures,
    figures: {
      'p99 before': milliseconds(calm.p99),
      during: milliseconds(meanwhile.p99),
      ratio: ratio.toFixed(2),
      'probe late': milliseconds(Math.max(...rounds.map(({ own }) => own))),
      'breaker open': open.length > 0 ? milliseconds(quiet(open).p99) : '-',
      reported: cause,
    },
  };
}
