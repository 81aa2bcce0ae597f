/**
 * pkg makes the executable: Node's SEA blob, injected into a copy of the Node binary.
 *
 * Its library entry is called, because its command line takes no assets in SEA mode without walking node_modules itself
 * (a start six times slower, in a box that needs no file system: everything is bundled). It looks for Node in a cache
 * below the home folder and downloads what it does not find: for this call, home is a folder of ours in which it finds
 * the binary that npm has verified.
 */
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import pkg from '@yao-pkg/pkg/lib-es5/sea.js';

/**
 * @param start - the script that runs first, in a folder for temporary files
 * @param assets - name inside the executable → file
 */
export async function seal({ arch, node, start, output, assets }) {
  const version = process.version.slice(1);
  const work = dirname(start);
  const home = join(work, `home-${arch}`);
  fillCache(join(home, '.pkg-cache', 'sea'), `node-v${version}-linux-${arch}`, node);
  rmSync(output, { force: true });
  await withEnvironment({ HOME: home, TMPDIR: work }, () =>
    pkg.default(start, {
      targets: [{ platform: 'linux', arch, nodeRange: `node${version}`, output }],
      seaConfig: {
        // The blob keeps this path. Relative to the folder that pkg makes below TMPDIR it is the same on every machine.
        main: join('..', basename(start)),
        disableExperimentalSEAWarning: true,
        useSnapshot: false,
        useCodeCache: false,
        // Node does not warn about deprecated calls inside node_modules; bundled, those packages look like our code.
        execArgv: ['--disable-warning=DeprecationWarning', ...runtimeFlags()],
        // NODE_OPTIONS of the machine are meant for other programs.
        execArgvExtension: 'none',
        assets,
      },
    }),
  );
}

async function withEnvironment(variables, action) {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await action();
  } finally {
    for (const name of Object.keys(variables)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

/** pkg asks for an archive and its unpacked Node; empty `.ok` files say that both are complete. */
function fillCache(folder, name, node) {
  const bin = join(folder, name, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(node, join(bin, 'node'));
  for (const file of [`${name}.tar.gz`, `${name}.tar.gz.ok`, `${name}/bin/node.ok`])
    writeFileSync(join(folder, file), '');
}

/** Those that the first line of `bin/hpmq.ts` gives to Node; its variables of the environment are for whoever starts the executable. */
export function runtimeFlags() {
  const [line] = readFileSync(join(import.meta.dirname, '..', '..', 'bin', 'hpmq.ts'), 'utf8').split('\n', 1);
  return line.replace(/^.* node /, '').split(' ');
}
