/** What went wrong in the worker, in words that survive the way to the gateway. */
import type { Failure } from './protocol.js';

/** SQLite's primary result codes that people can do something about. */
const names: Readonly<Record<number, string>> = {
  5: 'SQLITE_BUSY',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  26: 'SQLITE_NOTADB',
};

export function failureOf(error: unknown): Failure {
  const { errcode, errstr, code, message } = error as Partial<Record<string, unknown>>;
  const name = typeof errcode === 'number' ? names[errcode & 0xff] : undefined;
  const text = typeof message === 'string' ? message : String(error);
  return {
    code: name ?? (typeof code === 'string' ? code : 'SQLITE_ERROR'),
    message: typeof errstr === 'string' && errstr !== text ? `${text} (${errstr})` : text,
  };
}

/** The file is damaged, as against a disk that is full or slow. */
export function isDamage(error: unknown): boolean {
  const { code } = failureOf(error);
  return code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB';
}

/** The folder or the disk does not let us write; what is there may still be read. */
export function isUnwritable(error: unknown): boolean {
  return /^(SQLITE_READONLY|SQLITE_CANTOPEN|SQLITE_FULL|SQLITE_IOERR|EROFS|EACCES|EPERM|ENOSPC|ENOTDIR|EEXIST|EIO)$/.test(
    failureOf(error).code,
  );
}
