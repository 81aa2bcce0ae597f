const PREFIX = { "san-email": "email:", "san-dns": "DNS:", "san-uri": "URI:" };
function certificateUser(certificate, name) {
  if (certificate === void 0 || !certificate.verified) return void 0;
  const found = name === "cn" ? certificate.commonName : name === "dn" ? certificate.subject : alternativeName(certificate.subjectAltNames, PREFIX[name]);
  return found === "" ? void 0 : found;
}
function alternativeName(names, prefix) {
  const found = names.find((one) => one.startsWith(prefix))?.slice(prefix.length);
  return found?.startsWith('"') ? void 0 : found;
}
export {
  certificateUser
};
//# sourceMappingURL=certificate.js.map
