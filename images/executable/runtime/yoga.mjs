/**
 * Stands in for `yoga-layout`, whose entry file awaits at top level: the same module, its WebAssembly started synchronously
 * through Emscripten's hook.
 */
import startYoga from '../../../node_modules/yoga-layout/dist/binaries/yoga-wasm-base64-esm.js';
import wrapAssembly from '../../../node_modules/yoga-layout/dist/src/wrapAssembly.js';
import { asset } from './assets.ts';

const yoga = {
  instantiateWasm(imports, received) {
    const module = new WebAssembly.Module(asset('yoga.wasm'));
    const instance = new WebAssembly.Instance(module, imports);
    received(instance);
    return instance.exports;
  },
};
startYoga(yoga);

export default wrapAssembly(yoga);
export * from '../../../node_modules/yoga-layout/dist/src/generated/YGEnums.js';
