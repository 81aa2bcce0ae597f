import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { withDigest } from '../../../../src/config/function-pin.js';
import { GatewayError } from '../../../../src/core/errors.js';
import { parseChallenges, tokenUrl } from '../../../../src/functions/registry/auth.js';
import { parseBuildFile } from '../../../../src/functions/registry/build-file.js';
import { packImage, unpackImage } from '../../../../src/functions/registry/layouts.js';
import {
  descriptorOf,
  type Manifest,
  MEDIA,
  parseManifest,
  sha256,
} from '../../../../src/functions/registry/manifest.js';
import { trustOf } from '../../../../src/functions/registry/policy.js';
import { isLoopback, parseReference, referenceText } from '../../../../src/functions/registry/reference.js';
import { readTar, writeTar } from '../../../../src/functions/registry/tar.js';

const wasm = Buffer.from('\0asm\x01\0\0\0', 'latin1');
const digest = `sha256:${'ab'.repeat(32)}`;
const code = (action: () => unknown): string => {
  try {
    action();
    return 'none';
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
};

t.test('references: what they name, and what is none', async (t) => {
  t.match(parseReference('r.example.com:5000/a/b-c:1.0'), {
    host: 'r.example.com:5000',
    repository: 'a/b-c',
    tag: '1.0',
  });
  t.match(parseReference('localhost/x'), { host: 'localhost', tag: 'latest', digest: undefined });
  t.match(parseReference(`[::1]:5000/x@${digest}`), { host: '[::1]:5000', tag: undefined, digest });
  for (const text of [
    'x',
    'fn/x:1',
    'r.io/X',
    'r.io/a//b',
    'r.io/../x',
    'r.io/x:',
    'r.io/x@sha256:12',
    'r.io/x:a\r\nb',
    'http://r.io/x',
    'u@r.io/x',
  ]) {
    t.equal(
      code(() => parseReference(text)),
      'FUNCTION_REFERENCE',
      JSON.stringify(text),
    );
  }
  const full = `r.io/a/b:1@${digest}`;
  t.equal(referenceText(parseReference(full)), full);
  t.strictSame(['127.0.0.1:5', 'localhost', '[::1]:1', '127.0.0.1.evil.io', 'localhost.evil.io'].map(isLoopback), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

t.test(
  'trust: the longest prefix decides, at whole levels; nobody is trusted by default but this machine',
  async (t) => {
    const rule = (prefix: string) => ({ prefix, keys: [], required: prefix.length % 2 === 0 });
    const config = { trust: [rule('r.io/'), rule('r.io/fn/deep')], insecure: [], auth: {}, ca: undefined };
    const prefixOf = (text: string) => trustOf(parseReference(text), config).rule?.prefix;
    t.equal(prefixOf('r.io/fn/deep/x'), 'r.io/fn/deep');
    t.equal(prefixOf('r.io/fn/deeper'), 'r.io/');
    t.equal(
      code(() => prefixOf('r.io.evil.example/x')),
      'FUNCTION_IMAGE_UNTRUSTED',
    );
    t.match(trustOf(parseReference('127.0.0.1:5000/x'), config), { rule: undefined, isRequired: false });
  },
);

t.test('tar archives of GNU tar and of pax, and hostile ones', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-tar-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const long = `${'n'.repeat(120)}.wasm`;
  writeFileSync(join(folder, long), wasm);
  writeFileSync(join(folder, 'a.txt'), 'text');
  for (const format of ['gnu', 'pax', 'ustar']) {
    const archive = execFileSync('tar', [
      `--format=${format}`,
      '-C',
      folder,
      '-cf',
      '-',
      ...(format === 'ustar' ? ['./a.txt'] : ['./a.txt', `./${long}`]),
    ]);
    const files = readTar(archive);
    t.strictSame(
      files.map(({ path }) => path),
      format === 'ustar' ? ['a.txt'] : ['a.txt', long],
      format,
    );
    t.equal(files[0]!.bytes.toString(), 'text');
  }
  const outside = execFileSync('tar', ['-P', '--transform=s,a.txt,../../etc/x,', '-C', folder, '-cf', '-', 'a.txt']);
  t.equal(
    code(() => readTar(outside)),
    'FUNCTION_IMAGE_LAYOUT',
    'a path that leads out of it',
  );
  t.equal(
    code(() => readTar(outside.subarray(0, 700))),
    'FUNCTION_IMAGE_LAYOUT',
    'cut',
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.nat(2_000), fc.nat(255), (content, at, byte) => {
      const bytes = Buffer.from(content);
      const archive = writeTar({ path: 'x.wasm', bytes });
      t.ok(readTar(archive)[0]!.bytes.equals(bytes));
      archive[at % archive.length] = byte;
      const outcome = code(() => readTar(archive));
      if (outcome !== 'none' && outcome !== 'FUNCTION_IMAGE_LAYOUT') throw new Error(outcome);
    }),
    { numRuns: 200 },
  );
  const listed = execFileSync('tar', ['-tf', '-'], { input: writeTar({ path: 'x.wasm', bytes: wasm }) }).toString();
  t.equal(listed, 'x.wasm\n', 'GNU tar reads ours');
});

t.test('layouts: our own both ways, HPMQ 1, Krustlet, and gzip that says it is none', async (t) => {
  for (const compat of [false, true]) {
    const image = packImage(wasm, { compat });
    const manifest = parseManifest({ digest, bytes: image.manifest }) as Manifest;
    const [config, layer] = image.blobs;
    t.ok(unpackImage(manifest, config!.bytes, [layer!.bytes]).module.equals(wasm));
    if (compat) {
      const other = gzipSync(writeTar({ path: 'function.wasm', bytes: Buffer.concat([wasm, wasm]) }));
      t.equal(
        code(() => unpackImage(manifest, config!.bytes, [other])),
        'FUNCTION_IMAGE_DAMAGED',
        'diff_ids',
      );
    }
  }
  const image = (type: string, config: object, ...layers: Buffer[]) => {
    const bytes = Buffer.from(JSON.stringify(config));
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: descriptorOf(MEDIA.imageConfig, bytes),
      layers: layers.map((layer) => descriptorOf(type, layer)),
    };
    return unpackImage(manifest, bytes, layers);
  };
  const second = Buffer.concat([wasm, Buffer.from([0, 1, 0])]);
  const tar = (path: string, bytes: Buffer) => writeTar({ path, bytes });
  const rootf = { type: 'layers', diff_ids: [sha256(tar('x.wasm', wasm))] };
  const seed = image(MEDIA.tar, { kind: 'Wasi', cmd: 'x.wasm', rootf }, tar('y.wasm', second), tar('x.wasm', wasm));
  t.match(seed, { layout: 'hpmq' });
  t.ok(seed.module.equals(wasm), 'the one that cmd names');
  t.equal(
    code(() => image(MEDIA.tar, { kind: 'App', cmd: 'x' }, tar('x', wasm))),
    'FUNCTION_IMAGE_LAYOUT',
  );
  t.equal(
    code(() => image(MEDIA.tar, {}, tar('x.wasm', wasm), tar('y.wasm', second))),
    'FUNCTION_IMAGE_LAYOUT',
    'which one?',
  );
  t.equal(
    code(() => image(MEDIA.tar, {}, tar('x.wasm', Buffer.from('#!/bin/sh')))),
    'FUNCTION_IMAGE_LAYOUT',
    'no WebAssembly',
  );
  t.match(image('application/vnd.wasm.content.layer.v1+wasm', {}, wasm), { layout: 'wasm' });
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  t.equal(
    code(() => image(MEDIA.tarGzip, {}, bomb)),
    'FUNCTION_IMAGE_TOO_LARGE',
    `${bomb.length} bytes that unpack to 64 MiB`,
  );
});

t.test('manifests of any bytes are read or refused', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      const outcome = code(() => parseManifest({ digest, bytes: Buffer.from(text) }));
      return outcome === 'none' || outcome === 'FUNCTION_IMAGE_LAYOUT';
    }),
  );
  const layer = { mediaType: 'x', digest: 'sha256:../../etc/passwd', size: 1 };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config: layer, layers: [] }));
  t.equal(
    code(() => parseManifest({ digest, bytes })),
    'FUNCTION_IMAGE_LAYOUT',
  );
});

t.test('challenges of WWW-Authenticate, and where passwords do not go', async (t) => {
  const [negotiate, bearer, basic] = parseChallenges(
    'Negotiate, Bearer realm="https://t.example/x?a=b,c",service="a \\"b\\"" , Basic realm=r',
  );
  t.match(
    [negotiate, bearer, basic],
    [
      { scheme: 'negotiate' },
      { scheme: 'bearer', parameters: { realm: 'https://t.example/x?a=b,c', service: 'a "b"' } },
      { scheme: 'basic', parameters: { realm: 'r' } },
    ],
  );
  t.equal(
    code(() => tokenUrl({ realm: 'http://t.example/' }, 's', false)),
    'FUNCTION_REGISTRY_REFUSED',
  );
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseChallenges(text))));
});

t.test('build files of HPMQ 1', async (t) => {
  const text = '# x\nFROM scratch\nKIND wasi\nCOPY target/wasm32-wasi/debug/x.wasm /\nCMD /x.wasm\n';
  t.strictSame(parseBuildFile(text), { source: 'target/wasm32-wasi/debug/x.wasm', fileName: 'x.wasm' });
  t.strictSame(parseBuildFile('COPY ["a.wasm", "/b.wasm"]\r\nCMD ["/b.wasm"]'), {
    source: 'a.wasm',
    fileName: 'b.wasm',
  });
  for (const bad of ['', 'KIND app', 'RUN x', 'COPY a /\nCMD /b', 'COPY a /', 'FROM debian']) {
    t.equal(
      code(() => parseBuildFile(bad)),
      'FUNCTION_BUILD_FILE',
      bad,
    );
  }
});

t.test(
  'the digest in the configuration: after the image, or in place of the old one, and nothing else changes',
  async (t) => {
    const block =
      'a: 1 # one\nfunctions:\n  # first\n  f:\n    image: r.io/x:1  # tagged\n    on: { upstream: a }\n\n\nz:   [1,  2]\n';
    const pinned = withDigest(block, 'f', digest)!;
    t.equal(pinned, block.replace('# tagged\n', `# tagged\n    digest: ${digest}\n`));
    const next = `sha256:${'cd'.repeat(32)}`;
    t.equal(withDigest(pinned, 'f', next), pinned.replace(digest, next));
    t.equal(withDigest(pinned, 'f', digest), pinned, 'the same');
    const flow = "functions: { f: { image: 'r.io/x:1', on: { start: true } } }";
    t.equal(
      withDigest(flow, 'f', digest),
      `functions: { f: { image: 'r.io/x:1', digest: "${digest}", on: { start: true } } }`,
    );
    t.equal(
      withDigest('functions:\n  f:\n    image: r.io/x:1', 'f', digest),
      `functions:\n  f:\n    image: r.io/x:1\n    digest: ${digest}\n`,
    );
    t.match(
      withDigest('b: &b { image: r.io/x:1 }\nfunctions:\n  f:\n    <<: *b\n    on: 1\n', 'f', digest),
      digest,
      'an image from elsewhere',
    );
    t.equal(withDigest(block, 'g', digest), undefined);
  },
);
