/** A start that repairs, migrates or goes back is cut off, or refused by the disk, at each of its steps. */
import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { zstdDecompressSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { needs, repoRoot } from '../../support/peers.js';
import { openOnce } from './once.js';
import { delivery, folderOf, openedStore } from './support.js';

const entry = fileURLToPath(new URL('./open-once.js', import.meta.url));
/** What changes a folder. */
const CALLS =
  'rename,renameat,renameat2,unlink,unlinkat,link,linkat,rmdir,mkdir,fsync,fdatasync,ftruncate,copy_file_range,sendfile,pwrite64';
const peers = needs('strace');

/** One call of a start: the how many-th of its name. */
interface Step {
  readonly call: string;
  readonly nth: number;
}

function strace(options: readonly string[], folder: string, schema: number) {
  const env = { PATH: process.env.PATH };
  const program = [process.execPath, entry, folder, String(schema)];
  const run = spawnSync('strace', ['-qq', ...options, ...program], { encoding: 'utf8', env, timeout: 20_000 });
  if (run.error) throw run.error;
  return run;
}

/** What a start does to the folder that nobody cuts off; of pages that are written, some. */
function stepsOf(t: Test, folder: string, schema: number): readonly Step[] {
  const copy = copyOf(t, folder);
  const log = join(copy, '..', 'trace');
  const { status, stderr } = strace(['-o', log, '-e', `trace=${CALLS}`], copy, schema);
  t.equal(status, 0, stderr);
  const counts = new Map<string, number>();
  const steps = readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line): Step[] => {
      const call = /^\w+(?=\()/.exec(line)?.[0];
      if (call === undefined) return [];
      const nth = (counts.get(call) ?? 0) + 1;
      counts.set(call, nth);
      return [{ call, nth }];
    });
  return steps.filter(({ call, nth }) => call !== 'pwrite64' || nth % 10 === 1 || nth > counts.get(call)! - 2);
}

interface Look {
  readonly schema: number;
  readonly entries: number;
}

function look(file: string): Look {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const { user_version: schema } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    const { n } = database.prepare('SELECT COUNT(*) AS n FROM entry').get() as { n: number };
    return { schema, entries: n };
  } finally {
    database.close();
  }
}

function copyOf(t: Test, folder: string): string {
  const copy = join(folderOf(t), 'data');
  cpSync(folder, copy, { recursive: true });
  return copy;
}

interface Case {
  readonly name: string;
  /** What the program knows that is started. */
  readonly schema: number;
  prepare(t: Test): Promise<string>;
  /** After a whole start that followed one that was cut off. */
  check(t: Test, folder: string, when: string): void;
}

const whole = (folder: string): Look => look(join(folder, 'store.sqlite'));
const asides = (folder: string, reason: string): readonly string[] =>
  readdirSync(folder).filter((name) => name.startsWith(`store.sqlite.${reason}-`) && name.endsWith('Z'));
const leftOver = (folder: string): readonly string[] =>
  readdirSync(folder).filter((name) => /\.(making|next)|backup-new/.test(name));

function oldStore(t: Test): string {
  const folder = folderOf(t);
  const packed = readFileSync(join(repoRoot, 'test', 'vectors', 'store', 'schema-1.sqlite.zst'));
  writeFileSync(join(folder, 'store.sqlite'), zstdDecompressSync(packed));
  return folder;
}

/** Schema 2 with a backup of schema 1; what came since is in the log, as after a crash. */
async function migratedStore(t: Test): Promise<string> {
  const folder = oldStore(t);
  const store = await openedStore(t, folder, { program: '2.0.0' });
  store.queue('new').append(delivery('came since'));
  await store.commit();
  const crashed = copyOf(t, folder);
  await store[Symbol.asyncDispose]();
  t.ok(statSync(join(crashed, 'store.sqlite-wal')).size > 0);
  return crashed;
}

async function damagedStore(t: Test): Promise<string> {
  const folder = folderOf(t);
  const store = await openedStore(t, folder);
  for (let i = 0; i < 200; i++) store.queue('a').append(delivery(`${i} ${'x'.repeat(300)}`));
  await store.commit();
  await store[Symbol.asyncDispose]();
  const file = join(folder, 'store.sqlite');
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(4096, 0xa5), 0, 4096, Math.floor(statSync(file).size / 4096 / 2) * 4096);
  closeSync(handle);
  return folder;
}

function repaired(t: Test, folder: string): Look {
  const copy = copyOf(t, folder);
  t.ok(openOnce(copy, 2).repair);
  return whole(copy);
}

let expected: Look;
const cases: readonly Case[] = [
  {
    name: 'a repair',
    schema: 2,
    async prepare(t) {
      const folder = await damagedStore(t);
      expected = repaired(t, folder);
      t.ok(expected.entries > 50 && expected.entries < 200, `${expected.entries} of 200 can be read`);
      return folder;
    },
    check(t, folder, when) {
      t.strictSame(whole(folder), expected, when);
      t.equal(asides(folder, 'damaged').length, 1, `${when}: the damaged one is kept`);
    },
  },
  {
    name: 'the way back to the backup',
    schema: 1,
    async prepare(t) {
      const folder = await migratedStore(t);
      expected = look(join(folder, 'backup-schema-1', 'store.sqlite'));
      return folder;
    },
    check(t, folder, when) {
      t.strictSame(whole(folder), expected, when);
      const [aside, ...more] = asides(folder, 'newer');
      t.strictSame(more, [], when);
      t.strictSame(
        look(join(folder, aside!)),
        { schema: 2, entries: expected.entries + 1 },
        `${when}: what came since`,
      );
    },
  },
  {
    name: 'a migration',
    schema: 2,
    async prepare(t) {
      const folder = oldStore(t);
      expected = whole(folder);
      return folder;
    },
    check(t, folder, when) {
      t.strictSame(whole(folder), { ...expected, schema: 2 }, when);
      t.strictSame(look(join(folder, 'backup-schema-1', 'store.sqlite')), expected, `${when}: the backup`);
    },
  },
];

for (const { name, schema, prepare, check } of cases) {
  for (const [what, fault, calls] of [
    ['killed', 'signal=KILL', /./],
    ['refused once by the disk', 'error=EIO', /rename|unlink|sync/],
    ['on a disk that is full from there', 'error=ENOSPC', /pwrite|rename|mkdir|copy|send/],
  ] as const) {
    t.test(`${name}, ${what}, at each of its steps: the next start has all`, peers, async (t) => {
      const folder = await prepare(t);
      const steps = stepsOf(t, folder, schema).filter(({ call }) => calls.test(call));
      t.ok(steps.length > 5, `${steps.length} steps`);
      for (const { call, nth } of steps) {
        const copy = copyOf(t, folder);
        const when = `${call} ${nth}`;
        const rest = fault === 'error=ENOSPC' ? '+' : '';
        strace(
          ['-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:${fault}:when=${nth}${rest}`],
          copy,
          schema,
        );
        const found = openOnce(copy, schema);
        t.equal(found.blocked, undefined, when);
        check(t, copy, when);
        t.strictSame(leftOver(copy), [], `${when}: nothing is left over`);
      }
    });
  }
}
