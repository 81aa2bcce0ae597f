/** `npm run load -- [SCENARIO…] [--short] [--only FORM] [--entry dist/bin/hpmq.js]`: what one client may cost another, measured on real processes. */
import { parseArgs } from 'node:util';
import { type Scenario, shownVerdict } from './scenario.js';
import { clients } from './scenarios/clients.js';
import { floods } from './scenarios/floods.js';
import { passwords } from './scenarios/passwords.js';
import { slowReaders } from './scenarios/slow-readers.js';

const scenarios: Readonly<Record<string, Scenario>> = { clients, 'slow-readers': slowReaders, floods, passwords };

const { values, positionals } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    entry: { type: 'string' },
    only: { type: 'string', default: '' },
  },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !(name in scenarios));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(', ')}; known: ${Object.keys(scenarios).join(', ')}\n`);
  process.exit(64);
}
let isFailed = false;
for (const name of positionals.length > 0 ? positionals : Object.keys(scenarios)) {
  for await (const verdict of scenarios[name]!({ short: values.short, entry: values.entry, only: values.only })) {
    isFailed ||= verdict.failures.length > 0;
    process.stdout.write(`${shownVerdict(verdict)}\n`);
  }
}
process.exit(isFailed ? 1 : 0);
