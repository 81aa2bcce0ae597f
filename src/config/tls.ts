/** The TLS keys of a listener: files, which are read now to see that they fit, and again when they change. */
import { z } from 'zod';
import {
  authoritiesFault,
  type CertificateFault,
  keyPairFault,
  makeContext,
  revocationFault,
} from '../core/certificates.js';
import type { KeyPairConfig, TlsConfig } from '../core/config.js';
import { type ConfigInputs, filePath, readBytes, secretSource } from './io.js';
import type { Path } from './issues.js';
import { say, shown } from './values.js';

const hostPattern = z
  .string()
  .regex(/^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,62})\.)*[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/, {
    error: (issue) =>
      say(`${shown(issue.input)} is not a host name`, 'write names such as mqtt.example.com or *.example.com'),
  })
  .transform((text) => text.toLowerCase());

function keyPair(inputs: ConfigInputs) {
  return {
    cert: filePath(inputs).describe('PEM file: our certificate, then the intermediate ones'),
    key: secretSource(inputs).describe('PEM: our private key'),
  };
}

/** @param alpn - offered when nothing is said */
export function tlsKeys(inputs: ConfigInputs, alpn: string[]) {
  return {
    ...keyPair(inputs),
    sni: z
      .record(hostPattern, z.strictObject(keyPair(inputs)))
      .default({})
      .describe('other certificates by the host name that the client asks for; *.example.com for any first label'),
    clientCertificate: z
      .enum(['none', 'optional', 'required'])
      .optional()
      .describe(
        'optional: who shows none is served, who shows a bad one is not; required when absent and clientCa is given',
      ),
    clientCa: filePath(inputs).optional().describe('PEM file: who may sign the certificates of clients'),
    crl: z
      .union([filePath(inputs), z.array(filePath(inputs))])
      .optional()
      .describe('PEM files: revocation lists, one of each authority of the chain'),
    alpn: z
      .array(z.string().min(1).max(255))
      .default(alpn)
      .describe('application protocols (ALPN); []: whatever the client asks for is ignored'),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('oldest version of TLS'),
    ciphers: z.string().min(1).max(4_096).optional().describe("OpenSSL's notation; the runtime's choice when absent"),
  };
}

interface ParsedTls extends KeyPairConfig {
  readonly sni: Readonly<Record<string, KeyPairConfig>>;
  readonly clientCertificate?: TlsConfig['clientCertificate'] | undefined;
  readonly clientCa?: string | undefined;
  readonly crl?: string | string[] | undefined;
  readonly alpn: readonly string[];
  readonly minVersion: TlsConfig['minVersion'];
  readonly ciphers?: string | undefined;
}

export function toTlsConfig(parsed: ParsedTls): TlsConfig {
  const { cert, key, sni, clientCa, crl, alpn, minVersion, ciphers } = parsed;
  const clientCertificate = parsed.clientCertificate ?? (clientCa === undefined ? 'none' : 'required');
  const lists = crl === undefined ? [] : typeof crl === 'string' ? [crl] : crl;
  return { cert, key, sni, clientCertificate, clientCa, crl: lists, alpn, minVersion, ciphers };
}

/** Rules between the keys. Files that cannot be read were reported already. */
export function checkTls(parsed: ParsedTls, fail: (path: Path, message: string, hint: string) => void): void {
  const { cert, key, sni, clientCertificate, clientCa, crl, minVersion, ciphers } = toTlsConfig(parsed);
  const told = (path: Path, fault: CertificateFault | undefined, file?: string) => {
    if (fault !== undefined)
      fail([...path, fault.part], `${file === undefined ? '' : `${file} `}${fault.message}`, fault.hint);
    return fault !== undefined;
  };
  let isBroken = false;
  const pairs: (readonly [Path, KeyPairConfig])[] = [
    [[], { cert, key }],
    ...Object.entries(sni).map(([name, pair]) => [['sni', name], pair] as const),
  ];
  for (const [path, pair] of pairs) {
    const fault = keyPairFault(readBytes(pair.cert), readBytes(pair.key));
    const file = fault?.part === 'key' ? pair.key : pair.cert;
    isBroken = told(path, fault, typeof file === 'string' ? file : 'it') || isBroken;
  }
  if (clientCa !== undefined) isBroken = told([], authoritiesFault(readBytes(clientCa)), clientCa) || isBroken;
  for (const list of crl) isBroken = told([], revocationFault(readBytes(list)), list) || isBroken;
  if (clientCertificate !== 'none' && clientCa === undefined) {
    fail(['clientCertificate'], 'nobody could sign the certificates of clients', 'add `clientCa: …`');
  }
  if (clientCertificate === 'none' && clientCa !== undefined) {
    fail(['clientCa'], 'clients are not asked for a certificate', 'write `clientCertificate: required` or `optional`');
  }
  if (crl.length > 0 && clientCa === undefined) {
    fail(['crl'], 'clients are not asked for a certificate', 'add `clientCa: …`, or remove `crl`');
  }
  if (isBroken) return;
  const context = makeContext({
    cert: readBytes(cert),
    key: readBytes(key),
    minVersion,
    ...(ciphers !== undefined && { ciphers }),
  });
  if ('part' in context) told([], context, context.part === 'ciphers' ? undefined : cert);
}
