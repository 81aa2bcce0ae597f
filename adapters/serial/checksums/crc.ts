/**
 * Cyclic redundancy checks in the parametrisation of Ross Williams' "A Painless Guide to CRC Error Detection Algorithms";
 * names and check values (the CRC of the nine bytes `123456789`) are those of the catalogue of parametrised CRC algorithms.
 */

export interface CrcParameters {
  /** Bits, 8 to 32. */
  readonly width: number;
  /** Without the highest bit, highest first. */
  readonly poly: number;
  readonly init: number;
  readonly refIn: boolean;
  readonly refOut: boolean;
  readonly xorOut: number;
}

/** poly, init, reflected (in and out), xorout */
type Row = readonly [poly: number, init: number, reflected: boolean, xorOut: number];

const rows: Readonly<Record<8 | 16 | 32, Readonly<Record<string, Row>>>> = {
  8: {
    autosar: [0x2f, 0xff, false, 0xff],
    bluetooth: [0xa7, 0, true, 0],
    cdma2000: [0x9b, 0xff, false, 0],
    darc: [0x39, 0, true, 0],
    'dvb-s2': [0xd5, 0, false, 0],
    'gsm-a': [0x1d, 0, false, 0],
    'gsm-b': [0x49, 0, false, 0xff],
    'i-432-1': [0x07, 0, false, 0x55],
    'i-code': [0x1d, 0xfd, false, 0],
    lte: [0x9b, 0, false, 0],
    'maxim-dow': [0x31, 0, true, 0],
    'mifare-mad': [0x1d, 0xc7, false, 0],
    'nrsc-5': [0x31, 0xff, false, 0],
    opensafety: [0x2f, 0, false, 0],
    rohc: [0x07, 0xff, true, 0],
    'sae-j1850': [0x1d, 0xff, false, 0xff],
    smbus: [0x07, 0, false, 0],
    'tech-3250': [0x1d, 0xff, true, 0],
    wcdma: [0x9b, 0, true, 0],
  },
  16: {
    arc: [0x8005, 0, true, 0],
    cdma2000: [0xc867, 0xffff, false, 0],
    cms: [0x8005, 0xffff, false, 0],
    'dds-110': [0x8005, 0x800d, false, 0],
    'dect-r': [0x0589, 0, false, 1],
    'dect-x': [0x0589, 0, false, 0],
    dnp: [0x3d65, 0, true, 0xffff],
    'en-13757': [0x3d65, 0, false, 0xffff],
    genibus: [0x1021, 0xffff, false, 0xffff],
    gsm: [0x1021, 0, false, 0xffff],
    'ibm-3740': [0x1021, 0xffff, false, 0],
    'ibm-sdlc': [0x1021, 0xffff, true, 0xffff],
    'iso-iec-14443-3-a': [0x1021, 0xc6c6, true, 0],
    kermit: [0x1021, 0, true, 0],
    lj1200: [0x6f63, 0, false, 0],
    m17: [0x5935, 0xffff, false, 0],
    'maxim-dow': [0x8005, 0, true, 0xffff],
    mcrf4xx: [0x1021, 0xffff, true, 0],
    modbus: [0x8005, 0xffff, true, 0],
    'nrsc-5': [0x080b, 0xffff, true, 0],
    'opensafety-a': [0x5935, 0, false, 0],
    'opensafety-b': [0x755b, 0, false, 0],
    profibus: [0x1dcf, 0xffff, false, 0xffff],
    riello: [0x1021, 0xb2aa, true, 0],
    'spi-fujitsu': [0x1021, 0x1d0f, false, 0],
    't10-dif': [0x8bb7, 0, false, 0],
    teledisk: [0xa097, 0, false, 0],
    tms37157: [0x1021, 0x89ec, true, 0],
    umts: [0x8005, 0, false, 0],
    usb: [0x8005, 0xffff, true, 0xffff],
    xmodem: [0x1021, 0, false, 0],
  },
  32: {
    aixm: [0x814141ab, 0, false, 0],
    autosar: [0xf4acfb13, 0xffffffff, true, 0xffffffff],
    'base91-d': [0xa833982b, 0xffffffff, true, 0xffffffff],
    bzip2: [0x04c11db7, 0xffffffff, false, 0xffffffff],
    'cd-rom-edc': [0x8001801b, 0, true, 0],
    cksum: [0x04c11db7, 0, false, 0xffffffff],
    iscsi: [0x1edc6f41, 0xffffffff, true, 0xffffffff],
    'iso-hdlc': [0x04c11db7, 0xffffffff, true, 0xffffffff],
    jamcrc: [0x04c11db7, 0xffffffff, true, 0],
    mef: [0x741b8cd7, 0xffffffff, true, 0],
    'mpeg-2': [0x04c11db7, 0xffffffff, false, 0],
    xfer: [0x000000af, 0, false, 0],
  },
};

/** By name: `crc-16/modbus`. */
export const CRC_CATALOGUE: ReadonlyMap<string, CrcParameters> = new Map(
  Object.entries(rows).flatMap(([bits, family]) =>
    Object.entries(family).map(([name, [poly, init, reflected, xorOut]]): [string, CrcParameters] => {
      const width = Number(bits);
      return [`crc-${bits}/${name}`, { width, poly, init, refIn: reflected, refOut: reflected, xorOut }];
    }),
  ),
);

function reflect(value: number, bits: number): number {
  let out = 0;
  for (let i = 0; i < bits; i++) if ((value >>> i) & 1) out |= 1 << (bits - 1 - i);
  return out >>> 0;
}

export type Crc = (bytes: Uint8Array, start?: number, end?: number) => number;

/** Makes a table-driven CRC; the register is kept at the top of 32 bits, or reflected at their bottom. */
export function createCrc({ width, poly, init, refIn, refOut, xorOut }: CrcParameters): Crc {
  const shift = 32 - width;
  const table = new Uint32Array(256);
  const reflectedPoly = reflect(poly, width);
  for (let byte = 0; byte < 256; byte++) {
    let register = refIn ? byte : byte << 24;
    for (let bit = 0; bit < 8; bit++) {
      if (refIn) register = register & 1 ? (register >>> 1) ^ reflectedPoly : register >>> 1;
      else register = register < 0 ? (register << 1) ^ (poly << shift) : register << 1;
    }
    table[byte] = register;
  }
  const first = refIn ? reflect(init, width) : init << shift;
  return (bytes, start = 0, end = bytes.length) => {
    let register = first;
    for (let i = start; i < end; i++) {
      register = refIn
        ? (register >>> 8) ^ table[(register ^ bytes[i]!) & 0xff]!
        : (register << 8) ^ table[((register >>> 24) ^ bytes[i]!) & 0xff]!;
    }
    const value = refIn ? register >>> 0 : register >>> shift;
    return ((refIn === refOut ? value : reflect(value, width)) ^ xorOut) >>> 0;
  };
}
