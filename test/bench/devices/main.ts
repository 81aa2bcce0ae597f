/** `npm run bench:devices -- [SCENARIO…] [--short] [--entry dist/bin/hpmq.js]`: reading devices, measured on real processes and foreign slaves. */
import { parseArgs } from 'node:util';
import { type Scenario, shownVerdict } from '../../load/scenario.js';
import { forecasts } from './forecasts.js';
import { points } from './points.js';
import { scattered } from './scattered.js';

const scenarios: Readonly<Record<string, Scenario>> = { scattered, points, forecasts };

const { values, positionals } = parseArgs({
  options: { short: { type: 'boolean', default: false }, entry: { type: 'string' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !(name in scenarios));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(', ')}; known: ${Object.keys(scenarios).join(', ')}\n`);
  process.exit(64);
}
let isFailed = false;
for (const name of positionals.length > 0 ? positionals : Object.keys(scenarios)) {
  for await (const verdict of scenarios[name]!({ short: values.short, entry: values.entry, only: '' })) {
    isFailed ||= verdict.failures.length > 0;
    process.stdout.write(`${shownVerdict(verdict)}\n`);
  }
}
process.exit(isFailed ? 1 : 0);
