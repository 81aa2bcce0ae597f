/** For the version before this one, which comes back. Loads SQLite into the thread that asks: at the end only. */
import { join } from 'node:path';
import { migrateBack } from './migrations.js';

/**
 * What this program has migrated is taken back, with all that came since: nothing is lost. The store must be closed.
 *
 * @returns the schema it has now; undefined: nothing was to be done
 */
export function giveStoreBack(folder: string, program: string): number | undefined {
  return migrateBack(join(folder, 'store.sqlite'), program);
}
