/** Images that a gateway needs: what its configuration names, and what the versions on its disk came of. */
import type { FunctionConfig } from '../../core/config.js';
import { VersionFolder } from '../version-folder.js';
import { parseReference } from './reference.js';

export interface ImageInUse {
  readonly image: string;
  readonly digest: string | undefined;
}

export async function imagesInUse(
  functions: Readonly<Record<string, FunctionConfig>>,
  /** Of the gateway; undefined: nothing is kept. */
  data: string | undefined,
): Promise<readonly ImageInUse[]> {
  const found: ImageInUse[] = [];
  for (const { name, source } of Object.values(functions)) {
    if (source.type !== 'image') continue;
    found.push(source);
    const state = data === undefined ? undefined : await new VersionFolder(data, name).state();
    for (const { source: image } of state?.versions ?? []) {
      if (isReference(image)) found.push({ image, digest: undefined });
    }
  }
  return found;
}

function isReference(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    return false;
  }
}
