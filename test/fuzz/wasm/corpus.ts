/** The modules that are mutated: each small guest there is, as its compilers make it. */
import { assemblyScriptGuest, cGuest, wapcAssemblyScriptGuest } from '../../support/guests.js';

export function wasmCorpus(): Buffer[] {
  return [
    cGuest('echo.c', ['-O2', '-Wl,--strip-all']),
    cGuest('hostile.c', ['-O2', '-Wl,--strip-all']),
    cGuest('hostile.c', ['-O0', '-Wl,--strip-all']),
    cGuest('checksum.c', ['-O2', '-msimd128', '-Wl,--strip-all']),
    cGuest('checksum.c', ['-O1', '-mtail-call', '-Wl,--strip-all']),
    cGuest('wapc-bare.c', ['-O2', '-Wl,--strip-all']),
    cGuest('capable.c', ['-O2', '-Wl,--strip-all']),
    assemblyScriptGuest('text.assemblyscript'),
  ];
}

/** Without npm's compilers: what clang makes. */
export function wapcCorpus(): Buffer[] {
  return [wapcAssemblyScriptGuest()];
}
