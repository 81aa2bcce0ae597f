/** What a gateway needs stays in its cache, however many candidates a person tries beside it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { Cli } from '../../../../src/cli/cli.js';
import { openImages } from '../../../../src/cli/function-images.js';
import { ImageCache } from '../../../../src/functions/registry/cache.js';
import { packImage } from '../../../../src/functions/registry/layouts.js';
import { sha256 } from '../../../../src/functions/registry/manifest.js';
import { VersionFolder } from '../../../../src/functions/version-folder.js';

/** Another image for each tag. */
const imageOf = (tag: string) =>
  packImage(Buffer.from('\0asm\x01\0\0\0', 'latin1'), { annotations: { 'org.example.tag': tag } });

t.test('an image that is configured, or that a version on disk came of', async (t) => {
  const blobs = new Map(imageOf('').blobs.map(({ descriptor, bytes }) => [descriptor.digest, bytes]));
  const server = createServer(({ url = '' }, response) => {
    const [, kind, name = ''] = /\/(manifests|blobs)\/(.+)$/.exec(url) ?? [];
    response.end(kind === 'blobs' ? blobs.get(name) : imageOf(name).manifest);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  t.teardown(stop);
  const name = `127.0.0.1:${(server.address() as AddressInfo).port}/fn/x`;
  const data = join(t.testdir(), 'data');
  const config = join(t.testdirName, 'hpmq.yaml');
  writeFileSync(
    config,
    `
gateway: { id: g, data: ${data} }
broker: { listeners: [ { type: tcp, port: 0 } ] }
functions:
  x: { image: '${name}:live', on: { upstream: raw/# } }
`,
  );
  const cli = { globals: { config }, env: {}, timeoutMs: () => 5_000 } as unknown as Cli;
  const find = async (tag: string) => (await openImages(cli, {})).images.find(`${name}:${tag}`);
  await find('live');
  const { reference, module } = await find('promoted');
  const current = sha256(module);
  const versions = [{ digest: current, source: reference, deployedAt: 0, failed: false }];
  await new VersionFolder(data, 'x').save({ configured: `${name}:live@`, current, paused: false, versions });
  for (let candidate = 0; candidate < 40; candidate++) await find(`c${candidate}`);
  await stop();
  for (const tag of ['live', 'promoted', 'c39']) t.match(await find(tag), { from: 'cache' }, tag);
  await t.rejects(find('c0'), { code: 'FUNCTION_REGISTRY_UNREACHABLE' }, 'others make room');
});

t.test('a name in use that is another image again and again does not fill the index', async (t) => {
  const cache = new ImageCache(join(t.testdir(), 'images'));
  for (let time = 0; time < 60; time++) {
    const { manifest: bytes } = imageOf(`${time}`);
    await cache.name('r.example.com/x:live', { digest: sha256(bytes), bytes }, new Set(['r.example.com/x:live']));
  }
  const index = JSON.parse(readFileSync(join(cache.folder, 'index.json'), 'utf8'));
  t.equal(index.manifests.length, 40);
  t.equal(await cache.digestOf('r.example.com/x:live'), sha256(imageOf('59').manifest));
});
