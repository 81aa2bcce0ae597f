/** The cases of a function's author, played to the module that was built. */
import { readFileSync } from 'node:fs';
import { capabilities, type FunctionModule } from '../core/function.js';
import type { CaseResult } from '../function-test.js';
import { cliError } from './errors.js';
import { bytesText, visible } from './text.js';

/** What differs from the defaults. */
export interface CaseLimits {
  readonly fuel?: number | undefined;
  readonly memory?: number | undefined;
}

/** Everything that can be granted is. */
export async function openModule(bytes: Buffer, { fuel, memory }: CaseLimits = {}): Promise<FunctionModule> {
  const [{ compile }, { defaultLimits }] = await Promise.all([
    import('../functions/engine/module.js'),
    import('../function-test.js'),
  ]);
  return compile(bytes, {
    limits: { ...defaultLimits, ...(fuel !== undefined && { fuel }), ...(memory !== undefined && { memory }) },
    grants: new Set(capabilities),
    isolate: 'inline',
  });
}

/** Rejects with GatewayError when the module or a file of cases is not fit. */
export async function playCases(bytes: Buffer, files: readonly string[]): Promise<readonly CaseResult[]> {
  const [{ testFunction }, { parseFunctionCases }] = await Promise.all([
    import('../function-test.js'),
    import('../config/function-cases.js'),
  ]);
  const all = files.map((file) => parseFunctionCases(file, readCases(file)));
  const results: CaseResult[] = [];
  for (const cases of all) results.push(...(await testFunction(await openModule(bytes, cases.limits), cases)));
  return results;
}

export function readCases(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw cliError('CLI_NO_CASES', `cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}

export function resultLines({ name, ok, diff, fuel, memory, us, log }: CaseResult): readonly string[] {
  const head = `${ok ? 'pass' : 'FAIL'}  ${visible(name)}  (fuel ${fuel}, memory ${bytesText(memory)}, ${us} µs)`;
  if (ok) return [head];
  return [head, ...diff.map((line) => `      ${visible(line)}`), ...log.map((line) => `      log ${visible(line)}`)];
}
