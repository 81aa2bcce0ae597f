/**
 * Checks a certificate chain when the time is not known, only that it is not before a floor: a box without a battery clock
 * starts in 1970 or at its last shutdown, and OpenSSL would call every certificate "not yet valid".
 *
 * The true time lies between the floor and for ever, so a certificate may be valid if it does not end before the floor.
 * All else is as strict as ever: the chain to an authority, signatures, CA flags, purposes, host name. Critical
 * extensions that are not checked here refuse the chain (RFC 5280 §6.1.4, §6.1.5).
 */
import { X509Certificate } from 'node:crypto';
import { checkServerIdentity, type PeerCertificate, rootCertificates } from 'node:tls';
import { criticalExtensions, parseCertificates } from '../core/certificates.js';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0';
/** basicConstraints, keyUsage, extKeyUsage, subjectAltName (RFC 5280 §4.2.1). */
const UNDERSTOOD = new Set(['2.5.29.19', '2.5.29.15', '2.5.29.37', '2.5.29.17']);
const MOST_CERTIFICATES = 10;

export interface FloorCheck {
  /** What the far side showed, its own first. */
  readonly chain: readonly X509Certificate[];
  /** PEM; undefined: the authorities of the runtime. */
  readonly authorities: readonly Buffer[] | undefined;
  /** Host name or IP address that the certificate must have. */
  readonly serverName: string;
  /** Unix ms. */
  readonly floor: number;
}

/** @returns what is wrong, or undefined */
export function floorFault({ chain, authorities, serverName, floor }: FloorCheck): string | undefined {
  const [leaf] = chain;
  if (leaf === undefined) return 'the far side showed no certificate';
  const anchors =
    authorities === undefined
      ? rootCertificates.map((pem) => new X509Certificate(pem))
      : authorities.flatMap((pem) => parseCertificates(pem) ?? []);
  const purposes = leaf.keyUsage as readonly string[] | undefined;
  if (purposes !== undefined && !purposes.some((one) => one === SERVER_AUTH || one === ANY_EXTENDED_KEY_USAGE)) {
    return 'its certificate is not made for servers';
  }
  const nameFault = checkServerIdentity(serverName, leaf.toLegacyObject() as PeerCertificate);
  if (nameFault !== undefined) return nameFault.message;
  return pathFault(leaf, chain.slice(1, MOST_CERTIFICATES), anchors, floor, 0);
}

/** One step towards an authority, and from there on. */
function pathFault(
  child: X509Certificate,
  others: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  floor: number,
  depth: number,
): string | undefined {
  const own = certificateFault(child, floor);
  if (own !== undefined) return own;
  if (depth === 0 && anchors.some((anchor) => anchor.fingerprint256 === child.fingerprint256)) return undefined;
  let fault: string | undefined;
  for (const anchor of anchors) {
    if (!hasIssued(anchor, child)) continue;
    const found = certificateFault(anchor, floor) ?? lengthFault(anchor, depth);
    if (found === undefined) return undefined;
    fault = found;
  }
  for (const parent of others) {
    if (!hasIssued(parent, child) || lengthFault(parent, depth) !== undefined) continue;
    const left = others.filter((one) => one !== parent);
    const found = pathFault(parent, left, anchors, floor, depth + 1);
    if (found === undefined) return undefined;
    fault ??= found;
  }
  return fault ?? 'its certificate is not signed by an authority that is trusted here';
}

function hasIssued(parent: X509Certificate, child: X509Certificate): boolean {
  return parent.ca && child.checkIssued(parent) && child.verify(parent.publicKey);
}

function certificateFault(certificate: X509Certificate, floor: number): string | undefined {
  const end = certificate.validToDate;
  if (end.getTime() < floor) return `a certificate ended on ${end.toISOString().slice(0, 10)}`;
  const critical = criticalExtensions(certificate.raw);
  if (critical === undefined) return 'a certificate cannot be read';
  const unknown = critical.oids.find((oid) => !UNDERSTOOD.has(oid));
  return unknown === undefined ? undefined : `a certificate has the critical extension ${unknown}`;
}

/** pathLenConstraint: so many authorities may stand between this one and the certificate of the far side. */
function lengthFault(authority: X509Certificate, depth: number): string | undefined {
  const most = criticalExtensions(authority.raw)?.pathLength;
  return most !== undefined && depth > most ? 'an authority signed more levels than it may' : undefined;
}
