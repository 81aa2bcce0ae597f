/** A gateway process with functions that are C guests of test/guests. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type RunningGateway, startTestGateway, tempFolder } from './gateway.js';
import { cGuest } from './guests.js';

export interface GuestFiles {
  /** Writes a guest into the folder of the gateway. @returns its path */
  write(name: string, source: string, flags?: readonly string[]): string;
}

export interface FunctionGateway extends RunningGateway, GuestFiles {}

/**
 * @param modules - file name → C source of test/guests, with flags of the compiler
 * @param yaml - names the files as `./NAME.wasm`
 */
export async function startFunctionGateway(
  t: Test,
  modules: Readonly<Record<string, readonly [source: string, ...flags: string[]]>>,
  yaml: string,
): Promise<FunctionGateway> {
  const folder = tempFolder(t);
  const write = (name: string, source: string, flags: readonly string[] = []) => {
    const file = join(folder, `${name}.wasm`);
    writeFileSync(file, cGuest(source, ['-O2', ...flags]));
    return file;
  };
  for (const [name, [source, ...flags]] of Object.entries(modules)) write(name, source, flags);
  const gateway = await startTestGateway(t, yaml, folder);
  return { ...gateway, write };
}
