/** The engine of functions-sdk/js/engine. In the executable it is an asset (images/executable/plugins.mjs). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

let bytes: Buffer | undefined;

export function engineBytes(): Buffer {
  bytes ??= readEngine(join(import.meta.dirname, '../../../functions-sdk/js/engine/engine.wasm'));
  return bytes;
}

function readEngine(file: string): Buffer {
  return readFileSync(file);
}
