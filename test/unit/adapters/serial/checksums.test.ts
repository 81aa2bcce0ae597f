import t from 'tap';
import { Checksum, type ChecksumOptions } from '../../../../adapters/serial/checksums/checksum.js';
import { CRC_CATALOGUE, createCrc } from '../../../../adapters/serial/checksums/crc.js';

/** The column "check" of the catalogue of parametrised CRC algorithms: the CRC of the ASCII digits 1 to 9. */
const CHECKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'crc-8': {
    autosar: 'df',
    bluetooth: '26',
    cdma2000: 'da',
    darc: '15',
    'dvb-s2': 'bc',
    'gsm-a': '37',
    'gsm-b': '94',
    'i-432-1': 'a1',
    'i-code': '7e',
    lte: 'ea',
    'maxim-dow': 'a1',
    'mifare-mad': '99',
    'nrsc-5': 'f7',
    opensafety: '3e',
    rohc: 'd0',
    'sae-j1850': '4b',
    smbus: 'f4',
    'tech-3250': '97',
    wcdma: '25',
  },
  'crc-16': {
    arc: 'bb3d',
    cdma2000: '4c06',
    cms: 'aee7',
    'dds-110': '9ecf',
    'dect-r': '007e',
    'dect-x': '007f',
    dnp: 'ea82',
    'en-13757': 'c2b7',
    genibus: 'd64e',
    gsm: 'ce3c',
    'ibm-3740': '29b1',
    'ibm-sdlc': '906e',
    'iso-iec-14443-3-a': 'bf05',
    kermit: '2189',
    lj1200: 'bdf4',
    m17: '772b',
    'maxim-dow': '44c2',
    mcrf4xx: '6f91',
    modbus: '4b37',
    'nrsc-5': 'a066',
    'opensafety-a': '5d38',
    'opensafety-b': '20fe',
    profibus: 'a819',
    riello: '63d0',
    'spi-fujitsu': 'e5cc',
    't10-dif': 'd0db',
    teledisk: '0fb3',
    tms37157: '26b1',
    umts: 'fee8',
    usb: 'b4c8',
    xmodem: '31c3',
  },
  'crc-32': {
    aixm: '3010bf7f',
    autosar: '1697d06a',
    'base91-d': '87315576',
    bzip2: 'fc891918',
    'cd-rom-edc': '6ec2edc4',
    cksum: '765e7680',
    iscsi: 'e3069283',
    'iso-hdlc': 'cbf43926',
    jamcrc: '340bc6d9',
    mef: 'd2c22f51',
    'mpeg-2': '0376e6e7',
    xfer: 'bd0be338',
  },
};

const DIGITS = Buffer.from('123456789');

t.test('every CRC of the catalogue has its check value', async (t) => {
  const seen = new Set<string>();
  for (const [family, checks] of Object.entries(CHECKS)) {
    for (const [name, check] of Object.entries(checks)) {
      const parameters = CRC_CATALOGUE.get(`${family}/${name}`);
      if (parameters === undefined) {
        t.fail(`${family}/${name} is missing`);
        continue;
      }
      seen.add(`${family}/${name}`);
      t.equal(
        createCrc(parameters)(DIGITS)
          .toString(16)
          .padStart(parameters.width / 4, '0'),
        check,
        `${family}/${name}`,
      );
    }
  }
  t.strictSame(
    [...CRC_CATALOGUE.keys()].filter((name) => !seen.has(name)),
    [],
    'none without a vector',
  );
});

t.test('a CRC of odd width, and one that reflects only its result', async (t) => {
  // CRC-12/UMTS and CRC-24/OPENPGP of the catalogue.
  const umts = createCrc({ width: 12, poly: 0x80f, init: 0, refIn: false, refOut: true, xorOut: 0 });
  t.equal(umts(DIGITS), 0xdaf);
  const openPgp = createCrc({ width: 24, poly: 0x864cfb, init: 0xb704ce, refIn: false, refOut: false, xorOut: 0 });
  t.equal(openPgp(DIGITS), 0x21cf02);
});

const options = (type: string, more: Partial<ChecksumOptions> = {}): ChecksumOptions => ({
  type,
  encoding: 'binary',
  endian: 'big',
  from: 'content',
  skip: 0,
  separator: Buffer.alloc(0),
  ...more,
});

t.test('simple sums', async (t) => {
  const sum = (type: string) =>
    new Checksum(options(type)).of(Buffer.from([0x01, 0x03, 0x00, 0xff]), 0).toString('hex');
  t.equal(sum('sum8'), '03');
  t.equal(sum('sum16'), '0103');
  t.equal(sum('xor'), 'fd');
  // Modbus over serial line V1.02 §6.2.1: LRC, two's complement of the sum.
  t.equal(sum('lrc'), 'fd');
});

t.test('what it is written as, and what it covers', async (t) => {
  const hex = new Checksum(
    options('crc-16/modbus', { encoding: 'hex', endian: 'little', separator: Buffer.from('*') }),
  );
  const frame = Buffer.concat([DIGITS, hex.of(DIGITS, 0)]);
  t.equal(frame.toString(), '123456789*374B');
  t.equal(hex.fits(frame, 0, frame.length), true);
  t.equal(hex.fits(Buffer.from('123456789*374b'), 0, 14), true, 'small digits');
  t.equal(hex.fits(Buffer.from('123456789*374C'), 0, 14), false);
  t.equal(hex.fits(Buffer.from('123456789+374B'), 0, 14), false, 'another separator');
  t.equal(hex.fits(Buffer.from('123456789*37xB'), 0, 14), false, 'no digits');
  t.equal(hex.fits(Buffer.from('374B'), 0, 4), false, 'too short');
  const marker = new Checksum(options('xor', { from: 'marker' }));
  t.equal(marker.fits(Buffer.from('0231323301', 'hex'), 1, 5), false);
  t.equal(marker.fits(Buffer.from('0231323332', 'hex'), 1, 5), true, 'the start marker is covered');
  t.equal(new Checksum(options('xor', { skip: 1 })).fits(Buffer.from('ff323332', 'hex'), 0, 4), false);
  t.equal(new Checksum(options('xor', { skip: 1 })).fits(Buffer.from('ff323301', 'hex'), 0, 4), true);
});
