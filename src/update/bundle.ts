/**
 * A bundle for boxes that have the executable: a tar archive of three members, in this order.
 *
 *   manifest.json   {"format":1,"name":"hpmq","version":"1.2.3","arch":"arm64","bytes":…,"sha256":"…"}
 *   manifest.sig    its signature: ECDSA P-256, SHA-256, DER
 *   hpmq.zst        the program
 *
 * Rules: nothing is believed, and nothing large is written, before the signature was checked; the program is hashed as it is
 * written, and never runs unless it is the one that was signed.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { GatewayError } from '../core/errors.js';
import { updateError } from './errors.js';
import { isSignedBy } from './keys.js';
import { type Member, tarMembers } from './tar.js';

const MAX_MANIFEST_BYTES = 65_536;
const MAX_SIGNATURE_BYTES = 1_024;
const MAX_PROGRAM_BYTES = 512 * 1024 * 1024;
const VERSION = /^\d{1,6}\.\d{1,6}\.\d{1,6}(?:-[0-9A-Za-z.-]{1,32})?$/;

export interface Manifest {
  readonly version: string;
  readonly arch: string;
  /** Of the program. */
  readonly bytes: number;
  readonly sha256: string;
}

export type WriteChunk = (chunk: Buffer) => Promise<void>;

export interface Bundle {
  readonly manifest: Manifest;
  /** Writes the program. @throws GatewayError UPDATE_TAMPERED, UPDATE_BAD_BUNDLE */
  program(write: WriteChunk, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<void>;
}

/**
 * Reads a bundle up to its program.
 *
 * @throws GatewayError UPDATE_BAD_BUNDLE, UPDATE_UNSIGNED, UPDATE_UNTRUSTED
 */
export async function openBundle(source: AsyncIterable<Buffer>, keys: readonly KeyObject[]): Promise<Bundle> {
  const members = tarMembers(source);
  const manifestBytes = await small(await next(members, 'manifest.json', 'UPDATE_BAD_BUNDLE'), MAX_MANIFEST_BYTES);
  const signature = await small(await next(members, 'manifest.sig', 'UPDATE_UNSIGNED'), MAX_SIGNATURE_BYTES);
  if (!isSignedBy(keys, manifestBytes, signature)) {
    throw updateError(
      'UPDATE_UNTRUSTED',
      `the bundle is signed by none of the ${keys.length} keys that this box trusts, or its manifest was changed`,
    );
  }
  const manifest = parseManifest(manifestBytes);
  const program = await next(members, 'hpmq.zst', 'UPDATE_BAD_BUNDLE');
  return { manifest, program: (write, onBytes, signal) => writeProgram(program, manifest, write, onBytes, signal) };
}

async function next(
  members: AsyncGenerator<Member>,
  name: string,
  code: 'UPDATE_BAD_BUNDLE' | 'UPDATE_UNSIGNED',
): Promise<Member> {
  const found = await members.next().catch((cause: unknown) => {
    throw readFailure(cause);
  });
  if (!found.done && found.value.name === name) return found.value;
  const instead = found.done ? 'it ends' : `it has ${found.value.name.slice(0, 40)}`;
  throw updateError(code, `the bundle has no ${name} where one belongs: ${instead}`);
}

const readFailure = (cause: unknown): unknown =>
  cause instanceof RangeError
    ? updateError('UPDATE_BAD_BUNDLE', `this is no update bundle, or not all of it: ${cause.message}`, { cause })
    : cause;

async function small(member: Member, limit: number): Promise<Buffer> {
  if (member.bytes > limit) {
    throw updateError('UPDATE_BAD_BUNDLE', `${member.name} has ${member.bytes} bytes, more than ${limit}`);
  }
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of member.content) chunks.push(Buffer.from(chunk));
  } catch (cause) {
    throw readFailure(cause);
  }
  return Buffer.concat(chunks);
}

function parseManifest(bytes: Buffer): Manifest {
  let found: Readonly<Record<string, unknown>> = {};
  try {
    found = JSON.parse(bytes.toString('utf8')) ?? {};
  } catch (cause) {
    throw updateError('UPDATE_BAD_BUNDLE', 'the manifest of the bundle is not JSON', { cause });
  }
  const { format, name, version, arch, bytes: size, sha256 } = found;
  if (format !== 1) throw updateError('UPDATE_BAD_BUNDLE', 'the bundle has a format that this version does not know');
  if (name !== 'hpmq') throw updateError('UPDATE_INCOMPATIBLE', 'the bundle is of another product');
  if (
    typeof version !== 'string' ||
    !VERSION.test(version) ||
    typeof arch !== 'string' ||
    typeof sha256 !== 'string' ||
    !/^[0-9a-f]{64}$/.test(sha256) ||
    !Number.isSafeInteger(size)
  ) {
    throw updateError('UPDATE_BAD_BUNDLE', 'the manifest of the bundle is incomplete');
  }
  if ((size as number) <= 0 || (size as number) > MAX_PROGRAM_BYTES) {
    throw updateError('UPDATE_BAD_BUNDLE', `a program of ${size} bytes is not taken, only up to ${MAX_PROGRAM_BYTES}`);
  }
  return { version, arch, bytes: size as number, sha256 };
}

async function writeProgram(
  member: Member,
  manifest: Manifest,
  write: WriteChunk,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  const packed = Readable.from(member.content);
  const unpacked = createZstdDecompress();
  packed.on('error', (error) => unpacked.destroy(error));
  packed.pipe(unpacked);
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      bytes += chunk.length;
      if (bytes > manifest.bytes) break;
      hash.update(chunk);
      await write(chunk);
      onBytes(bytes);
    }
  } catch (cause) {
    if (signal.aborted || cause instanceof GatewayError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (cause instanceof RangeError) throw readFailure(cause);
    if (!code?.startsWith('ZSTD_') && code !== 'Z_BUF_ERROR') throw cause;
    throw updateError('UPDATE_TAMPERED', 'the program in the bundle cannot be unpacked: it is damaged or was changed', {
      cause,
    });
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
  const sha256 = hash.digest('hex');
  if (bytes !== manifest.bytes || sha256 !== manifest.sha256) {
    throw updateError(
      'UPDATE_TAMPERED',
      `the program in the bundle is not the one that was signed as ${manifest.version}`,
      {
        details: { expected: manifest.sha256, found: sha256 },
      },
    );
  }
}
