/**
 * `npm run package`: dist/hpmq_VERSION_amd64.deb, …_arm64.deb and dist/hpmq-oci-amd64.tar, …-arm64.tar from the executables of
 * `npm run build`. Names of architectures as arguments make only those; --compression none|gzip|xz (default), --no-oci.
 * The same executables, sources and SOURCE_DATE_EPOCH make the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeChecksums } from './checksums.mjs';
import { buildDeb } from './debian/deb.mjs';
import { root } from './executable/lockfile.mjs';
import { buildOci } from './oci.mjs';

/** Debian's names → ours. */
const architectures = { amd64: 'x64', arm64: 'arm64' };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    compression: { type: 'string', default: 'xz' },
    oci: { type: 'boolean', default: true },
    output: { type: 'string', default: join(root, 'dist') },
  },
});
const wanted = positionals.length > 0 ? positionals : Object.keys(architectures);
for (const arch of wanted) {
  if (!Object.hasOwn(architectures, arch)) {
    throw new Error(`unknown architecture ${arch}: ${Object.keys(architectures).join(' or ')}`);
  }
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const epoch = sourceDate();
mkdirSync(values.output, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'hpmq-package-'));
try {
  for (const arch of wanted) {
    const executable = join(root, 'dist', `hpmq-linux-${architectures[arch]}`);
    if (!existsSync(executable)) throw new Error(`${executable} does not exist: \`npm run build\` makes it`);
    const options = { arch, version, epoch, executable, work: join(work, arch), output: values.output };
    tell(await buildDeb({ ...options, compression: values.compression }));
    if (values.oci) tell(buildOci(options));
  }
  console.log(writeChecksums(values.output));
} finally {
  rmSync(work, { recursive: true });
}

/** Unix seconds: SOURCE_DATE_EPOCH, else the time of the last commit. */
function sourceDate() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }));
}

function tell(file) {
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  console.log(`${(statSync(file).size / 1e6).toFixed(1)} MB  sha256 ${sha256}  ${file}`);
}
