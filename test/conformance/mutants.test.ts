/** A short form of `npm run mutants`: the list fits the sources, and some of its breakages are caught. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { folder, keyOf, readClauses } from './clauses.js';
import { pick, readMutants, tryMutants } from './mutants.js';

const mutants = readMutants();

t.test('every breakage is of a clause that exists and fits its source, once', async (t) => {
  const known = new Set(readClauses().map(keyOf));
  t.ok(mutants.length >= 100);
  for (const { clause, file, find, replace } of mutants) {
    if (!known.has(clause)) t.fail(`${clause} does not exist`);
    const found = readFileSync(join(folder, '../..', file), 'utf8').split(find).length - 1;
    if (found !== 1 || find === replace) t.fail(`${clause}: ${file} has it ${found} times: ${find}`);
  }
});

t.test('breakages are spread over all chapters of both specifications', async (t) => {
  const chapters = new Set(mutants.map(({ clause }) => clause.replace(/\.\d+-\d+$/, '')));
  for (const chapter of [
    '1.5',
    '2.1',
    '2.2',
    '3.1',
    '3.2',
    '3.3',
    '3.4',
    '3.8',
    '3.9',
    '3.10',
    '3.12',
    '3.14',
    '3.15',
  ]) {
    t.ok(chapters.has(`5.0 MQTT-${chapter}`), `5.0 §${chapter}`);
  }
  for (const chapter of ['4.1', '4.3', '4.4', '4.6', '4.7', '4.8', '4.9', '4.12', '4.13', '6.0']) {
    t.ok(chapters.has(`5.0 MQTT-${chapter}`), `5.0 §${chapter}`);
  }
  for (const chapter of ['1.5', '2.2', '3.1', '3.2', '3.3', '3.8', '3.9', '4.4', '4.8', '6.0']) {
    t.ok(chapters.has(`3.1.1 MQTT-${chapter}`), `3.1.1 §${chapter}`);
  }
});

t.test('a choice can be repeated, and a row that is broken fails', async (t) => {
  t.same(pick(mutants, 20, 7), pick(mutants, 20, 7));
  t.equal(new Set(pick(mutants, mutants.length, 7)).size, mutants.length);
  await tryMutants(pick(mutants, 2, 3), ({ mutant, failed }) => {
    t.ok(failed.length > 0, `${mutant.clause} in ${mutant.file}`);
  });
});
