/**
 * Judges mutated modules one after the other, each from its own seed. Its parent reads from a file which one it is at, and
 * so knows which one it died of.
 *
 *   node child.js CORPUS_FOLDER POSITION_FILE SEED FROM TO
 */
import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Choice } from '../../support/random.js';
import { judge, type Sum } from './judge.js';
import { mutateModule } from './mutate.js';

const [folder = '', position = '', seed = '0', from = '0', to = '0'] = process.argv.slice(2);
const corpus = readdirSync(folder)
  .sort()
  .map((name) => readFileSync(join(folder, name)));
const file = openSync(position, 'w');
const at = Buffer.alloc(8);
const sum: Sum = { refused: 0, trapped: 0, answered: 0, hostCalls: 0, traps: {}, refusals: {} };
const MODULES_PER_TURN = 500;

for (let index = Number(from); index < Number(to); index++) {
  at.writeDoubleLE(index);
  writeSync(file, at, 0, 8, 0);
  judge(mutateModule(corpus, new Choice(Number(seed) * 0x9e3779b1 + index)), sum);
  if (index % MODULES_PER_TURN !== 0) continue;
  // Memories take address space until they are collected.
  (globalThis as { gc?: () => void }).gc?.();
  await turn();
}
console.log(JSON.stringify(sum));
