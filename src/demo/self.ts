/** How this program is called again: from the sources' build, through npx, or as one executable. */
import { isSea } from 'node:sea';

/** Program and first arguments that start hpmq. */
export function selfCommand(): readonly [program: string, ...args: string[]] {
  return isSea() ? [process.execPath] : [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
}

/** What a person types to start hpmq. */
export function selfName(): string {
  return isSea() ? process.execPath : 'npx hpmq';
}
