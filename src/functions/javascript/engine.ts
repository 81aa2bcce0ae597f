/** The engine of functions-sdk/js/engine. In the executable its bytes are part of the bundle (images/executable/plugins.mjs). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

let bytes: Buffer | undefined;

export function engineBytes(): Buffer {
  bytes ??= readEngine(join(import.meta.dirname, '../../../functions-sdk/js/engine/engine.wasm'));
  return bytes;
}

function readEngine(file: string): Buffer {
  return readFileSync(file);
}

/** @param base64 - of the engine, compressed with Brotli */
export function unpackEngine(base64: string): Buffer {
  return brotliDecompressSync(Buffer.from(base64, 'base64'));
}
