/** The client against registries that misbehave; against a real one: test/e2e/function-registry.test.ts. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { RegistryClient } from '../../../../src/functions/registry/client.js';
import { descriptorOf, sha256 } from '../../../../src/functions/registry/manifest.js';

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

async function serve(t: Test, handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handler(request, response, Buffer.concat(chunks)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, i) => i % 251));
const blob = descriptorOf('application/wasm', bytes);

t.test('a download that is cut goes on with what is missing; where it cannot, it begins anew', async (t) => {
  const ranges: (string | undefined)[] = [];
  const host = await serve(t, (request, response) => {
    const { range } = request.headers;
    ranges.push(range);
    const begin = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    const knowsRanges = ranges.length !== 3;
    const from = knowsRanges ? begin : 0;
    const headers = {
      'content-length': String(bytes.length - from),
      ...(from > 0 && { 'content-range': `bytes ${from}-9999/10000` }),
    };
    response.writeHead(from > 0 ? 206 : 200, headers);
    if (ranges.length < 4)
      response.write(bytes.subarray(from, from + 3_000), () => setImmediate(() => response.destroy()));
    else response.end(bytes.subarray(from));
  });
  t.ok((await new RegistryClient({ host }).blob('fn/x', blob)).equals(bytes));
  t.strictSame(ranges, [undefined, 'bytes=3000-', 'bytes=6000-', 'bytes=3000-']);
});

t.test('a registry that is cut again and again without a byte, or says other bytes, is given up', async (t) => {
  let requests = 0;
  const dead = await serve(t, (_request, response) => {
    requests++;
    response.destroy();
  });
  await t.rejects(new RegistryClient({ host: dead }).blob('fn/x', blob), { code: 'FUNCTION_REGISTRY_UNREACHABLE' });
  t.equal(requests, 4);
  const liar = await serve(t, (_request, response) => void response.end(Buffer.alloc(10_000)));
  await t.rejects(new RegistryClient({ host: liar }).blob('fn/x', blob), { code: 'FUNCTION_IMAGE_DAMAGED' });
  const short = await serve(t, (_request, response) => void response.end(bytes.subarray(0, 5)));
  await t.rejects(new RegistryClient({ host: short }).blob('fn/x', blob), { code: 'FUNCTION_IMAGE_DAMAGED' });
  const endless = await serve(t, (_request, response) => {
    const more = (): void => void (response.destroyed || response.write(bytes, () => setImmediate(more)));
    more();
  });
  await t.rejects(new RegistryClient({ host: endless }).blob('fn/x', blob), { code: 'FUNCTION_IMAGE_TOO_LARGE' });
  const silent = await serve(t, () => {});
  await t.rejects(new RegistryClient({ host: silent, idleMs: 50 }).manifest('fn/x', '1'), {
    code: 'FUNCTION_REGISTRY_UNREACHABLE',
  });
  const huge = { ...blob, size: 17 * 1024 * 1024 };
  await t.rejects(new RegistryClient({ host: silent }).blob('fn/x', huge), { code: 'FUNCTION_IMAGE_TOO_LARGE' });
});

t.test('a half from before that was another one is thrown away', async (t) => {
  const ranges: (string | undefined)[] = [];
  const host = await serve(t, (request, response) => {
    const { range } = request.headers;
    ranges.push(range);
    const begin = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    response.writeHead(begin > 0 ? 206 : 200, begin > 0 ? { 'content-range': `bytes ${begin}-9999/10000` } : {});
    response.end(bytes.subarray(begin));
  });
  let resets = 0;
  const partial = { have: Buffer.alloc(500, 7), reset: () => void resets++, add: () => {} };
  t.ok((await new RegistryClient({ host }).blob('fn/x', blob, partial)).equals(bytes));
  t.strictSame(ranges, ['bytes=500-', undefined]);
  t.ok(resets > 0);
});

t.test('Authorization does not go where the registry redirects to', async (t) => {
  const seen: (string | undefined)[] = [];
  const storage = await serve(t, (request, response) => {
    seen.push(request.headers.authorization);
    response.end(bytes);
  });
  const host = await serve(t, (request, response) => {
    if (request.headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else response.writeHead(307, { location: `http://${storage}/blob` }).end();
  });
  const client = new RegistryClient({ host, credentials: { username: 'u', password: 'p' } });
  t.ok((await client.blob('fn/x', blob)).equals(bytes));
  t.strictSame(seen, [undefined]);
  const loop = await serve(t, (request, response) => void response.writeHead(307, { location: request.url }).end());
  await t.rejects(new RegistryClient({ host: loop }).blob('fn/x', blob), { code: 'FUNCTION_REGISTRY_REFUSED' });
});

t.test('an upload that is cut goes on in pieces, from where the registry says', async (t) => {
  let got = Buffer.alloc(0);
  let cuts = 0;
  let whole: string | null = null;
  const host = await serve(t, (request, response, body) => {
    const url = new URL(request.url ?? '/', 'http://x');
    switch (request.method) {
      case 'HEAD':
        return void response.writeHead(404).end();
      case 'POST':
        return void response.writeHead(202, { location: '/upload?state=1' }).end();
      case 'PATCH': {
        const begin = Number(request.headers['content-range']?.split('-')[0]);
        if (begin !== got.length) return void response.writeHead(416).end();
        got = Buffer.concat([got, cuts === 0 ? body.subarray(0, 1_500) : body]);
        if (cuts++ === 0) return void response.destroy();
        return void response.writeHead(202, { location: '/upload?state=2', range: `0-${got.length - 1}` }).end();
      }
      case 'GET':
        return void response.writeHead(204, { range: `0-${got.length - 1}` }).end();
      default:
        if (body.length > 0) return void response.destroy();
        whole = url.searchParams.get('digest');
        return void response.writeHead(201).end();
    }
  });
  t.equal(await new RegistryClient({ host }).pushBlob('fn/x', bytes), true, 'the whole is cut; then in pieces');
  t.ok(got.equals(bytes));
  t.equal(whole, sha256(bytes));
});

t.test('tags over pages, and referrers by list and by fallback tag', async (t) => {
  const digest = sha256(bytes);
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...blob, artifactType: 'a/b' }],
  };
  let hasList = true;
  const host = await serve(t, (request, response) => {
    const url = request.url ?? '';
    if (url.startsWith('/v2/fn/x/tags/list?n=1000'))
      response.writeHead(200, { link: '</v2/fn/x/tags/list?last=b>; rel="next"' }).end('{"tags":["a","b"]}');
    else if (url.startsWith('/v2/fn/x/tags/list')) response.end('{"tags":["c"]}');
    else if (url.includes('/referrers/') ? hasList : url.endsWith(digest.replace(':', '-')))
      response.end(JSON.stringify(index));
    else response.writeHead(404).end();
  });
  const client = new RegistryClient({ host });
  t.strictSame(await client.tags('fn/x'), ['a', 'b', 'c']);
  t.match(await client.referrers('fn/x', digest), [{ artifactType: 'a/b' }]);
  hasList = false;
  t.match(await client.referrers('fn/x', digest), [{ artifactType: 'a/b' }]);
  t.strictSame(await client.referrers('fn/x', sha256(Buffer.alloc(1))), []);
});
