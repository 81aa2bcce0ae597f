#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=4 --initial-old-space-size=64 --single-threaded-gc
// One heap of the C library for all threads, room for garbage and one thread to collect it: ARCHITECTURE.md § Decisions. The executable and the benchmarks read the options here.
import { main } from '../src/cli/program.js';

// Not awaited: the executable is a CommonJS file, which has no top-level await.
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
