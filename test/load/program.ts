/** The command line of a program that plays scenarios. */
import { parseArgs } from 'node:util';
import { type Scenario, shownVerdict } from './scenario.js';

/**
 * `[SCENARIO…] [--short] [--only FORM] [--entry dist/bin/hpmq.js]`: prints each verdict as it comes.
 *
 * @returns the exit code: 1 when one failed
 */
export async function playScenarios(scenarios: Readonly<Record<string, Scenario>>): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      entry: { type: 'string' },
      only: { type: 'string', default: '' },
    },
    allowPositionals: true,
  });
  const unknown = positionals.filter((name) => !Object.hasOwn(scenarios, name));
  if (unknown.length > 0) {
    process.stderr.write(`unknown: ${unknown.join(', ')}; known: ${Object.keys(scenarios).join(', ')}\n`);
    return 64;
  }
  let isFailed = false;
  for (const name of positionals.length > 0 ? positionals : Object.keys(scenarios)) {
    for await (const verdict of scenarios[name]!({ short: values.short, entry: values.entry, only: values.only })) {
      isFailed ||= verdict.failures.length > 0;
      process.stdout.write(`${shownVerdict(verdict)}\n`);
    }
  }
  return isFailed ? 1 : 0;
}
