/** The checksum of a frame: which, over what, and how it stands there. */
import { CRC_CATALOGUE, type Crc, type CrcParameters, createCrc } from './crc.js';

/** `sum8`: of the bytes; `lrc`: its two's complement (Modbus ASCII); `xor`: of the bytes (BCC). */
export const SIMPLE_SUMS = ['sum8', 'sum16', 'xor', 'lrc'] as const;
export type SimpleSum = (typeof SIMPLE_SUMS)[number];

export const CHECKSUM_NAMES: readonly string[] = [...SIMPLE_SUMS, ...CRC_CATALOGUE.keys()];

export interface ChecksumOptions {
  /** A name of {@link CHECKSUM_NAMES}, or a CRC of its own. */
  readonly type: string | CrcParameters;
  /** hex: two characters per byte. */
  readonly encoding: 'binary' | 'hex';
  readonly endian: 'big' | 'little';
  /** What is covered begins with the start marker of the frame, or with its content. */
  readonly from: 'marker' | 'content';
  /** Bytes there that are not covered. */
  readonly skip: number;
  /** Stands between what is covered and the checksum: `*`. */
  readonly separator: Buffer;
}

const NOTHING = Buffer.alloc(0);

function simple(name: SimpleSum): Crc {
  return (bytes, start = 0, end = bytes.length) => {
    let value = 0;
    for (let i = start; i < end; i++) value = name === 'xor' ? value ^ bytes[i]! : (value + bytes[i]!) & 0xffff;
    if (name === 'sum16') return value;
    return name === 'lrc' ? -value & 0xff : value & 0xff;
  };
}

export class Checksum {
  /** Bytes that it takes in the frame, without its separator. */
  readonly size: number;
  /** Its separator included. */
  readonly bytes: number;
  readonly #options: ChecksumOptions;
  readonly #sum: Crc;
  readonly #width: number;

  constructor(options: ChecksumOptions) {
    this.#options = options;
    const { type, encoding, separator } = options;
    if (typeof type === 'string' && SIMPLE_SUMS.includes(type as SimpleSum)) {
      this.#sum = simple(type as SimpleSum);
      this.#width = type === 'sum16' ? 2 : 1;
    } else {
      const parameters = typeof type === 'string' ? CRC_CATALOGUE.get(type) : type;
      if (parameters === undefined) throw new TypeError(`there is no checksum ${String(type)}`);
      this.#sum = createCrc(parameters);
      this.#width = Math.ceil(parameters.width / 8);
    }
    this.size = encoding === 'hex' ? 2 * this.#width : this.#width;
    this.bytes = this.size + separator.length;
  }

  /**
   * @param contentAt - where the content of the frame begins in it
   * @param end - where the checksum ends
   */
  fits(frame: Buffer, contentAt: number, end: number): boolean {
    const { separator } = this.#options;
    const at = end - this.size;
    const coveredTo = at - separator.length;
    const from = this.#from(contentAt);
    if (coveredTo < from) return false;
    if (separator.length > 0 && frame.compare(separator, 0, separator.length, coveredTo, at) !== 0) return false;
    return this.#read(frame, at) === this.#sum(frame, from, coveredTo);
  }

  /** The separator and the checksum of a frame that is made up to it. */
  of(frame: Buffer, contentAt: number): Buffer {
    const value = this.#sum(frame, this.#from(contentAt), frame.length);
    const digits = value
      .toString(16)
      .toUpperCase()
      .padStart(2 * this.#width, '0');
    const big = Buffer.from(digits, 'hex');
    const ordered = this.#options.endian === 'big' ? big : big.reverse();
    const { encoding, separator } = this.#options;
    const written = encoding === 'hex' ? Buffer.from(ordered.toString('hex').toUpperCase()) : ordered;
    return Buffer.concat([separator.length === 0 ? NOTHING : separator, written]);
  }

  #from(contentAt: number): number {
    return (this.#options.from === 'marker' ? 0 : contentAt) + this.#options.skip;
  }

  /** @returns undefined when hexadecimal digits are none */
  #read(frame: Buffer, at: number): number | undefined {
    const { encoding, endian } = this.#options;
    let bytes: Buffer = frame.subarray(at, at + this.size);
    if (encoding === 'hex') {
      const text = bytes.toString('latin1');
      if (!/^[0-9a-f]+$/i.test(text)) return undefined;
      bytes = Buffer.from(text, 'hex');
    }
    return endian === 'big' ? bytes.readUIntBE(0, bytes.length) : bytes.readUIntLE(0, bytes.length);
  }
}
