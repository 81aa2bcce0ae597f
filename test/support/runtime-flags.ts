import { readFileSync } from 'node:fs';

/**
 * The beginning of the command line that the gateway is started with, up to its options of Node: what the first line of
 * `dist/bin/hpmq.js` says, with the Node that runs this. What is measured is what ships.
 */
export function runtimeCommand(entry: string): readonly string[] {
  const [line = ''] = readFileSync(entry, 'utf8').split('\n', 1);
  const [, variables, flags] = /^#!\/usr\/bin\/env -S ((?:\w+=\S+ )*)node (.*)$/.exec(line) ?? [];
  if (variables === undefined || flags === undefined) {
    throw new Error(`${entry} does not begin with "#!/usr/bin/env -S … node …"`);
  }
  return ['env', ...variables.split(' ').slice(0, -1), process.execPath, ...flags.split(' ')];
}
