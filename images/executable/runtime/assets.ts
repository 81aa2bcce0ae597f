/** The files inside the executable; images/build.mjs puts them there. */
import { getRawAsset } from 'node:sea';

export type Asset = 'parts' | 'parts.json' | 'serialport.node' | 'yoga.wasm' | 'engine.wasm';

/** A view of the executable's memory, not a copy: never write to it. */
export function asset(name: Asset): Buffer {
  return Buffer.from(getRawAsset(name));
}
