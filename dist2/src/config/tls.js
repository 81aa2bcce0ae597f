import { z } from "zod";
import {
  authoritiesFault,
  keyPairFault,
  makeContext,
  revocationFault
} from "../core/certificates.js";
import { filePath, readBytes, secretSource } from "./io.js";
import { say, shown } from "./values.js";
const hostPattern = z.string().regex(/^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,62})\.)*[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/, {
  error: (issue) => say(`${shown(issue.input)} is not a host name`, "write names such as mqtt.example.com or *.example.com")
}).transform((text) => text.toLowerCase());
function keyPair(inputs) {
  return {
    cert: filePath(inputs).describe("PEM file: our certificate, then the intermediate ones"),
    key: secretSource(inputs).describe("PEM: our private key")
  };
}
function tlsKeys(inputs, alpn) {
  return {
    ...keyPair(inputs),
    sni: z.record(hostPattern, z.strictObject(keyPair(inputs))).default({}).describe("other certificates by the host name that the client asks for; *.example.com for any first label"),
    clientCertificate: z.enum(["none", "optional", "required"]).optional().describe(
      "optional: who shows none is served, who shows a bad one is not; required when absent and clientCa is given"
    ),
    clientCa: filePath(inputs).optional().describe("PEM file: who may sign the certificates of clients"),
    crl: z.union([filePath(inputs), z.array(filePath(inputs))]).optional().describe("PEM files: revocation lists, one of each authority of the chain"),
    alpn: z.array(z.string().min(1).max(255)).default(alpn).describe("application protocols (ALPN); []: whatever the client asks for is ignored"),
    minVersion: z.enum(["TLSv1.2", "TLSv1.3"]).default("TLSv1.2").describe("oldest version of TLS"),
    ciphers: z.string().min(1).max(4096).optional().describe("OpenSSL's notation; the runtime's choice when absent")
  };
}
function toTlsConfig(parsed) {
  const { cert, key, sni, clientCa, crl, alpn, minVersion, ciphers } = parsed;
  const clientCertificate = parsed.clientCertificate ?? (clientCa === void 0 ? "none" : "required");
  const lists = crl === void 0 ? [] : typeof crl === "string" ? [crl] : crl;
  return { cert, key, sni, clientCertificate, clientCa, crl: lists, alpn, minVersion, ciphers };
}
function checkTls(parsed, fail) {
  const { cert, key, sni, clientCertificate, clientCa, crl, minVersion, ciphers } = toTlsConfig(parsed);
  const told = (path, fault, file) => {
    if (fault !== void 0)
      fail([...path, fault.part], `${file === void 0 ? "" : `${file} `}${fault.message}`, fault.hint);
    return fault !== void 0;
  };
  let isBroken = false;
  const pairs = [
    [[], { cert, key }],
    ...Object.entries(sni).map(([name, pair]) => [["sni", name], pair])
  ];
  for (const [path, pair] of pairs) {
    const fault = keyPairFault(readBytes(pair.cert), readBytes(pair.key));
    const file = fault?.part === "key" ? pair.key : pair.cert;
    isBroken = told(path, fault, typeof file === "string" ? file : "it") || isBroken;
  }
  if (clientCa !== void 0) isBroken = told([], authoritiesFault(readBytes(clientCa)), clientCa) || isBroken;
  for (const list of crl) isBroken = told([], revocationFault(readBytes(list)), list) || isBroken;
  if (clientCertificate !== "none" && clientCa === void 0) {
    fail(["clientCertificate"], "nobody could sign the certificates of clients", "add `clientCa: \u2026`");
  }
  if (clientCertificate === "none" && clientCa !== void 0) {
    fail(["clientCa"], "clients are not asked for a certificate", "write `clientCertificate: required` or `optional`");
  }
  if (crl.length > 0 && clientCa === void 0) {
    fail(["crl"], "clients are not asked for a certificate", "add `clientCa: \u2026`, or remove `crl`");
  }
  if (isBroken) return;
  const context = makeContext({
    cert: readBytes(cert),
    key: readBytes(key),
    minVersion,
    ...ciphers !== void 0 && { ciphers }
  });
  if ("part" in context) told([], context, context.part === "ciphers" ? void 0 : cert);
}
export {
  checkTls,
  tlsKeys,
  toTlsConfig
};
//# sourceMappingURL=tls.js.map
