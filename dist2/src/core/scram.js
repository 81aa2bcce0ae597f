import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
const SCRAM_SHA_256 = "SCRAM-SHA-256";
const SCRAM_ITERATIONS = 15e3;
const MIN_ITERATIONS = 4096;
const MAX_ITERATIONS = 1e7;
const SCRAM_SALT_BYTES = 16;
const KEY_BYTES = 32;
const pbkdf2Key = promisify(pbkdf2);
function parseScramCredentials(text) {
  const found = /^SCRAM-SHA-256\$(\d{1,8}):([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/.exec(
    text
  );
  if (found === null) return void 0;
  const iterations = Number(found[1]);
  if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) return void 0;
  const [salt, storedKey, serverKey] = found.slice(2).map((part) => Buffer.from(part, "base64"));
  return { iterations, salt, storedKey, serverKey };
}
async function deriveScramCredentials(password, salt = randomBytes(SCRAM_SALT_BYTES), iterations = SCRAM_ITERATIONS) {
  const salted = await pbkdf2Key(password, salt, iterations, KEY_BYTES, "sha256");
  const clientKey = hmac(salted, "Client Key");
  return { iterations, salt, storedKey: sha256(clientKey), serverKey: hmac(salted, "Server Key") };
}
function scramText({ iterations, salt, storedKey, serverKey }) {
  const [s, stored, server] = [salt, storedKey, serverKey].map((bytes) => bytes.toString("base64"));
  return `${SCRAM_SHA_256}$${iterations}:${s}$${stored}:${server}`;
}
function hmac(key, text) {
  return createHmac("sha256", key).update(text).digest();
}
function sha256(bytes) {
  return createHash("sha256").update(bytes).digest();
}
export {
  SCRAM_ITERATIONS,
  SCRAM_SALT_BYTES,
  SCRAM_SHA_256,
  deriveScramCredentials,
  hmac,
  parseScramCredentials,
  scramText,
  sha256
};
//# sourceMappingURL=scram.js.map
