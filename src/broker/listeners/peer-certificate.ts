/** A client's certificate as OpenSSL has it, in the form in which access rules read it. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { PeerCertificate } from '../peer.js';

/** @returns undefined when the client showed none */
export function peerCertificate(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : describeCertificate(certificate, socket.authorized);
}

export function describeCertificate(certificate: X509Certificate, verified: boolean): PeerCertificate {
  return {
    verified,
    commonName: commonNameOf(certificate),
    // One line per relative distinguished name, each escaped as RFC 2253 says, most general first.
    subject: certificate.subject.split('\n').reverse().join(','),
    subjectAltNames: alternativeNames(certificate.subjectAltName ?? ''),
    serial: certificate.serialNumber,
    fingerprint256: certificate.fingerprint256,
  };
}

/** Control characters have no place in a name that rules compare: such a certificate has none. */
function commonNameOf(certificate: X509Certificate): string | undefined {
  const { subject } = certificate.toLegacyObject() as { subject?: { CN?: string | string[] } };
  const name = Array.isArray(subject?.CN) ? subject.CN.at(-1) : subject?.CN;
  return name === undefined || name === '' || /\p{Cc}/u.test(name) ? undefined : name;
}

/** `DNS:a.example, IP Address:10.0.0.7`; what holds special characters is in quotes, as JSON, after its kind. */
function alternativeNames(text: string): readonly string[] {
  return Array.from(text.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g), ([, kind = '', value = '']) => {
    return `${kind}:${value.startsWith('"') ? unquoted(value) : value}`;
  });
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}
