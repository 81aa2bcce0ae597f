import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { giveStoreBack } from '../../../src/store/give-back.js';
import { repoRoot } from '../../support/peers.js';
import { delivery, folderOf, openedStore, payloads } from './support.js';

/** A store as schema 1 left it: written by a gateway of that time. */
function oldStore(t: Test): string {
  const folder = folderOf(t);
  const packed = readFileSync(join(repoRoot, 'test', 'vectors', 'store', 'schema-1.sqlite.zst'));
  writeFileSync(join(folder, 'store.sqlite'), zstdDecompressSync(packed));
  return folder;
}

function look(folder: string) {
  const database = new DatabaseSync(join(folder, 'store.sqlite'), { readOnly: true });
  try {
    const { user_version: schema } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    const { n } = database.prepare('SELECT COUNT(*) AS n FROM entry').get() as { n: number };
    return { schema, entries: n };
  } finally {
    database.close();
  }
}

t.test('a store of schema 1 is migrated with all it has, after a backup', async (t) => {
  const folder = oldStore(t);
  const before = look(folder);
  t.equal(before.schema, 1);
  t.ok(before.entries > 0, 'there is something to lose');
  const store = await openedStore(t, folder, { program: '2.0.0' });
  await store[Symbol.asyncDispose]();
  t.strictSame(look(folder), { schema: 2, entries: before.entries });
  t.strictSame(look(join(folder, 'backup-schema-1')), before);
  t.match(JSON.parse(readFileSync(join(folder, 'backup-schema-1', 'backup.json'), 'utf8')), { schema: 1, by: '2.0.0' });
  t.equal(statSync(join(folder, 'backup-schema-1')).mode & 0o077, 0, "messages are nobody else's business");
});

t.test('what came since goes back with the store to the version before', async (t) => {
  const folder = oldStore(t);
  const { entries } = look(folder);
  const store = await openedStore(t, folder, { program: '2.0.0' });
  store.queue('new').append(delivery('came during the trial'));
  await store.commit();
  await store[Symbol.asyncDispose]();
  t.equal(giveStoreBack(folder, '3.0.0'), undefined, 'another program migrated it');
  t.equal(giveStoreBack(folder, '2.0.0'), 1);
  t.equal(giveStoreBack(folder, '2.0.0'), undefined, 'once is enough');
  t.strictSame(look(folder), { schema: 1, entries: entries + 1 });
  const old = await openedStore(t, folder, { program: '1.0.0', schema: 1 });
  t.strictSame(await payloads(old.queue('new')), ['came during the trial']);
});

t.test('a store of a newer program is refused with the place of the backup, and not touched', async (t) => {
  const folder = oldStore(t);
  await (await openedStore(t, folder, { program: '2.0.0' }))[Symbol.asyncDispose]();
  const bytes = readFileSync(join(folder, 'store.sqlite'));
  const message = new RegExp(
    `hpmq 2.0.0 \\(schema 2\\); this is hpmq 1.0.0, which knows schema 1; a backup .* ${folder}/backup-schema-1`,
  );
  await t.rejects(openedStore(t, folder, { program: '1.0.0', schema: 1 }), {
    code: 'STORE_NEWER',
    fault: 'config',
    message,
  });
  t.ok(readFileSync(join(folder, 'store.sqlite')).equals(bytes));
});

t.test('after a newer program was given up its store is set aside, and the backup counts', async (t) => {
  const folder = oldStore(t);
  const before = look(folder);
  await (await openedStore(t, folder, { program: '2.0.0' }))[Symbol.asyncDispose]();
  const old = await openedStore(t, folder, { program: '1.0.0', schema: 1, isAfterFallback: true });
  t.match(old.figures().setAside, /store\.sqlite\.newer-/);
  await old[Symbol.asyncDispose]();
  t.strictSame(look(folder), before);
  const aside = readdirSync(folder).filter((name) => /\.newer-.*Z$/.test(name));
  t.equal(aside.length, 1, 'nothing was destroyed');
  await (await openedStore(t, folder, { program: '2.0.0' }))[Symbol.asyncDispose]();
  t.equal(look(folder).schema, 2, 'and the newer one may come again');
});

t.test('a migration that was ended before it was done is done by the next start', async (t) => {
  const folder = oldStore(t);
  const before = look(folder);
  mkdirSync(join(folder, '.backup-new'));
  writeFileSync(join(folder, '.backup-new', 'store.sqlite'), 'half of a backup');
  await (await openedStore(t, folder, { program: '2.0.0' }))[Symbol.asyncDispose]();
  t.strictSame(look(folder), { schema: 2, entries: before.entries });
  t.notOk(existsSync(join(folder, '.backup-new')));
});

t.test('there is one backup: that of the last migration', async (t) => {
  const folder = oldStore(t);
  mkdirSync(join(folder, 'backup-schema-0'));
  await (await openedStore(t, folder, { program: '2.0.0' }))[Symbol.asyncDispose]();
  t.strictSame(
    readdirSync(folder).filter((name) => name.startsWith('backup')),
    ['backup-schema-1'],
  );
});
