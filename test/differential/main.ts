/** `node dist/test/differential/main.js --sequences 100000 --seed 7`: exits with 1 when a difference is not in the list. */
import { parseArgs } from 'node:util';
import { runDifferential } from './run.js';

const MOST_SIGNATURES = 300;

const { values } = parseArgs({
  options: {
    sequences: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    tell: { type: 'string' },
    only: { type: 'string' },
  },
});
const sequences = Number(values.sequences ?? 10_000);
const seed = Number(values.seed ?? 1);
const startedAt = performance.now();
let toldAt = startedAt;
const seconds = () => ((performance.now() - startedAt) / 1_000).toFixed(0);
const summary = await runDifferential({
  sequences,
  seed,
  from: Number(values.from ?? 0),
  mostTold: Number(values.tell ?? 20),
  only: values.only === undefined ? undefined : new RegExp(values.only),
  onProgress(done, differing) {
    if (performance.now() - toldAt < 5_000) return;
    toldAt = performance.now();
    console.error(`${seconds()} s: ${done} of ${sequences} sequences, ${differing} differ`);
  },
});
let sum = 0;
for (const [entry, count] of [...summary.listed].sort((a, b) => b[1] - a[1])) {
  console.log(`${String(count).padStart(7)}  ${entry.verdict.padEnd(9)}  ${entry.clause}: ${entry.why}`);
  sum += count;
}
for (const text of summary.unlisted) console.log(`NOT LISTED\n${text}`);
for (const [signature, count] of [...summary.signatures].sort((a, b) => b[1] - a[1]).slice(0, MOST_SIGNATURES)) {
  console.log(`NOT LISTED ${String(count).padStart(5)}  ${signature}`);
}
const isFailed = summary.unlistedSequences > 0;
console.log(
  `differential: seed ${seed}, ${sequences} sequences, ${summary.packets} steps, ${sum} differ as listed in ${summary.listed.size} classes, ` +
    `${summary.unlistedSequences} differ otherwise, ${summary.unsteady} differed only beside others, ${seconds()} s: ${isFailed ? 'FAILED' : 'ok'}`,
);
process.exitCode = isFailed ? 1 : 0;
