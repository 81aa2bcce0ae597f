/** The table is complete and tells the truth about which tests there are; whether they can fail is shown by mutants.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { folder, keyOf, namedTests, readClauses, readTests, table } from './clauses.js';

const clauses = readClauses();
const tests = readTests();

t.test('the catalogue has every clause of appendix B once, in order', async (t) => {
  const keys = clauses.map(keyOf);
  t.same(keys, [...new Set(keys)], 'no clause twice');
  t.same(chapters('5.0'), { 1: 5, 2: 7, 3: 175, 4: 60, 6: 4 });
  t.same(chapters('3.1.1'), { 1: 3, 2: 9, 3: 95, 4: 26, 6: 4, 7: 4 });
  for (const { id, says, binds } of clauses) {
    t.match(id, /^MQTT-\d+\.\d+\.\d+-\d+$/);
    t.ok(says.length > 10 && says.length < 300, `${id} is said in a sentence`);
    t.ok(['server', 'client', 'both'].includes(binds), `${id} says whom it binds`);
  }
});

t.test('every clause has a test', async (t) => {
  const proved = new Set(tests.flatMap((test) => test.clauses));
  t.same(
    clauses.map(keyOf).filter((key) => !proved.has(key)),
    [],
  );
});

t.test('a title names only clauses that exist', async (t) => {
  const known = new Set(clauses.map(keyOf));
  for (const { file, title, clauses } of tests) {
    for (const clause of clauses) t.ok(known.has(clause), `${file}: ${title}: ${clause}`);
  }
});

t.test('no two tests have one title', async (t) => {
  const titles = tests.map(({ title }) => title);
  t.same(
    titles.filter((title, index) => titles.indexOf(title) !== index),
    [],
  );
});

t.test('clauses.md is up to date: npm run clauses', async (t) => {
  t.equal(readFileSync(join(folder, 'clauses.md'), 'utf8'), table(clauses, tests));
});

t.test('titles are found however they are quoted, and with what they name', async (t) => {
  const source = `
each([4], 'a [MQTT-1.2.3-4, MQTT-1.2.3-5] [3.1.1: MQTT-9.9.9-9]', run);
t.test("b's [MQTT-1.1.1-1]", run);
  ['it\\'s [MQTT-2.2.2-2]', 0x81],
// no test [MQTT-3.3.3-3]
`;
  t.same(namedTests('x.test.ts', source), [
    { file: 'x.test.ts', title: 'a', clauses: ['5.0 MQTT-1.2.3-4', '5.0 MQTT-1.2.3-5', '3.1.1 MQTT-9.9.9-9'] },
    { file: 'x.test.ts', title: "b's", clauses: ['5.0 MQTT-1.1.1-1'] },
    { file: 'x.test.ts', title: "it's", clauses: ['5.0 MQTT-2.2.2-2'] },
  ]);
});

function chapters(edition: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { id } of clauses.filter((clause) => clause.edition === edition)) {
    const chapter = id.charAt('MQTT-'.length);
    counts[chapter] = (counts[chapter] ?? 0) + 1;
  }
  return counts;
}
