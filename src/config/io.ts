/** What the schema reads besides the document itself: secrets and PEM files, from files and the environment. */
import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { say } from './values.js';

export interface ConfigInputs {
  /** Relative paths start here: the folder of the configuration file. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostName: string;
}

export function processInputs(folder = process.cwd()): ConfigInputs {
  return { folder, env: process.env, hostName: hostname() };
}

const MAX_FILE_BYTES = 1_000_000;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ELOOP: 'the links go in a circle',
};

/** The reason of a failed file operation in words. */
export function fileFault(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : REASONS[code]) ?? message;
}

export function readRegularFile(path: string, maxBytes = MAX_FILE_BYTES): Buffer {
  const stat = statSync(path);
  if (!stat.isFile()) throw new Error(stat.isDirectory() ? 'it is a folder' : 'it is not a regular file');
  if (stat.size > maxBytes) throw new Error(`it has ${stat.size} bytes, more than ${maxBytes}`);
  return readFileSync(path);
}

/** The path of a file; after parsing: its content. */
export function fileContent(inputs: ConfigInputs) {
  return fileWithPath(inputs).transform(({ content }) => content);
}

/** The path of a file; after parsing: where it is, and its content. */
export function fileWithPath(inputs: ConfigInputs) {
  return z
    .string()
    .min(1)
    .transform((path, context): { readonly file: string; readonly content: Buffer } => {
      const file = resolve(inputs.folder, path);
      try {
        return { file, content: readRegularFile(file) };
      } catch (error) {
        const hint = 'paths are relative to the folder of the configuration file; the gateway needs read permission';
        context.addIssue({ code: 'custom', message: say(`cannot read ${file}: ${fileFault(error)}`, hint) });
        return z.NEVER;
      }
    });
}

const SECRET_HINT = 'write { file: /path/to/file } or { env: NAME_OF_VARIABLE }';

/** `{ file: … }` or `{ env: … }`; after parsing: the secret. Its messages never contain what was written. */
export function secret(inputs: ConfigInputs) {
  const error = (issue: { readonly input?: unknown }) =>
    issue.input === undefined ? undefined : say('a secret is not written into the configuration itself', SECRET_HINT);
  const reference = z.string({
    error: (issue) => (issue.input === undefined ? undefined : say('is not a text', SECRET_HINT)),
  });
  return z
    .strictObject({ file: reference.min(1).optional(), env: reference.min(1).optional() }, { error })
    .transform((source, context): Buffer => {
      const fail = (message: string, hint: string, path: string[] = []) => {
        context.addIssue({ code: 'custom', path, message: say(message, hint) });
        return z.NEVER;
      };
      if ((source.file === undefined) === (source.env === undefined)) {
        return fail('a secret has exactly one source', SECRET_HINT);
      }
      if (source.env !== undefined) {
        const value = inputs.env[source.env];
        if (value !== undefined && value !== '') return Buffer.from(value);
        return fail(`the environment variable ${source.env} is not set`, 'set it for the gateway, or use { file: … }', [
          'env',
        ]);
      }
      const full = resolve(inputs.folder, source.file!);
      try {
        return readRegularFile(full);
      } catch (cause) {
        const hint = 'paths are relative to the folder of the configuration file; the gateway needs read permission';
        return fail(`cannot read ${full}: ${fileFault(cause)}`, hint, ['file']);
      }
    });
}

/** A password as text: a line break at the end of the file does not belong to it. */
export function secretText(inputs: ConfigInputs) {
  return secret(inputs).transform((bytes) => bytes.toString('utf8').replace(/\r?\n$/, ''));
}
