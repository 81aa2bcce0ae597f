/** functions-sdk/js/engine/engine.wasm. In the executable its bytes are part of the bundle (images/executable/plugins.mjs). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

let bytes: Buffer | undefined;

export function engineBytes(): Buffer {
  bytes ??= readEngine(import.meta.dirname);
  return bytes;
}

/** From src/functions/javascript, and from the same folder below dist. */
function readEngine(from: string): Buffer {
  const file = 'functions-sdk/js/engine/engine.wasm';
  const places = [join(from, '../../..', file), join(from, '../../../..', file)];
  return readFileSync(places.find((place) => existsSync(place)) ?? places[0]!);
}
