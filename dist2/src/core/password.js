import { argon2, createHash, pbkdf2, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
const OURS = { ln: 15, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const MAX_MEMORY = 256 * 1024 * 1024;
const MAX_ITERATIONS = 1e7;
const MAX_PASSES = 100;
const scryptKey = promisify(scrypt);
const pbkdf2Key = promisify(pbkdf2);
const argon2Key = promisify(argon2);
function parsePasswordHash(text) {
  const [empty, id, ...rest] = text.split("$");
  if (empty !== "" || rest.length < 2) return void 0;
  const key = saltedKey(rest.at(-2), rest.at(-1));
  if (key === void 0) return void 0;
  const middle = rest.slice(0, -2).join("$");
  if (id === "scrypt") {
    const found = /^ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,2})$/.exec(middle);
    const [ln, r, p] = (found?.slice(1) ?? []).map(Number);
    const isSane = found !== null && ln > 0 && ln < 32 && r > 0 && p > 0 && 128 * 2 ** ln * r * p <= MAX_MEMORY;
    return isSane ? { kind: "scrypt", ln, r, p, key } : void 0;
  }
  if (id === "argon2id") {
    const found = /^v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})$/.exec(middle);
    const [m, t, p] = (found?.slice(1) ?? []).map(Number);
    const isSane = found !== null && t > 0 && t <= MAX_PASSES && p > 0 && m >= 8 * p && m * 1024 <= MAX_MEMORY;
    return isSane && key.salt.length >= 8 ? { kind: "argon2id", m, t, p, key } : void 0;
  }
  if (id === "7") {
    const iterations = /^\d{1,8}$/.test(middle) ? Number(middle) : 0;
    const isSane = iterations > 0 && iterations <= MAX_ITERATIONS;
    return isSane ? { kind: "pbkdf2-sha512", iterations, key } : void 0;
  }
  if (id === "6" && middle === "" && key.hash.length === 64) return { kind: "sha512", key };
  return void 0;
}
async function hashPassword(password) {
  const salt = randomBytes(SALT_BYTES);
  const { ln, r, p } = OURS;
  const hash = await deriveKey({ kind: "scrypt", ln, r, p, key: { salt, hash: Buffer.alloc(HASH_BYTES) } }, password);
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}
async function verifyPassword(expected, password) {
  const actual = await deriveKey(expected, password);
  return timingSafeEqual(actual, expected.key.hash);
}
function decoyOf(like) {
  const key = { salt: randomBytes(SALT_BYTES), hash: randomBytes(like?.key.hash.length ?? HASH_BYTES) };
  return like === void 0 ? { kind: "scrypt", ...OURS, key } : { ...like, key };
}
function deriveKey(hash, password) {
  const { salt, hash: expected } = hash.key;
  const { length } = expected;
  switch (hash.kind) {
    case "scrypt": {
      const { ln, r, p } = hash;
      return scryptKey(password, salt, length, { N: 2 ** ln, r, p, maxmem: 2 * MAX_MEMORY });
    }
    case "argon2id": {
      const { m: memory, t: passes, p: parallelism } = hash;
      return argon2Key("argon2id", { message: password, nonce: salt, parallelism, memory, passes, tagLength: length });
    }
    case "pbkdf2-sha512":
      return pbkdf2Key(password, salt, hash.iterations, length, "sha512");
    case "sha512":
      return Promise.resolve(createHash("sha512").update(password).update(salt).digest());
  }
}
function saltedKey(salt, hash) {
  const key = { salt: base64(salt), hash: base64(hash) };
  if (key.salt === void 0 || key.hash === void 0) return void 0;
  return key.hash.length >= 16 && key.hash.length <= 128 && key.salt.length <= 256 ? key : void 0;
}
function base64(text) {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, "base64") : void 0;
}
function unpadded(bytes) {
  return bytes.toString("base64").replace(/=+$/, "");
}
export {
  decoyOf,
  hashPassword,
  parsePasswordHash,
  verifyPassword
};
//# sourceMappingURL=password.js.map
