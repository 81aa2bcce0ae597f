/** One start of the store's worker without its thread. */
import { join } from 'node:path';
import { open } from '../../../src/store/open.js';
import type { Found } from '../../../src/store/protocol.js';

/** @param schema - what the program knows; 1: one that was put back in the place of a newer one */
export function openOnce(folder: string, schema: number): Found {
  const { database, found } = open({
    file: join(folder, 'store.sqlite'),
    durability: 'strict',
    tables: ['session'],
    program: `${schema}.0.0`,
    schema,
    isAfterFallback: schema === 1,
  });
  database.close();
  return found;
}
