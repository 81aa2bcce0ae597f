/**
 * The bundle that `hpmq update install` takes on a box with the executable: signed manifest, signature, program.
 *
 *   node images/update-bundle.mjs --program dist/hpmq-linux-arm64 --arch arm64 --key release-key.pem [--version V] [--out FILE]
 *
 * The key is a private one, ECDSA P-256 (`openssl ecparam -name prime256v1 -genkey -noout`); HPMQ_RELEASE_KEY when --key is
 * absent. `--key none` leaves the signature out. Same program, same manifest; the signature is another one each time.
 */
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { constants, zstdCompressSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    program: { type: 'string' },
    arch: { type: 'string' },
    key: { type: 'string', default: process.env.HPMQ_RELEASE_KEY },
    version: { type: 'string', default: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version },
    out: { type: 'string' },
    level: { type: 'string', default: '19' },
  },
});
const { program: file, arch, key, version } = values;
if (!file || !['x64', 'arm64'].includes(arch)) throw new Error('--program FILE and --arch x64|arm64 are needed');
if (!key) throw new Error('--key FILE or HPMQ_RELEASE_KEY is needed: a bundle that is not signed is installed nowhere');

const program = readFileSync(file);
const sha256 = createHash('sha256').update(program).digest('hex');
const manifest = Buffer.from(
  `${JSON.stringify({ format: 1, name: 'hpmq', version, arch, bytes: program.length, sha256 }, null, 2)}\n`,
);
const packed = zstdCompressSync(program, {
  params: { [constants.ZSTD_c_compressionLevel]: Number(values.level), [constants.ZSTD_c_checksumFlag]: 1 },
});
const signature = key === 'none' ? undefined : sign('sha256', manifest, ecKey(key));

const out = values.out ?? join(root, 'dist', `hpmq-${version}-linux-${arch}.hpmq`);
writeFileSync(
  out,
  Buffer.concat([
    ...member('manifest.json', manifest),
    ...(signature === undefined ? [] : member('manifest.sig', signature)),
    ...member('hpmq.zst', packed),
    Buffer.alloc(1024),
  ]),
);
console.log(
  `${out}  ${version} ${arch}  sha256 of the program ${sha256}${signature === undefined ? '  NOT SIGNED' : ''}`,
);

function ecKey(path) {
  const found = createPrivateKey(readFileSync(path));
  if (found.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error(`${path} is no ECDSA P-256 key`);
  return found;
}

/** POSIX ustar: header, content, padding. */
function member(name, content) {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
}
