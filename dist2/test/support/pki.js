import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "./gateway.js";
const config = `
[ca]
default_ca = own
[own]
new_certs_dir = DIR
database = DIR/index.txt
serial = DIR/serial
crlnumber = DIR/crlnumber
certificate = DIR/ca.pem
private_key = DIR/ca.key
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
copy_extensions = copy
unique_subject = no
[any]
organizationName = optional
organizationalUnitName = optional
commonName = optional
[req]
distinguished_name = nothing
[nothing]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;
function openssl(...args) {
  return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
function asn1Time(time) {
  return `${new Date(time).toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
}
let serials = 4096;
function createAuthority(t, name = "Test CA") {
  const dir = join(tempFolder(t), "ca");
  mkdirSync(dir);
  const file = join(dir, "openssl.cnf");
  const ca = { cert: join(dir, "ca.pem"), key: join(dir, "ca.key") };
  serials += 256;
  const first = serials.toString(16).padStart(4, "0");
  writeFileSync(file, config.replaceAll("DIR", dir));
  writeFileSync(join(dir, "index.txt"), "");
  writeFileSync(join(dir, "serial"), `${first}
`);
  writeFileSync(join(dir, "crlnumber"), "01\n");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", file];
  openssl("req", "-x509", ...newKey, "-extensions", "root", "-subj", `/CN=${name}`, "-keyout", ca.key, "-out", ca.cert);
  let count = 0;
  return {
    cert: ca.cert,
    issue({ subject, names, from = asn1Time(Date.now() - 864e5), to }) {
      const path = join(dir, `leaf-${count++}`);
      const pair = { cert: `${path}.pem`, key: `${path}.key` };
      const san = names === void 0 ? [] : ["-addext", `subjectAltName=${names}`];
      openssl("req", "-utf8", ...newKey, "-subj", subject, ...san, "-keyout", pair.key, "-out", `${path}.csr`);
      const dates = ["-startdate", from, ...to === void 0 ? [] : ["-enddate", to]];
      const common = ["-config", file, "-batch", "-notext", "-extensions", "leaf", ...dates];
      openssl("ca", ...common, "-in", `${path}.csr`, "-out", pair.cert);
      const serial = openssl("x509", "-in", pair.cert, "-noout", "-serial").trim().split("=")[1];
      return { ...pair, serial };
    },
    revoke(pair) {
      openssl("ca", "-config", file, "-revoke", pair.cert);
    },
    revocationList(hours = 24) {
      const path = join(dir, `list-${count++}.pem`);
      openssl("ca", "-config", file, "-gencrl", "-crlhours", `${hours}`, "-out", path);
      return path;
    }
  };
}
export {
  asn1Time,
  createAuthority
};
//# sourceMappingURL=pki.js.map
