/** The user that a client certificate names. */
import type { CertificateName } from '../../core/config.js';
import type { PeerCertificate } from '../peer.js';

const PREFIX = { 'san-email': 'email:', 'san-dns': 'DNS:', 'san-uri': 'URI:' } as const;

/** @returns undefined: it proves nothing, or has no such name */
export function certificateUser(certificate: PeerCertificate | undefined, name: CertificateName): string | undefined {
  if (certificate === undefined || !certificate.verified) return undefined;
  const found =
    name === 'cn'
      ? certificate.commonName
      : name === 'dn'
        ? certificate.subject
        : alternativeName(certificate.subjectAltNames, PREFIX[name]);
  return found === '' ? undefined : found;
}

/** The first of its kind. One that Node had to quote has characters in it that no such name has. */
function alternativeName(names: readonly string[], prefix: string): string | undefined {
  const found = names.find((one) => one.startsWith(prefix))?.slice(prefix.length);
  return found?.startsWith('"') ? undefined : found;
}
