import { createPublicKey } from "node:crypto";
const SECRET_ALGORITHMS = ["HS256", "HS384", "HS512"];
const PUBLIC_KEY_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA"
];
const MIN_SECRET_BYTES = 32;
const MAX_KEYS = 32;
const PEM_BLOCK = /-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g;
function parseJwtKeys(content) {
  const text = content.toString("utf8").trim();
  const keys = text.startsWith("{") ? fromJwkSet(text) : fromPem(text);
  if (typeof keys === "string") return keys;
  if (keys.length === 0) return "it has no public key for signatures";
  return keys.length > MAX_KEYS ? `it has ${keys.length} keys, more than ${MAX_KEYS}` : keys;
}
function fromJwkSet(text) {
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    return "it is not valid JSON";
  }
  const set = document.keys ?? [document];
  if (!Array.isArray(set)) return "it is not a JWK Set: `keys` is not a list";
  const keys = [];
  for (const [index, jwk] of set.entries()) {
    if (jwk?.kty === "oct")
      return `key ${index + 1} is a secret: a JWK Set has public keys, a secret stands in \`secret\``;
    if (jwk?.use !== void 0 && jwk.use !== "sig") continue;
    try {
      const key = createPublicKey({ key: jwk, format: "jwk" });
      keys.push({ key, keyId: textOf(jwk.kid), algorithm: textOf(jwk.alg) });
    } catch {
      return `key ${index + 1} is not a valid public key`;
    }
  }
  return keys;
}
function fromPem(text) {
  const keys = [];
  for (const [block, label] of text.matchAll(PEM_BLOCK)) {
    if (label?.includes("PRIVATE")) return "it has a private key: the gateway needs the public key only";
    try {
      keys.push({ key: createPublicKey(block), keyId: void 0, algorithm: void 0 });
    } catch {
      return `its part ${label} is not a valid public key`;
    }
  }
  return keys.length === 0 ? "it is neither a JWK Set (JSON) nor PEM" : keys;
}
const textOf = (value) => typeof value === "string" ? value : void 0;
export {
  MIN_SECRET_BYTES,
  PUBLIC_KEY_ALGORITHMS,
  SECRET_ALGORITHMS,
  parseJwtKeys
};
//# sourceMappingURL=jwt-keys.js.map
