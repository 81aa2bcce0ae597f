/** Members of a tar archive (POSIX ustar) as they come; names of up to 100 bytes, regular files only. */
export interface Member {
  readonly name: string;
  readonly bytes: number;
  /** To be read before the next member is asked for. */
  readonly content: AsyncIterable<Buffer>;
}

const BLOCK = 512;

/** @throws RangeError when it is no such archive, or is cut short */
export async function* tarMembers(source: AsyncIterable<Buffer>): AsyncGenerator<Member> {
  const input = new Input(source);
  for (;;) {
    const header = await input.exactly(BLOCK);
    if (header.every((byte) => byte === 0)) return;
    checkHeader(header);
    const type = header[156];
    const bytes = Number.parseInt(text(header, 124, 12).trim(), 8);
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw new RangeError('a member has no size');
    if (type !== 0 && type !== 0x30) throw new RangeError('a member is no regular file');
    let left = bytes;
    const content = async function* (): AsyncGenerator<Buffer> {
      while (left > 0) {
        const chunk = await input.upTo(left);
        left -= chunk.length;
        yield chunk;
      }
    };
    yield { name: text(header, 0, 100), bytes, content: content() };
    while (left > 0) left -= (await input.upTo(left)).length;
    const padding = (BLOCK - (bytes % BLOCK)) % BLOCK;
    if (padding > 0) await input.exactly(padding);
  }
}

function text(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end < 0 ? length : end);
}

function checkHeader(header: Buffer): void {
  const expected = Number.parseInt(text(header, 148, 8).trim(), 8);
  let sum = 8 * 0x20;
  for (const [index, byte] of header.entries()) if (index < 148 || index >= 156) sum += byte;
  if (sum !== expected) throw new RangeError('a header has a wrong checksum');
}

class Input {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** At least one byte, at most `limit`. */
  async upTo(limit: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) throw new RangeError('it is cut short');
      this.#rest = next.value;
    }
    const taken = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  async exactly(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let left = bytes;
    while (left > 0) {
      const part = await this.upTo(left);
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }
}
