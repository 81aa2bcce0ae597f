/** A gateway whose function is an image: start without the registry, kill -9 while it is fetched, damage on its disk. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { hpmqEntry, type RunningGateway, runHpmq, startTestGateway, tempFolder } from '../support/gateway.js';
import { cGuest } from '../support/guests.js';
import { eventually, needs, startPeer } from '../support/peers.js';
import { startRegistry, type TestRegistry } from '../support/registry.js';

const peers = needs('docker-registry', 'htpasswd', 'openssl', 'clang', 'wasm-ld');

const yamlOf = (image: string, more = '', registry = '') => `# the gateway of a test
gateway: { id: gw, data: data }
broker: { listeners: [{ type: tcp, port: 0 }] }
functions:
  echo:
    image: ${image}   # the decoder
${more}    on: { upstream: raw/# }
${registry}`;

async function hpmqIn(folder: string, ...args: readonly string[]) {
  const env = { HOME: folder, XDG_CONFIG_HOME: folder };
  const outcome = await runHpmq(['--json', ...args], { cwd: folder, env });
  return { ...outcome, value: JSON.parse(outcome.stdout) };
}

/** A folder with a module, pushed. */
async function published(t: Test, registry: TestRegistry) {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'echo.wasm'), cGuest('echo.c'));
  const image = `${registry.host}/fn/echo:1`;
  const { value } = await hpmqIn(folder, 'function', 'push', image, 'echo.wasm');
  return { folder, image, digest: value.digest as string };
}

async function shown(gateway: RunningGateway) {
  return JSON.parse((await gateway.hpmq('function', 'show', 'echo', '--json')).stdout);
}

t.test('a gateway starts without the registry: by tag and by digest, from what is on its disk', peers, async (t) => {
  const registry = await startRegistry(t, 'open');
  const { folder, image, digest } = await published(t, registry);
  await hpmqIn(folder, 'function', 'keygen', '-o', 'ours', '--no-passphrase');
  await hpmqIn(folder, 'function', 'sign', image, '--key', 'ours.key');
  const trust = `functionRegistry: { trust: [{ prefix: ${registry.host}/, keys: [ours.pub] }] }\n`;
  const byTag = yamlOf(image, '', trust);
  const first = await startTestGateway(t, byTag, folder);
  t.match(await shown(first), { state: 'up', hooks: ['on_message'] });
  await first.process.kill('SIGKILL');
  await registry.peer.kill();

  // Without the versions of the function: the images alone.
  const versions = join(folder, 'data', 'functions', 'echo');
  rmSync(versions, { recursive: true });
  const second = await startTestGateway(t, byTag, folder);
  t.match(await shown(second), { state: 'up' }, 'by tag');
  await second.process.kill('SIGKILL');

  rmSync(versions, { recursive: true });
  const pinned = yamlOf(image, `    digest: ${digest}\n`, trust);
  const third = await startTestGateway(t, pinned, folder);
  t.match(await shown(third), { state: 'up' }, 'by digest');
  await third.process.kill('SIGKILL');

  // The signature is judged anew each time, by the keys of today, also that of the version that ran last.
  const again = await startTestGateway(t, pinned, folder);
  t.match(await shown(again), { state: 'up' }, 'the version that ran last');
  await again.process.kill('SIGKILL');
  await hpmqIn(folder, 'function', 'keygen', '-o', 'theirs', '--no-passphrase');
  const fourth = await startTestGateway(t, pinned.replace('ours.pub', 'theirs.pub'), folder);
  t.match(
    await shown(fourth),
    { state: 'down', error: { code: 'FUNCTION_IMAGE_SIGNATURE' } },
    'what another key signed is not run from the cache either',
  );
  await fourth.process.kill('SIGKILL');

  // A torn write: the blob is there, and half of it.
  rmSync(versions, { recursive: true, force: true });
  const blobs = join(folder, 'data', 'function-images', 'blobs', 'sha256');
  const size = (name: string) => statSync(join(blobs, name)).size;
  const layer = readdirSync(blobs).find((name) =>
    readFileSync(join(blobs, name)).subarray(0, 4).equals(Buffer.from('\0asm')),
  )!;
  const whole = size(layer);
  writeFileSync(join(blobs, layer), readFileSync(join(blobs, layer)).subarray(0, whole / 2));
  const fifth = await startTestGateway(t, pinned, folder);
  t.match(await shown(fifth), { state: 'down', error: { code: 'FUNCTION_REGISTRY_UNREACHABLE' } });
  await registry.restart();
  await eventually(async () => {
    await fifth.hpmq('function', 'reload', 'echo');
    return (await shown(fifth)).state === 'up';
  }, 60_000);
  t.equal(size(layer), whole, 'and fetched again');
});

t.test('kill -9 while an image is fetched: the next start goes on where it was cut', peers, async (t) => {
  const registry = await startRegistry(t, 'open');
  const { folder } = await published(t, registry);
  const ranges: (string | undefined)[] = [];
  let isStuck = true;
  // In front of the registry: gives half of the module, and then nothing.
  const door = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, host: registry.host };
    const inner = request(
      `http://${registry.host}${incoming.url}`,
      { method: incoming.method, headers, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const body = Buffer.concat(chunks);
          const isModule = body.subarray(0, 4).equals(Buffer.from('\0asm')) || incoming.headers.range !== undefined;
          if (isModule) ranges.push(incoming.headers.range);
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          if (isModule && isStuck) outgoing.write(body.subarray(0, 200));
          else outgoing.end(body);
        });
      },
    );
    inner.on('error', () => outgoing.destroy());
    incoming.pipe(inner);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    door.close();
    door.closeAllConnections();
  });
  const image = `127.0.0.1:${(door.address() as AddressInfo).port}/fn/echo:1`;
  const partial = join(folder, 'data', 'function-images', 'partial');
  const halves = () =>
    existsSync(partial) ? readdirSync(partial).map((name) => statSync(join(partial, name)).size) : [];
  // It is not up before its function is here, so nobody waits for that.
  const file = join(folder, 'hpmq.yaml');
  writeFileSync(file, yamlOf(image));
  const first = startPeer(t, process.execPath, [hpmqEntry, 'run', '-c', file, '--socket', join(folder, 'c.sock')]);
  await eventually(() => halves().includes(200));
  await first.kill('SIGKILL');
  isStuck = false;
  const gateway = await startTestGateway(t, yamlOf(image), folder);
  t.match(await shown(gateway), { state: 'up' });
  t.strictSame(ranges, [undefined, 'bytes=200-'], 'the second half alone was fetched');
  t.strictSame(halves(), [], 'and no half is left');
});

t.test(
  'function pull pins the digest in the configuration and leaves the rest of it alone; --deploy runs it at once',
  peers,
  async (t) => {
    const registry = await startRegistry(t, 'open');
    const { folder, image, digest } = await published(t, registry);
    const gateway = await startTestGateway(t, yamlOf(image), folder);
    const { value } = await hpmqIn(folder, 'function', 'pull', 'echo');
    t.match(value, { digest, pinned: true });
    const file = join(folder, 'hpmq.yaml');
    t.equal(readFileSync(file, 'utf8'), yamlOf(image, `    digest: ${digest}\n`));
    writeFileSync(join(folder, 'second.wasm'), cGuest('echo.c', ['-O1', '-DSECOND']));
    await hpmqIn(folder, 'function', 'push', image, 'second.wasm', '--annotation', 'version=2');
    writeFileSync(file, yamlOf(image));
    const pulled = await hpmqIn(folder, '--socket', gateway.socket, 'function', 'pull', 'echo', '--deploy');
    t.not(pulled.value.digest, digest);
    t.equal(readFileSync(file, 'utf8'), yamlOf(image, `    digest: ${pulled.value.digest}\n`));
    const { versions } = await shown(gateway);
    t.equal(versions.find((one: { current: boolean }) => one.current).source, image);
  },
);
