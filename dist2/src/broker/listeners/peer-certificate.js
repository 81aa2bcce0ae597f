function peerCertificate(socket) {
  const certificate = socket.getPeerX509Certificate();
  return certificate === void 0 ? void 0 : describeCertificate(certificate, socket.authorized);
}
function describeCertificate(certificate, verified) {
  return {
    verified,
    commonName: commonNameOf(certificate),
    // One line per relative distinguished name, each escaped as RFC 2253 says, most general first.
    subject: certificate.subject.split("\n").reverse().join(","),
    subjectAltNames: alternativeNames(certificate.subjectAltName ?? ""),
    serial: certificate.serialNumber,
    fingerprint256: certificate.fingerprint256
  };
}
function commonNameOf(certificate) {
  const { subject } = certificate.toLegacyObject();
  const name = Array.isArray(subject?.CN) ? subject.CN.at(-1) : subject?.CN;
  return name === void 0 || name === "" || new RegExp("\\p{Cc}", "u").test(name) ? void 0 : name;
}
function alternativeNames(text) {
  return Array.from(text.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g), ([, kind = "", value = ""]) => {
    return `${kind}:${value.startsWith('"') ? unquoted(value) : value}`;
  });
}
function unquoted(text) {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}
export {
  describeCertificate,
  peerCertificate
};
//# sourceMappingURL=peer-certificate.js.map
