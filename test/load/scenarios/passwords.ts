/** 10,000 wrong passwords from one address: what the others notice of it, and what is said of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hashPassword } from '../../../src/core/password.js';
import { pin, pinning, standBack } from '../../bench/process.js';
import { startGateway, startWorker } from '../processes.js';
import { type ProbeResult, quiet } from '../roles/probe.js';
import { milliseconds, type Scenario } from '../scenario.js';
import { measure } from './floods.js';

const ALLOWED_RATIO = 1.5;
const FLOOR_MS = 1;

export const passwords: Scenario = async function* ({ short, entry }) {
  const stack = new AsyncDisposableStack();
  const [tries, ms] = short ? [60, 200] : [10_000, 600];
  const username = 'operator';
  const hash = await hashPassword(Buffer.from('correct'));
  const yaml = [
    'gateway: { id: load }',
    'broker:',
    '  listeners: [{ type: tcp, port: 0 }]',
    `  auth: { users: { ${username}: { password: '${hash}' } } }`,
    '  limits: { connections: 200, connectRate: 0, connectRatePerAddress: 0 }',
    '',
  ].join('\n');
  const failures: string[] = [];
  let log = () => '';
  const before: ProbeResult[] = [];
  const during: ProbeResult[] = [];
  let outcome: Awaited<ReturnType<typeof startWorker<'guess'>>['result']>;
  try {
    const gateway = await startGateway(stack, yaml, {}, entry);
    log = gateway.log;
    const { port } = gateway;
    const cores = short ? undefined : pinning;
    if (cores !== undefined) pin(gateway.pid, cores.broker);
    const credentials = { username, password: 'correct' };
    const probe = startWorker(stack, 'probe', { port, clients: short ? 2 : 20, rate: 100, credentials });
    await probe.hear('connected');
    if (cores !== undefined) pin(probe.pid, cores.generator);
    for (let round = 0; round < (short ? 1 : 7); round++) before.push(await measure(probe, ms));
    const guesser = startWorker(stack, 'guess', { port, username, tries, atOnce: 20 });
    await guesser.hear('connected');
    if (cores !== undefined) {
      pin(guesser.pid, cores.generator);
      standBack(guesser.pid);
    }
    let isDone = false;
    void guesser.result.then(() => {
      isDone = true;
    });
    guesser.say('start');
    do during.push(await measure(probe, ms));
    while (!isDone);
    outcome = await guesser.result;
    await sleep(0);
  } finally {
    await stack.disposeAsync();
  }
  const lines = log()
    .split('\n')
    .filter((line) => line.includes('"login'));
  const summary = lines.map((line) => JSON.parse(line) as { msg: string; failures?: number; refused?: number }).at(-1);
  const counted = (summary?.failures ?? 0) + (summary?.refused ?? 0);
  const ratio = quiet(during).p99 / Math.max(quiet(before).p99, FLOOR_MS);
  if (!short && ratio > ALLOWED_RATIO) failures.push(`p99 rose ${ratio.toFixed(2)} times, more than ${ALLOWED_RATIO}`);
  if (outcome.accepted > 0) failures.push(`${outcome.accepted} wrong passwords were accepted`);
  if (outcome.refused + outcome.closed !== tries)
    failures.push(`${outcome.refused + outcome.closed} answers to ${tries}`);
  if (counted !== outcome.refused) failures.push(`${counted} counted of ${outcome.refused}`);
  if (lines.length !== 2)
    failures.push(`${lines.length} lines in the log, not one at the beginning and one at the end`);
  yield {
    scenario: 'passwords',
    failures,
    figures: {
      tries,
      refused: outcome.refused,
      'in ms': Math.round(outcome.ms),
      'p99 before': milliseconds(quiet(before).p99),
      during: milliseconds(quiet(during).p99),
      ratio: ratio.toFixed(2),
      'p50 before': milliseconds(quiet(before).p50),
      'p50 during': milliseconds(quiet(during).p50),
      'lines in the log': lines.length,
      counted,
    },
  };
};
