import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
const CERTIFICATES = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const CRLS = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g;
function parseCertificates(pem) {
  try {
    const found = pem.toString("latin1").match(CERTIFICATES) ?? [];
    return found.length === 0 ? void 0 : found.map((block) => new X509Certificate(block));
  } catch {
    return void 0;
  }
}
function validityOf(certificate) {
  return { notBefore: certificate.validFromDate.getTime(), notAfter: certificate.validToDate.getTime() };
}
function keyPairFault(cert, key) {
  const chain = parseCertificates(cert);
  if (chain === void 0) {
    return { part: "cert", message: "holds no PEM certificate that can be read", hint: certificateHint(cert) };
  }
  let privateKey;
  try {
    privateKey = createPrivateKey(key);
  } catch {
    const isEncrypted = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(key.toString("latin1"));
    return isEncrypted ? { part: "key", message: "is encrypted", hint: "decrypt it (`openssl pkey -in \u2026 -out \u2026`) and protect the file" } : {
      part: "key",
      message: "holds no PEM private key that can be read",
      hint: "name the file with PRIVATE KEY in it"
    };
  }
  if (chain[0].checkPrivateKey(privateKey)) return void 0;
  const isMisordered = chain.some((one) => one.checkPrivateKey(privateKey));
  return isMisordered ? { part: "cert", message: "begins with the certificate of an authority", hint: "put the own certificate first" } : {
    part: "key",
    message: "does not belong to the certificate",
    hint: "name the key that the certificate was made for"
  };
}
function certificateHint(bytes) {
  return bytes[0] === 48 ? "it is DER: `openssl x509 -inform der -in \u2026 -out \u2026` makes PEM of it" : "name a PEM file, which has BEGIN CERTIFICATE in it";
}
function authoritiesFault(pem) {
  if (parseCertificates(pem) !== void 0) return void 0;
  return { part: "clientCa", message: "holds no PEM certificate that can be read", hint: certificateHint(pem) };
}
function parseRevocationLists(pem) {
  try {
    const lists = Array.from(pem.toString("latin1").matchAll(CRLS), ([, base64 = ""]) => ({
      nextUpdate: nextUpdateOf(Buffer.from(base64, "base64"))
    }));
    return lists.length === 0 ? void 0 : lists;
  } catch {
    return void 0;
  }
}
function revocationFault(pem) {
  if (parseRevocationLists(pem) !== void 0) return void 0;
  return {
    part: "crl",
    message: "holds no PEM revocation list that can be read",
    hint: "name a PEM file, which has BEGIN X509 CRL in it (`openssl crl -inform der \u2026` makes PEM of DER)"
  };
}
function makeContext(options) {
  try {
    return createSecureContext(options);
  } catch (error) {
    const { message, code } = error;
    const isCipher = code === "ERR_SSL_NO_CIPHER_MATCH" || /cipher/i.test(message);
    return isCipher ? {
      part: "ciphers",
      message: `the list is not accepted: ${message}`,
      hint: "`openssl ciphers -v` lists their names"
    } : {
      part: "cert",
      message: `is not accepted: ${message}`,
      hint: "use RSA of 2048 bits and more, or ECDSA, with SHA-256"
    };
  }
}
const SEQUENCE = 48;
const INTEGER = 2;
const UTC_TIME = 23;
const GENERALIZED_TIME = 24;
function nextUpdateOf(der) {
  const list = element(der, 0, SEQUENCE);
  const tbs = element(der, list.from, SEQUENCE);
  let at = tbs.from;
  if (der[at] === INTEGER) at = element(der, at, INTEGER).to;
  at = element(der, at, SEQUENCE).to;
  at = element(der, at, SEQUENCE).to;
  at = element(der, at, der[at] === UTC_TIME ? UTC_TIME : GENERALIZED_TIME).to;
  if (at >= tbs.to || der[at] !== UTC_TIME && der[at] !== GENERALIZED_TIME) return Number.POSITIVE_INFINITY;
  const isUtc = der[at] === UTC_TIME;
  const { from, to } = element(der, at, der[at]);
  return timeOf(der.toString("latin1", from, to), isUtc);
}
function element(der, at, tag) {
  if (der[at] !== tag) throw new RangeError("another tag");
  let length = der.readUInt8(at + 1);
  let from = at + 2;
  if (length > 128) {
    const count = length - 128;
    if (count > 4) throw new RangeError("too long");
    length = der.readUIntBE(from, count);
    from += count;
  }
  if (from + length > der.length) throw new RangeError("cut off");
  return { from, to: from + length };
}
function timeOf(text, isUtc) {
  const full = isUtc ? `${Number(text.slice(0, 2)) < 50 ? "20" : "19"}${text}` : text;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
  if (match === null) throw new RangeError("no time");
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
export {
  authoritiesFault,
  keyPairFault,
  makeContext,
  parseCertificates,
  parseRevocationLists,
  revocationFault,
  validityOf
};
//# sourceMappingURL=certificates.js.map
