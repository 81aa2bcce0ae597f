import fc from 'fast-check';
import t from 'tap';
import { SeenSet } from '../../../src/core/seen-set.js';
import type { StoredTable } from '../../../src/core/store.js';

class Table implements StoredTable {
  readonly records = new Map<string, Buffer>();
  entries() {
    return [...this.records];
  }
  set(key: string, value: Buffer) {
    this.records.set(key, Buffer.from(value));
  }
  delete(key: string) {
    this.records.delete(key);
  }
}

t.test('it answers like a set, in whatever order the numbers come, after a restart, too', async (t) => {
  const number = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 50_000 }));
  const step = fc.tuple(
    fc.constantFrom('add', 'add', 'add', 'remove', 'restart'),
    fc.constantFrom('a/1', 'b/2'),
    number,
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new Table();
      let seen = new SeenSet(table);
      const model = new Set<string>();
      for (const [what, origin, sequence] of steps) {
        const key = `${origin} ${sequence}`;
        if (what === 'add') t.equal(seen.add(origin, sequence), !model.has(key)) && model.add(key);
        else if (what === 'remove') {
          seen.remove(origin, sequence);
          model.delete(key);
        } else {
          seen.save();
          seen = new SeenSet(table);
        }
        t.equal(seen.has(origin, sequence), model.has(key));
      }
    }),
    { numRuns: 50 },
  );
});

t.test('only what has changed is written', async (t) => {
  const table = new Table();
  const seen = new SeenSet(table);
  for (let i = 1; i <= 3_000; i++) seen.add('a/1', i);
  seen.save();
  t.equal(table.records.size, 2);
  table.records.clear();
  seen.add('a/1', 17);
  seen.save();
  t.equal(table.records.size, 0, 'it was there');
  seen.add('a/1', 3_001);
  seen.save();
  t.equal(table.records.size, 1);
});

t.test('an hour behind by another way is no question of a window', async (t) => {
  const seen = new SeenSet();
  for (let i = 1_001; i <= 500_000; i++) seen.add('a/1', i);
  for (let i = 1; i <= 1_000; i++) if (!seen.add('a/1', i)) t.fail(`${i} was never here`);
  for (let i = 1; i <= 1_000; i++) if (seen.add('a/1', i)) t.fail(`${i} was here`);
  t.ok(seen.pages < 300, `${seen.pages} pages`);
});

t.test('bounded: what was used longest ago is forgotten, and counts as new', async (t) => {
  const table = new Table();
  const seen = new SeenSet(table, { pagesEach: 4, pages: 6 });
  for (let i = 0; i < 10; i++) seen.add('a/1', 1 + i * 2_048);
  t.equal(seen.pages, 4, 'of one origin');
  t.ok(seen.add('a/1', 1), 'the lowest went first');
  t.notOk(seen.add('a/1', 1 + 9 * 2_048));
  for (let i = 0; i < 20; i++) {
    seen.add(`origin/${i}`, 5);
    seen.save();
    t.ok(seen.pages <= 6 && table.records.size <= 6, 'of all');
    t.notOk(seen.add(`origin/${i}`, 5));
  }
  t.ok(seen.add('a/1', 1 + 9 * 2_048));
  t.ok(seen.origins <= 6);
});

t.test('records that are none are removed', async (t) => {
  const table = new Table();
  table.set('a/1 0', Buffer.alloc(3));
  table.set('nothing', Buffer.alloc(256));
  table.set('a/1 x', Buffer.alloc(256));
  t.equal(new SeenSet(table).origins, 0);
  t.equal(table.records.size, 0);
});
