/**
 * pkg makes the executable: Node's SEA blob, injected into a copy of the Node binary.
 *
 * Its library entry is called, because its command line takes no assets in SEA mode without walking node_modules itself
 * (a start six times slower, in a box that needs no file system: everything is bundled). It looks for Node in a cache
 * below the home folder and downloads what it does not find: for this call, home is a folder of ours in which it finds
 * the binary that npm has verified.
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pkg from '@yao-pkg/pkg/lib-es5/sea.js';

/** @param assets - name inside the executable → file */
export async function seal({ arch, node, start, output, assets }) {
  const version = process.version.slice(1);
  const home = join(dirname(start), `home-${arch}`);
  fillCache(join(home, '.pkg-cache', 'sea'), `node-v${version}-linux-${arch}`, node);
  rmSync(output, { force: true });
  const realHome = process.env.HOME;
  process.env.HOME = home;
  try {
    await pkg.default(start, {
      targets: [{ platform: 'linux', arch, nodeRange: `node${version}`, output }],
      seaConfig: {
        disableExperimentalSEAWarning: true,
        useSnapshot: false,
        useCodeCache: false,
        // NODE_OPTIONS of the machine are meant for other programs.
        execArgvExtension: 'none',
        assets,
      },
    });
  } finally {
    if (realHome === undefined) delete process.env.HOME;
    else process.env.HOME = realHome;
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
