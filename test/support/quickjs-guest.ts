/** QuickJS from npm's sources as a guest: a whole language runtime, for what small guests do not have. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repoRoot } from './peers.js';

const sources = '/opt/hpmq-test-peers/wasm-guests/node_modules/qjsc/deps';

function quickjsFolder(): string | undefined {
  if (!existsSync(sources)) return undefined;
  for (const name of readdirSync(sources)) {
    const folder = join(sources, name);
    if (statSync(folder).isDirectory() && existsSync(join(folder, 'quickjs.c'))) return folder;
  }
  return existsSync(join(sources, 'quickjs.c')) ? sources : undefined;
}

/** Options of a tap test that needs it. */
export function needsQuickjs(): { skip?: string } {
  if (quickjsFolder() !== undefined && existsSync('/usr/include/wasm32-wasi')) return {};
  if (process.env.HPMQ_REQUIRE_PEERS === 'true')
    throw new Error('QuickJS or wasi-libc is absent; run test/peers/install');
  return { skip: 'not installed: QuickJS sources or wasi-libc (test/peers/install installs them)' };
}

/**
 * Evaluates the payload of each message.
 *
 * @param level - of optimisation; `-O2` takes a quarter of a minute to compile, `-O0` two seconds
 */
export function quickjsGuest(level: '-O0' | '-O2' = '-O2'): Buffer {
  const from = quickjsFolder()!;
  const work = mkdtempSync(join(tmpdir(), 'hpmq-quickjs-'));
  try {
    writeFileSync(
      join(work, 'shim.h'),
      '#include <stddef.h>\n#define malloc_usable_size(p) 0\n#define FE_DOWNWARD 0\n#define FE_UPWARD 0\n',
    );
    const units = ['quickjs.c', 'libregexp.c', 'libunicode.c', 'cutils.c', 'libbf.c'].map((name) => join(from, name));
    const version = readFileSync(join(from, 'VERSION'), 'utf8').trim();
    const flags = [
      '--target=wasm32-wasi',
      '-mexec-model=reactor',
      level,
      '-w',
      '-D_GNU_SOURCE',
      `-DCONFIG_VERSION="${version}"`,
    ];
    const more = ['-DEMSCRIPTEN', '-include', join(work, 'shim.h'), '-I', from, '-D_WASI_EMULATED_SIGNAL'];
    const output = join(work, 'quickjs.wasm');
    const guest = join(repoRoot, 'test/guests/quickjs.c');
    execFileSync('clang', [...flags, ...more, guest, ...units, '-lm', '-Wl,-z,stack-size=262144', '-o', output], {
      stdio: 'pipe',
    });
    return readFileSync(output);
  } finally {
    rmSync(work, { recursive: true });
  }
}
