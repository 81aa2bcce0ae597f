/** What the schema reads besides the document itself: secrets and PEM files, from files and the environment. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { fileFault, readRegularFile } from './files.js';
import { say } from './values.js';

export interface ConfigInputs {
  /** Relative paths start here: the folder of the configuration file. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostName: string;
  /** Devices that are not in the document, because their profile cannot be had: what names them cannot be judged. */
  readonly unjudged?: ReadonlySet<string>;
}

export function processInputs(folder = process.cwd()): ConfigInputs {
  return { folder, env: process.env, hostName: hostname() };
}

/** The content of a file that was found readable, or the bytes themselves. Empty when it cannot be read any more. */
export function readBytes(source: string | Buffer): Buffer {
  if (typeof source !== 'string') return source;
  try {
    return readRegularFile(source);
  } catch {
    return Buffer.alloc(0);
  }
}

const FILE_HINT = 'paths are relative to the folder of the configuration file; the gateway needs read permission';

/** The path of a file that can be read; after parsing: absolute. */
export function filePath(inputs: ConfigInputs) {
  return z
    .string()
    .min(1)
    .transform((path, context): string => {
      const full = resolve(inputs.folder, path);
      try {
        readRegularFile(full);
        return full;
      } catch (error) {
        context.addIssue({ code: 'custom', message: say(`cannot read ${full}: ${fileFault(error)}`, FILE_HINT) });
        return z.NEVER;
      }
    })
    .meta({ $comment: 'file' });
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
        context.addIssue({ code: 'custom', message: say(`cannot read ${file}: ${fileFault(error)}`, FILE_HINT) });
        return z.NEVER;
      }
    })
    .meta({ $comment: 'file' });
}

const SECRET_FORM = '`{ file: … }` or `{ env: … }`';
const SECRET_HINT = 'write { file: /path/to/file } or { env: NAME_OF_VARIABLE }';

/** `{ file: … }` or `{ env: … }`; after parsing: the absolute path, or the secret itself. Messages never contain what was written. */
export function secretSource(inputs: ConfigInputs) {
  const error = (issue: { readonly input?: unknown }) =>
    issue.input === undefined ? undefined : say('a secret is not written into the configuration itself', SECRET_HINT);
  const reference = z.string({
    error: (issue) => (issue.input === undefined ? undefined : say('is not a text', SECRET_HINT)),
  });
  return z
    .strictObject({ file: reference.min(1).optional(), env: reference.min(1).optional() }, { error })
    .transform((source, context): string | Buffer => {
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
        readRegularFile(full);
        return full;
      } catch (cause) {
        return fail(`cannot read ${full}: ${fileFault(cause)}`, FILE_HINT, ['file']);
      }
    })
    .meta({ $comment: SECRET_FORM });
}

/** As {@link secretSource}; after parsing: the secret. */
export function secret(inputs: ConfigInputs) {
  return secretSource(inputs).transform(readBytes);
}

/** sockaddr_un.sun_path holds 108 bytes, the last of them NUL. */
const MAX_SOCKET_PATH_BYTES = 107;

/** The path of a Unix socket; after parsing: absolute. */
export function socketPath(inputs: ConfigInputs) {
  return z
    .string()
    .min(1)
    .transform((path, context) => {
      const full = resolve(inputs.folder, path);
      const bytes = Buffer.byteLength(full);
      if (bytes > MAX_SOCKET_PATH_BYTES) {
        const message = say(
          `${full} has ${bytes} bytes`,
          `a socket's path has at most ${MAX_SOCKET_PATH_BYTES}: choose a shorter one`,
        );
        context.addIssue({ code: 'custom', message });
      }
      return full;
    });
}

/** A password as text: a line break at the end of the file does not belong to it. */
export function secretText(inputs: ConfigInputs) {
  return secret(inputs).transform((bytes) => bytes.toString('utf8').replace(/\r?\n$/, ''));
}
