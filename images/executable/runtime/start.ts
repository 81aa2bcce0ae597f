/**
 * What runs first in the executable: compiles the program, with V8's code cache when the executable has one, and calls it.
 * Node's own option for a code cache is not used because it warns on stderr at every start when V8 rejects the cache.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { getAssetKeys } from 'node:sea';
import { Script } from 'node:vm';
import { asset } from './assets.js';

type Program = (
  require: NodeJS.Require,
  module: { exports: object },
  exports: object,
  filename: string,
  folder: string,
) => void;

const script = new Script(asset('program.cjs').toString('latin1'), {
  filename: 'hpmq',
  ...(getAssetKeys().includes('program.cache') ? { cachedData: asset('program.cache') } : {}),
});
const program = script.runInThisContext() as Program;
const module = { exports: {} };
program(createRequire(process.execPath), module, module.exports, process.execPath, dirname(process.execPath));
