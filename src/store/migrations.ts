/**
 * The schema over time. A store of an older program is migrated when it is opened, after a backup; one of a newer program is
 * never touched: it is refused, or, when that program was given up, set aside for the backup. Runs in the worker.
 *
 *   data/store.sqlite                what counts
 *   data/backup-schema-1/            as it was before the last migration, with backup.json
 *   data/store.sqlite.newer-…        set aside; the last one is kept
 */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makingOf, swapIn, sync } from './swap.js';

interface Migration {
  /** Leads from the schema before it to this one. */
  readonly schema: number;
  readonly up: string;
  readonly down: string;
}

/** Says which program wrote last: a table that every later schema keeps, for the message of an older program. */
export const WRITTEN = 'CREATE TABLE written (program TEXT NOT NULL);';

const migrations: readonly Migration[] = [{ schema: 2, up: WRITTEN, down: 'DROP TABLE written;' }];

export const SCHEMA_VERSION = 2;
/** Left free beside a backup, bytes. */
const SPARE_BYTES = 16 * 1024 * 1024;
const BACKUP = 'backup-schema-';
const PARTS = ['', '-wal', '-shm'] as const;

export interface Backup {
  readonly folder: string;
  readonly schema: number;
  /** The program that migrated. */
  readonly by: string;
  /** Unix ms. */
  readonly at: number;
}

/** Its code decides what the operator is told. */
export class MigrationError extends Error {
  readonly code: 'STORE_NEWER' | 'NO_BACKUP';

  constructor(code: MigrationError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** @returns undefined: there is none */
export function readBackup(folder: string): Backup | undefined {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(BACKUP)) : [];
  const found = names.flatMap((name): Backup[] => {
    try {
      const { schema, by, at } = JSON.parse(readFileSync(join(folder, name, 'backup.json'), 'utf8'));
      return typeof schema === 'number' ? [{ folder: join(folder, name), schema, by: String(by), at: Number(at) }] : [];
    } catch {
      return [];
    }
  });
  return found.sort((a, b) => b.schema - a.schema)[0];
}

export function schemaOf(database: DatabaseSync): number {
  return (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}

/** @throws MigrationError STORE_NEWER */
export function refuseNewer(database: DatabaseSync, file: string, program: string, known: number): void {
  const schema = schemaOf(database);
  if (schema <= known) return;
  let by = 'a newer hpmq';
  try {
    const row = database.prepare('SELECT program FROM written').get() as { program: string } | undefined;
    if (row !== undefined) by = `hpmq ${row.program}`;
  } catch {
    // Its schema has no such table: it says nothing more.
  }
  const backup = readBackup(dirname(file));
  const rest =
    backup === undefined
      ? 'there is no backup of an older one'
      : `a backup of schema ${backup.schema}, of ${new Date(backup.at).toISOString()}, is in ${backup.folder}`;
  throw new MigrationError(
    'STORE_NEWER',
    `${file} was written by ${by} (schema ${schema}); this is hpmq ${program}, which knows schema ${known}; ${rest}`,
  );
}

/**
 * From an older schema to `known`. Ended at any moment: the next start does it again.
 *
 * @throws MigrationError NO_BACKUP; Error of SQLite
 */
export function migrate(database: DatabaseSync, file: string, program: string, known: number, now: number): void {
  const from = schemaOf(database);
  backup(database, file, from, program, now);
  const steps = migrations.filter(({ schema }) => schema > from && schema <= known);
  database.exec(`BEGIN IMMEDIATE; ${steps.map(({ up }) => up).join(' ')} PRAGMA user_version = ${known}; COMMIT`);
}

/** For the message of an older program that finds this store. */
export function sign(database: DatabaseSync, program: string): void {
  if (schemaOf(database) < 2) return;
  const row = database.prepare('SELECT program FROM written').get() as { program: string } | undefined;
  if (row?.program === program) return;
  database.exec('BEGIN IMMEDIATE; DELETE FROM written;');
  database.prepare('INSERT INTO written (program) VALUES (?)').run(program);
  database.exec('COMMIT');
}

function backup(database: DatabaseSync, file: string, schema: number, program: string, now: number): void {
  const folder = dirname(file);
  const target = join(folder, `${BACKUP}${schema}`);
  const incoming = join(folder, '.backup-new');
  // What a start that was cut off has left, a backup of the very schema that the store still has included, is only in the way.
  rmSync(incoming, { recursive: true, force: true });
  removeBackup(target);
  const bytes = PARTS.reduce((sum, part) => sum + (statSync(file + part, { throwIfNoEntry: false })?.size ?? 0), 0);
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < bytes + SPARE_BYTES) {
    throw new MigrationError(
      'NO_BACKUP',
      `there is no room for a backup of the store before it is migrated: ${bytes + SPARE_BYTES} bytes are needed, ${bavail * bsize} are free`,
    );
  }
  try {
    mkdirSync(incoming, { mode: 0o700 });
    const copy = join(incoming, basename(file));
    database.prepare('VACUUM INTO ?').run(copy);
    const about = join(incoming, 'backup.json');
    writeFileSync(about, `${JSON.stringify({ schema, by: program, at: now })}\n`);
    for (const path of [copy, about, incoming]) sync(path);
  } catch (error) {
    rmSync(incoming, { recursive: true, force: true });
    throw error;
  }
  for (const name of readdirSync(folder)) if (name.startsWith(BACKUP)) removeBackup(join(folder, name));
  renameSync(incoming, target);
  sync(folder);
}

/** First what makes it one: half of a backup is none. */
function removeBackup(folder: string): void {
  rmSync(join(folder, 'backup.json'), { force: true });
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Puts the backup in the place of a store that a newer program has migrated, which is set aside.
 *
 * @returns undefined: there is no backup that this program can read
 * @throws Error of the system: the disk cannot be written; the store is as it was
 */
export function restoreBackup(
  file: string,
  known: number,
  now: number,
): { setAside: string; backup: Backup } | undefined {
  const folder = dirname(file);
  const found = readBackup(folder);
  if (found === undefined || found.schema > known) return undefined;
  const kept = join(found.folder, basename(file));
  const prefix = `${basename(file)}.newer-`;
  const earlier = readdirSync(folder).filter((name) => name.startsWith(prefix));
  const isCopy = copyOrLink(kept, file);
  const setAside = swapIn(file, 'newer', now);
  try {
    for (const name of earlier) rmSync(join(folder, name), { force: true });
    if (!isCopy) removeBackup(found.folder);
  } catch {
    // It only takes room; the store is what it should be.
  }
  return { setAside, backup: found };
}

/** @returns false: there is no room for a copy, so the backup itself becomes the store */
function copyOrLink(backup: string, file: string): boolean {
  const made = makingOf(file);
  try {
    copyFileSync(backup, made);
    return true;
  } catch (error) {
    makingOf(file);
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    try {
      linkSync(backup, made);
    } catch {
      // FAT has no links.
      throw error;
    }
    return false;
  }
}

/**
 * What `program` migrated is taken back, with all that came since: for the program before it. Needs the store closed.
 *
 * @returns the schema it has now; undefined: nothing was to be done
 */
export function migrateBack(file: string, program: string): number | undefined {
  const found = readBackup(dirname(file));
  if (found === undefined || found.by !== program || !existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { timeout: 2_000 });
  try {
    const schema = schemaOf(database);
    if (schema <= found.schema) return undefined;
    const steps = migrations.filter((one) => one.schema > found.schema && one.schema <= schema).reverse();
    if (steps.length !== schema - found.schema) return undefined;
    database.exec('PRAGMA synchronous = FULL');
    database.exec(
      `BEGIN IMMEDIATE; ${steps.map(({ down }) => down).join(' ')} PRAGMA user_version = ${found.schema}; COMMIT`,
    );
    return found.schema;
  } finally {
    database.close();
  }
}
