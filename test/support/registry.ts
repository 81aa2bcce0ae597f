/** Debian's docker-registry on a free port of loopback, and the token service that it asks for. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { tempFolder } from './gateway.js';
import { freePort, listening, type Peer, startPeer } from './peers.js';

export interface TestRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly peer: Peer;
  /** The file of a blob on the disk of the registry. */
  blobFile(digest: string): string;
  /** The same folder and port again. */
  restart(): Promise<TestRegistry>;
}

export const USER = 'builder';
export const PASSWORD = 's3cret of registry';

export type RegistryKind = 'open' | 'basic' | 'token' | 'tls';

export async function startRegistry(t: Test, kind: RegistryKind): Promise<TestRegistry> {
  const folder = tempFolder(t);
  const port = await freePort();
  const auth = kind === 'basic' ? basicAuth(folder) : kind === 'token' ? await tokenAuth(t, folder) : '';
  const tls =
    kind === 'tls' ? `  tls:\n    certificate: ${selfSigned(folder).cert}\n    key: ${join(folder, 'tls.key')}\n` : '';
  const config = join(folder, 'config.yml');
  mkdirSync(join(folder, 'data'));
  const storage = `storage:\n  filesystem:\n    rootdirectory: ${join(folder, 'data')}\n`;
  writeFileSync(
    config,
    `version: 0.1\nlog: { level: error }\n${storage}http:\n  addr: 127.0.0.1:${port}\n${tls}${auth}`,
  );
  const start = async (): Promise<TestRegistry> => {
    const peer = startPeer(t, 'docker-registry', ['serve', config], { env: { OTEL_TRACES_EXPORTER: 'none' } });
    await listening(port);
    return {
      host: `127.0.0.1:${port}`,
      peer,
      blobFile(digest) {
        const hex = digest.slice('sha256:'.length);
        const path = join(folder, 'data/docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
        if (!existsSync(path)) throw new Error(`the registry has no ${digest}`);
        return path;
      },
      restart: start,
    };
  };
  return start();
}

/** The certificate that a registry of kind `tls` has. */
export function certificateOf(registry: TestRegistry): string {
  const args = registry.peer.child.spawnargs;
  return join(args.at(-1)!, '..', 'tls.crt');
}

function basicAuth(folder: string): string {
  const lines = execFileSync('htpasswd', ['-Bbn', USER, PASSWORD]);
  writeFileSync(join(folder, 'htpasswd'), lines);
  return `auth:\n  htpasswd:\n    realm: test\n    path: ${join(folder, 'htpasswd')}\n`;
}

function selfSigned(folder: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const subject = ['-subj', '/CN=registry of a test', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject], {
    stdio: 'pipe',
  });
  return { cert, key };
}

/** Anybody may pull, the builder may push as well. */
async function tokenAuth(t: Test, folder: string): Promise<string> {
  const { cert, key } = selfSigned(folder);
  const privateKey = createPrivateKey(readFileSync(key));
  const x5c = readFileSync(cert, 'utf8').replace(/-----[^-]+-----|\s/g, '');
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://service');
    const given = Buffer.from((request.headers.authorization ?? '').slice('Basic '.length), 'base64').toString();
    const isBuilder = given === `${USER}:${PASSWORD}`;
    if (request.headers.authorization !== undefined && !isBuilder) {
      response.writeHead(401).end();
      return;
    }
    const access = url.searchParams.getAll('scope').map((scope) => {
      const [type, name, actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',').filter((action) => isBuilder || action === 'pull') };
    });
    const now = Math.floor(Date.now() / 1_000);
    const claims = { iss: 'issuer of a test', sub: isBuilder ? USER : '', aud: 'registry of a test', access };
    const head = `${part({ typ: 'JWT', alg: 'RS256', x5c: [x5c] })}.${part({ ...claims, exp: now + 60, nbf: now - 5, iat: now, jti: randomUUID() })}`;
    const signature = sign('sha256', Buffer.from(head), privateKey).toString('base64url');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ token: `${head}.${signature}`, expires_in: 60 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return [
    'auth:',
    '  token:',
    `    realm: http://127.0.0.1:${port}/token`,
    '    service: registry of a test',
    '    issuer: issuer of a test',
    `    rootcertbundle: ${cert}`,
    '',
  ].join('\n');
}
