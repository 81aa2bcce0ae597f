/** X.509 as the gateway needs it: what a file holds, whether a key fits, until when it is good. Bytes in, facts out. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { BOOLEAN, element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, oidText, SEQUENCE } from './der.js';

/** What is wrong with one file or setting, and what to do. Never the content of a key. */
export interface CertificateFault {
  readonly part: 'cert' | 'key' | 'clientCa' | 'crl' | 'ciphers';
  readonly message: string;
  readonly hint: string;
}

/** Certificates last from `notBefore` to `notAfter`, both Unix ms and included (RFC 5280 §4.1.2.5). */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

const CERTIFICATES = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const CRLS = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g;

/** The certificates of a PEM file, or undefined when it holds none or one that cannot be read. */
export function parseCertificates(pem: Buffer): readonly X509Certificate[] | undefined {
  try {
    const found = pem.toString('latin1').match(CERTIFICATES) ?? [];
    return found.length === 0 ? undefined : found.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

export function validityOf(certificate: X509Certificate): Validity {
  return { notBefore: certificate.validFromDate.getTime(), notAfter: certificate.validToDate.getTime() };
}

/** A certificate file and its key: readable, and made for each other. Time is not looked at. */
export function keyPairFault(cert: Buffer, key: Buffer): CertificateFault | undefined {
  const chain = parseCertificates(cert);
  if (chain === undefined) {
    return { part: 'cert', message: 'holds no PEM certificate that can be read', hint: certificateHint(cert) };
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(key);
  } catch {
    const isEncrypted = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(key.toString('latin1'));
    return isEncrypted
      ? { part: 'key', message: 'is encrypted', hint: 'decrypt it (`openssl pkey -in … -out …`) and protect the file' }
      : {
          part: 'key',
          message: 'holds no PEM private key that can be read',
          hint: 'name the file with PRIVATE KEY in it',
        };
  }
  if (chain[0]!.checkPrivateKey(privateKey)) return undefined;
  const isMisordered = chain.some((one) => one.checkPrivateKey(privateKey));
  return isMisordered
    ? { part: 'cert', message: 'begins with the certificate of an authority', hint: 'put the own certificate first' }
    : {
        part: 'key',
        message: 'does not belong to the certificate',
        hint: 'name the key that the certificate was made for',
      };
}

function certificateHint(bytes: Buffer): string {
  return bytes[0] === 0x30
    ? 'it is DER: `openssl x509 -inform der -in … -out …` makes PEM of it'
    : 'name a PEM file, which has BEGIN CERTIFICATE in it';
}

export function authoritiesFault(pem: Buffer): CertificateFault | undefined {
  if (parseCertificates(pem) !== undefined) return undefined;
  return { part: 'clientCa', message: 'holds no PEM certificate that can be read', hint: certificateHint(pem) };
}

/** @returns for each revocation list of a PEM file when the next one is due, Unix ms; undefined when there is none, or a broken one */
export function parseRevocationLists(pem: Buffer): readonly { readonly nextUpdate: number }[] | undefined {
  try {
    const lists = Array.from(pem.toString('latin1').matchAll(CRLS), ([, base64 = '']) => ({
      nextUpdate: nextUpdateOf(Buffer.from(base64, 'base64')),
    }));
    return lists.length === 0 ? undefined : lists;
  } catch {
    return undefined;
  }
}

export function revocationFault(pem: Buffer): CertificateFault | undefined {
  if (parseRevocationLists(pem) !== undefined) return undefined;
  return {
    part: 'crl',
    message: 'holds no PEM revocation list that can be read',
    hint: 'name a PEM file, which has BEGIN X509 CRL in it (`openssl crl -inform der …` makes PEM of DER)',
  };
}

/** What OpenSSL itself says to the whole: weak keys and digests, ciphers that do not exist. */
export function makeContext(options: SecureContextOptions): SecureContext | CertificateFault {
  try {
    return createSecureContext(options);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const isCipher = code === 'ERR_SSL_NO_CIPHER_MATCH' || /cipher/i.test(message);
    return isCipher
      ? {
          part: 'ciphers',
          message: `the list is not accepted: ${message}`,
          hint: '`openssl ciphers -v` lists their names',
        }
      : {
          part: 'cert',
          message: `is not accepted: ${message}`,
          hint: 'use RSA of 2048 bits and more, or ECDSA, with SHA-256',
        };
  }
}

const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

/** CertificateList (RFC 5280 §5.1) as far as nextUpdate; without one the list lasts for ever. @throws RangeError */
function nextUpdateOf(der: Buffer): number {
  const list = element(der, 0, SEQUENCE);
  const tbs = element(der, list.from, SEQUENCE);
  let at = tbs.from;
  if (der[at] === INTEGER) at = element(der, at, INTEGER).to;
  at = element(der, at, SEQUENCE).to; // signature
  at = element(der, at, SEQUENCE).to; // issuer
  at = element(der, at, der[at] === UTC_TIME ? UTC_TIME : GENERALIZED_TIME).to; // thisUpdate
  if (at >= tbs.to || (der[at] !== UTC_TIME && der[at] !== GENERALIZED_TIME)) return Number.POSITIVE_INFINITY;
  const isUtc = der[at] === UTC_TIME;
  const { from, to } = element(der, at, der[at]!);
  return timeOf(der.toString('latin1', from, to), isUtc);
}

/** UTCTime has two digits of the year, of 1950 to 2049 (RFC 5280 §4.1.2.5.1). */
function timeOf(text: string, isUtc: boolean): number {
  const full = isUtc ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
  if (match === null) throw new RangeError('no time');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const BASIC_CONSTRAINTS = '2.5.29.19';
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/**
 * The critical extensions of a certificate (RFC 5280 §4.2), and how many authorities may stand below this one.
 *
 * @param der - Certificate (§4.1)
 * @returns undefined when it cannot be read
 */
export function criticalExtensions(
  der: Buffer,
): { readonly oids: readonly string[]; readonly pathLength: number | undefined } | undefined {
  try {
    const oids: string[] = [];
    let pathLength: number | undefined;
    const tbs = element(der, element(der, 0, SEQUENCE).from, SEQUENCE);
    let at = der[tbs.from] === VERSION ? element(der, tbs.from, VERSION).to : tbs.from;
    at = element(der, at, INTEGER).to; // serialNumber
    // signature, issuer, validity, subject, subjectPublicKeyInfo
    for (let i = 0; i < 5; i++) at = element(der, at, SEQUENCE).to;
    while (at < tbs.to && der[at] !== EXTENSIONS) at = element(der, at, der[at]!).to;
    if (at >= tbs.to) return { oids, pathLength };
    const list = element(der, element(der, at, EXTENSIONS).from, SEQUENCE);
    for (at = list.from; at < list.to; ) {
      const extension = element(der, at, SEQUENCE);
      at = extension.to;
      const name = element(der, extension.from, OBJECT_IDENTIFIER);
      const oid = oidText(der.subarray(name.from, name.to));
      let valueAt = name.to;
      if (der[valueAt] === BOOLEAN) {
        const critical = element(der, valueAt, BOOLEAN);
        valueAt = critical.to;
        if (der[critical.from] !== 0) oids.push(oid);
      }
      if (oid === BASIC_CONSTRAINTS) pathLength = pathLengthOf(der, element(der, valueAt, OCTET_STRING).from);
    }
    return { oids, pathLength };
  } catch {
    return undefined;
  }
}

/** BasicConstraints (RFC 5280 §4.2.1.9). @throws RangeError */
function pathLengthOf(der: Buffer, at: number): number | undefined {
  const constraints = element(der, at, SEQUENCE);
  let inner = constraints.from;
  if (inner < constraints.to && der[inner] === BOOLEAN) inner = element(der, inner, BOOLEAN).to;
  if (inner >= constraints.to) return undefined;
  const { from, to } = element(der, inner, INTEGER);
  if (to - from < 1 || to - from > 4) throw new RangeError('no length');
  return der.readUIntBE(from, to - from);
}
