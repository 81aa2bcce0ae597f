/** What a machine is told about itself: files on the boot partition, which `hpmq provision` takes in at the first start. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flashError } from './errors.js';
import { bootPartitionAt } from './partition.js';
import type { Medium } from './write.js';

/** The first file beside input, output and errors. */
const INHERITED = 3;
/** Of what a tool says, characters. */
const MAX_SAID = 4_096;

/** Name on the boot partition, and content. */
export type IdentityFiles = ReadonlyMap<string, Buffer>;

export interface Settings {
  readonly hostname?: string | undefined;
  readonly timezone?: string | undefined;
  readonly wifi?:
    | { readonly ssid: string; readonly password: string | undefined; readonly country: string }
    | undefined;
  readonly joinToken?: string | undefined;
}

/** The `provision.yaml` of these settings; JSON is YAML. @returns undefined: there is nothing to say */
export function provisionYaml({ hostname, timezone, wifi, joinToken }: Settings): Buffer | undefined {
  const document = {
    ...(hostname !== undefined && { hostname }),
    ...(timezone !== undefined && { timezone }),
    ...(wifi !== undefined && { network: { wifi } }),
    ...(joinToken !== undefined && { join: { token: joinToken } }),
  };
  if (Object.keys(document).length === 0) return undefined;
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}

/**
 * Writes them with mtools, without mounting anything, and reads them back.
 *
 * @throws GatewayError FLASH_NO_TOOL, FLASH_BAD_IMAGE, FLASH_FAILED
 */
export async function writeIdentity({ handle }: Medium, files: IdentityFiles): Promise<void> {
  if (files.size === 0) return;
  const drive = `/proc/self/fd/${INHERITED}@@${await bootPartitionAt(handle)}`;
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-flash-'));
  try {
    for (const [name, content] of files) {
      const file = join(folder, 'out');
      writeFileSync(file, content, { mode: 0o600 });
      await mtool('mcopy', ['-o', '-i', drive, file, `::${name}`], name, handle.fd);
      const back = join(folder, 'back');
      await mtool('mcopy', ['-n', '-o', '-i', drive, `::${name}`, back], name, handle.fd);
      if (!readFileSync(back).equals(content)) {
        throw flashError('FLASH_FAILED', `${name} on the boot partition is not what was written`);
      }
      rmSync(back);
    }
    await handle.sync();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @throws GatewayError FLASH_NO_TOOL */
export async function needMtools(): Promise<void> {
  await mtool('mcopy', ['-V'], 'mtools');
}

/** @param medium - the program has it as its file {@link INHERITED} */
function mtool(program: string, args: readonly string[], name: string, medium?: number): Promise<void> {
  const env = { ...process.env, MTOOLS_SKIP_CHECK: '1', LC_ALL: 'C' };
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe', medium ?? 'ignore'] });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-MAX_SAID);
  });
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        flashError('FLASH_NO_TOOL', `${program} is needed to write an identity`, { hint: 'install mtools', cause }),
      ),
    );
    child.once('close', (code) => {
      if (code === 0) return resolve();
      const last = said.trim().split('\n').at(-1) ?? '';
      return reject(flashError('FLASH_FAILED', `${name} cannot be written to the boot partition: ${last}`));
    });
  });
}
