/** A disk image as a stream of its bytes, whatever packed it: raw, xz, zstd or gzip, told by its first bytes. */
import { execFile, spawn } from 'node:child_process';
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { GatewayError } from '../core/errors.js';
import { flashError } from './errors.js';

export type Packing = 'none' | 'xz' | 'zstd' | 'gzip';

export interface Image {
  readonly path: string;
  readonly packing: Packing;
  /** Unpacked; undefined: the file does not say. */
  readonly bytes: number | undefined;
  /** Of the file. */
  readonly packedBytes: number;
}

/** @throws GatewayError FLASH_BAD_IMAGE, FLASH_NO_TOOL */
export async function inspectImage(path: string): Promise<Image> {
  const head = Buffer.alloc(32);
  let packedBytes: number;
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw flashError('FLASH_BAD_IMAGE', `${path} is no regular file`);
    packedBytes = stat.size;
    const handle = openSync(path, 'r');
    try {
      readSync(handle, head);
    } finally {
      closeSync(handle);
    }
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw flashError('FLASH_BAD_IMAGE', `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
  const packing = packingOf(head);
  return { path, packing, packedBytes, bytes: await unpackedBytes(path, packing, packedBytes, head) };
}

export function packingOf(head: Buffer): Packing {
  if (head.subarray(0, 6).equals(Buffer.from('fd377a585a00', 'hex'))) return 'xz';
  if (head.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  return head.readUInt16BE(0) === 0x1f8b ? 'gzip' : 'none';
}

async function unpackedBytes(path: string, packing: Packing, packedBytes: number, head: Buffer) {
  if (packing === 'none') return packedBytes;
  if (packing === 'zstd') return zstdContentSize(head);
  if (packing === 'gzip') return undefined;
  const list = await new Promise<string>((resolve, reject) => {
    execFile('xz', ['--robot', '--list', path], (error, stdout) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(noXz());
      else reject(flashError('FLASH_BAD_IMAGE', `${path} is no whole xz file`, { cause: error }));
    });
  });
  return Number(/^totals\t\d+\t\d+\t\d+\t(\d+)/m.exec(list)?.[1]);
}

const noXz = () => flashError('FLASH_NO_TOOL', 'xz is needed to unpack this image', { hint: 'install xz-utils' });

/** Frame_Content_Size (RFC 8878 §3.1.1.1). */
export function zstdContentSize(head: Buffer): number | undefined {
  const descriptor = head[4]!;
  const isSingle = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  const at = 5 + (isSingle ? 0 : 1) + dictionary;
  switch (descriptor >> 6) {
    case 0:
      return isSingle ? head[at] : undefined;
    case 1:
      return head.readUInt16LE(at) + 256;
    case 2:
      return head.readUInt32LE(at);
    default:
      return Number(head.readBigUInt64LE(at));
  }
}

/**
 * @param onPacked - bytes of the file so far
 * @throws GatewayError FLASH_BAD_IMAGE, while it is read
 */
export async function* imageBytes(
  image: Image,
  onPacked: (bytes: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { path, packing } = image;
  const file = createReadStream(path, { highWaterMark: 1024 * 1024 });
  let packed = 0;
  file.on('data', (chunk) => {
    packed += chunk.length;
    onPacked(packed);
  });
  const stop = () => void file.destroy(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (packing === 'xz') yield* throughXz(file, path);
    else if (packing === 'none') yield* file as AsyncIterable<Buffer>;
    else yield* through(file, packing === 'zstd' ? createZstdDecompress() : createGunzip());
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if (cause instanceof GatewayError) throw cause;
    throw flashError('FLASH_BAD_IMAGE', `${path} cannot be read to its end: ${(cause as Error).message}`, { cause });
  } finally {
    signal.removeEventListener('abort', stop);
    file.destroy();
  }
}

async function* through(file: Readable, unpacked: import('node:stream').Transform): AsyncGenerator<Buffer> {
  file.on('error', (error) => void unpacked.destroy(error));
  file.pipe(unpacked);
  try {
    yield* unpacked as AsyncIterable<Buffer>;
  } finally {
    unpacked.destroy();
  }
}

async function* throughXz(file: Readable, path: string): AsyncGenerator<Buffer> {
  const xz = spawn('xz', ['--decompress', '--stdout'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    xz.once('error', () => reject(noXz()));
    xz.once('close', resolve);
  });
  ended.catch(() => {});
  xz.stdin.on('error', () => {});
  file.on('error', () => void xz.kill());
  file.pipe(xz.stdin);
  try {
    yield* xz.stdout as AsyncIterable<Buffer>;
    if ((await ended) !== 0) throw flashError('FLASH_BAD_IMAGE', `${path} is damaged: xz cannot unpack it`);
  } finally {
    xz.kill();
  }
}
