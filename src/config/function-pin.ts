/** Writes the digest of a function's image into the configuration file: nothing else of the file changes. */
import { closeSync, fchmodSync, openSync, readFileSync, realpathSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { configError } from './errors.js';
import { fileFault } from './files.js';
import { fillFile } from './fill-file.js';

/**
 * @returns whether the file changed
 * @throws GatewayError CONFIG_NOT_WRITTEN
 */
export function pinDigest(path: string, functionName: string, digest: string): boolean {
  try {
    const target = realpathSync(path);
    const before = readFileSync(target, 'utf8');
    const after = withDigest(before, functionName, digest);
    if (after === undefined) {
      const message = `${path} has no function ${functionName} that can be changed there`;
      throw configError('CONFIG_NOT_WRITTEN', message, { hint: `write digest: ${digest} where its image is named` });
    }
    if (after === before) return false;
    replace(target, after);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
    throw configError('CONFIG_NOT_WRITTEN', `cannot write ${path}: ${fileFault(cause)}`, { cause });
  }
}

/** undefined: the text has no such function. Comments, order and layout stay. */
export function withDigest(text: string, functionName: string, digest: string): string | undefined {
  const document = parseDocument(text, { merge: true, logLevel: 'error' });
  const entry = document.getIn(['functions', functionName], true);
  if (document.errors.length > 0 || !isMap(entry)) return undefined;
  if (entry.get('digest') === digest) return text;
  const spliced = splice(text, entry, digest);
  document.setIn(['functions', functionName, 'digest'], digest);
  const wanted: unknown = document.toJS();
  if (spliced !== undefined) {
    const read = parseDocument(spliced, { merge: true, logLevel: 'error' });
    if (read.errors.length === 0 && isDeepStrictEqual(read.toJS(), wanted)) return spliced;
  }
  return document.toString({ lineWidth: 0 });
}

/** In place of the old digest, or right after the image. */
function splice(text: string, entry: YAMLMap, digest: string): string | undefined {
  const nodeOf = (key: string) => {
    const node = entry.get(key, true);
    return isScalar(node) && node.range ? node.range : undefined;
  };
  const old = nodeOf('digest');
  if (old !== undefined) return `${text.slice(0, old[0])}${digest}${text.slice(old[1])}`;
  const image = entry.items.find(({ key }) => isScalar(key) && key.value === 'image');
  const [value, keyRange] = [nodeOf('image'), isScalar(image?.key) ? image.key.range : undefined];
  if (value === undefined || !keyRange) return undefined;
  if (entry.flow === true) return `${text.slice(0, value[1])}, digest: "${digest}"${text.slice(value[1])}`;
  const indent = keyRange[0] - (text.lastIndexOf('\n', keyRange[0] - 1) + 1);
  const end = text.indexOf('\n', value[1]);
  const eol = end > 0 && text[end - 1] === '\r' ? '\r\n' : '\n';
  const line = `${' '.repeat(indent)}digest: ${digest}${eol}`;
  return end < 0 ? `${text}${eol}${line}` : `${text.slice(0, end + 1)}${line}${text.slice(end + 1)}`;
}

/** The old file or the new one; owner and mode stay. */
function replace(target: string, text: string): void {
  const temporary = `${target}.${process.pid}.new`;
  const old = statSync(target);
  const file = openSync(temporary, 'wx', 0o600);
  try {
    fchmodSync(file, old.mode & 0o7777);
    fillFile(file, text, old);
    renameSync(temporary, target);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    closeSync(file);
  }
}
