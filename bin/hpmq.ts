#!/usr/bin/env node
import { main } from '../src/cli/program.js';

// Not awaited: the executable is a CommonJS file, which has no top-level await.
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
