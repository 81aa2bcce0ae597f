import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import t from "tap";
import {
  keyPairFault,
  makeContext,
  parseCertificates,
  parseRevocationLists,
  revocationFault
} from "../../../src/core/certificates.js";
import { needs } from "../../support/peers.js";
import { createAuthority } from "../../support/pki.js";
const openssl = (...args) => execFileSync("openssl", args, { stdio: ["ignore", "pipe", "ignore"] });
t.test("pairs of certificate and key", needs("openssl"), async (t2) => {
  const ca = createAuthority(t2);
  const pair = ca.issue({ subject: "/CN=a" });
  const other = ca.issue({ subject: "/CN=b" });
  const [cert, key, otherKey, caCert] = [pair.cert, pair.key, other.key, ca.cert].map((file) => readFileSync(file));
  t2.equal(keyPairFault(cert, key), void 0);
  t2.equal(keyPairFault(Buffer.concat([cert, caCert]), key), void 0, "a chain");
  t2.equal(keyPairFault(Buffer.concat([key, cert]), Buffer.concat([cert, key])), void 0, "all in one file");
  t2.match(keyPairFault(Buffer.concat([caCert, cert]), key), { part: "cert", hint: /own certificate first/ });
  t2.match(keyPairFault(cert, otherKey), { part: "key", message: "does not belong to the certificate" });
  t2.match(keyPairFault(key, key), { part: "cert", hint: /BEGIN CERTIFICATE/ });
  t2.match(keyPairFault(openssl("x509", "-in", pair.cert, "-outform", "der"), key), { part: "cert", hint: /it is DER/ });
  t2.match(keyPairFault(cert, cert), { part: "key", message: "holds no PEM private key that can be read" });
  const encrypted = openssl("pkcs8", "-topk8", "-in", pair.key, "-passout", "pass:hunter2");
  t2.match(keyPairFault(cert, encrypted), { part: "key", message: "is encrypted" });
  const cut = Buffer.from(cert.toString().replace(/\n[^\n]+\n-----END/, "\n-----END"));
  t2.match(keyPairFault(cut, key), { part: "cert" });
  t2.equal(parseCertificates(Buffer.alloc(0)), void 0);
  t2.match(makeContext({ cert, key, ciphers: "NONE" }), { part: "ciphers", hint: /openssl ciphers/ });
});
t.test("weak keys are refused", needs("openssl"), async (t2) => {
  const args = ["req", "-x509", "-newkey", "rsa:512", "-nodes", "-subj", "/CN=weak", "-keyout", "-", "-out", "-"];
  const both = openssl(...args);
  t2.match(makeContext({ cert: both, key: both }), { part: "cert", message: /too small/, hint: /2048/ });
});
t.test("revocation lists: when the next one is due (RFC 5280 \xA75.1.2.5)", needs("openssl"), async (t2) => {
  const ca = createAuthority(t2);
  ca.revoke(ca.issue({ subject: "/CN=a" }));
  const list = readFileSync(ca.revocationList(48));
  const [first] = parseRevocationLists(list) ?? [];
  const shown = openssl("crl", "-in", ca.revocationList(48), "-noout", "-nextupdate").toString().split("=")[1] ?? "";
  t2.ok(Math.abs((first?.nextUpdate ?? 0) - Date.parse(shown)) < 1e4, "as openssl reads it");
  t2.equal(parseRevocationLists(Buffer.concat([list, list]))?.length, 2);
  const far = readFileSync(ca.revocationList(24 * 365 * 30));
  t2.ok((parseRevocationLists(far)?.[0]?.nextUpdate ?? 0) > Date.UTC(2050, 1));
  t2.match(revocationFault(readFileSync(ca.cert)), { part: "crl", hint: /BEGIN X509 CRL/ });
  const der = openssl("crl", "-in", ca.revocationList(), "-outform", "der");
  const pem = (bytes) => Buffer.from(`-----BEGIN X509 CRL-----
${bytes.toString("base64")}
-----END X509 CRL-----
`);
  for (let length = 0; length < 80; length++) t2.ok(revocationFault(pem(der.subarray(0, length))), `${length} bytes`);
});
//# sourceMappingURL=certificates.test.js.map
