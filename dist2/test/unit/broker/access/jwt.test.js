import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import t from "tap";
import { looksLikeToken, TokenVerifier } from "../../../../src/broker/access/jwt.js";
import { parseJwtKeys } from "../../../../src/core/jwt-keys.js";
import { ManualClock } from "../../../support/manual-clock.js";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const pem = (key) => key.export({ type: "spki", format: "pem" }).toString();
const allKeys = Buffer.from(pem(rsa.publicKey) + pem(ec.publicKey) + pem(ed.publicKey));
const secret = randomBytes(32);
const base = {
  keys: { file: "keys.pem", content: allKeys },
  algorithms: void 0,
  issuer: void 0,
  audience: void 0,
  clockTolerance: 5e3,
  userClaim: "sub",
  rolesClaim: void 0,
  topicsClaim: void 0,
  requireExpiry: true
};
const clock = new ManualClock();
const now = clock.now() / 1e3;
const verify = (token, config = {}) => new TokenVerifier({ ...base, ...config }, clock).verify(Buffer.from(token));
function sign(claims, alg = "ES256", key = ec.privateKey, header = {}) {
  return new SignJWT({ sub: "anna", exp: now + 60, ...claims }).setProtectedHeader({ alg, ...header }).sign(key);
}
t.test("RSA, elliptic curves, Ed25519 and secrets", async (t2) => {
  for (const [alg, key] of [
    ["RS256", rsa.privateKey],
    ["PS512", rsa.privateKey],
    ["ES256", ec.privateKey],
    ["EdDSA", ed.privateKey]
  ]) {
    t2.match(await verify(await sign({}, alg, key)), { user: "anna", roles: [], expiresAt: (now + 65) * 1e3 }, alg);
  }
  t2.match(await verify(await sign({}, "HS256", secret), { keys: { secret } }), { user: "anna" });
});
t.test("no algorithm but those of the configuration: none, confusion of key and secret, others", async (t2) => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = part({ sub: "anna", exp: now + 60 });
  for (const alg of ["none", "None", "NONE", ""]) {
    t2.equal(await verify(`${part({ alg })}.${claims}.`), "its algorithm is not allowed", alg);
  }
  t2.equal(await verify(`${part({})}.${claims}.`), "its algorithm is not allowed");
  for (const known of [pem(rsa.publicKey), allKeys.toString()]) {
    t2.equal(await verify(await sign({}, "HS256", Buffer.from(known))), "its algorithm is not allowed");
  }
  t2.equal(await verify(await sign({}, "RS256", rsa.privateKey), { keys: { secret } }), "its algorithm is not allowed");
  t2.equal(await verify(await sign({}), { algorithms: ["RS256"] }), "its algorithm is not allowed");
  const embedded = await exportJWK(createPublicKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey));
  const foreign = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  t2.equal(await verify(await sign({}, "ES256", foreign, { jwk: embedded })), "no key fits its signature");
});
t.test("time, issuer, audience", async (t2) => {
  t2.equal(await verify(await sign({ exp: now - 6 })), "ERR_JWT_EXPIRED");
  t2.match(await verify(await sign({ exp: now - 4 })), { user: "anna" }, "within the tolerance");
  t2.equal(await verify(await sign({ exp: void 0 })), "ERR_JWT_CLAIM_VALIDATION_FAILED");
  t2.match(await verify(await sign({ exp: void 0 }), { requireExpiry: false }), {
    expiresAt: Number.POSITIVE_INFINITY
  });
  t2.equal(await verify(await sign({ nbf: now + 60 })), "ERR_JWT_CLAIM_VALIDATION_FAILED");
  const strict = { issuer: ["plant"], audience: ["broker"] };
  t2.match(await verify(await sign({ iss: "plant", aud: ["broker", "x"] }), strict), { user: "anna" });
  t2.equal(await verify(await sign({ iss: "other", aud: "broker" }), strict), "ERR_JWT_CLAIM_VALIDATION_FAILED");
  t2.equal(await verify(await sign({ iss: "plant", aud: "other" }), strict), "ERR_JWT_CLAIM_VALIDATION_FAILED");
  t2.equal(await verify(await sign({}), strict), "ERR_JWT_CLAIM_VALIDATION_FAILED");
});
t.test("claims: user, roles, topics", async (t2) => {
  const config = { userClaim: "name", rolesClaim: "scope", topicsClaim: "acl" };
  const token = (claims) => sign({ name: "bert", ...claims });
  t2.match(
    await verify(await token({ scope: "operator viewer", acl: { pub: ["a/%u"], sub: ["b/#"], all: [] } }), config),
    {
      user: "bert",
      roles: ["operator", "viewer"],
      rules: [
        { effect: "allow", actions: ["publish"], topics: ["a/%u"] },
        { effect: "allow", actions: ["subscribe"], topics: ["b/#"] },
        { effect: "allow", actions: ["publish", "subscribe"], topics: [] }
      ]
    }
  );
  t2.match(await verify(await token({ scope: ["x", "authenticated"] }), config), { roles: ["x"], rules: [] });
  for (const claims of [
    { name: 7 },
    { name: "" },
    { scope: { admin: true } },
    { scope: [1] },
    { acl: { pub: "a" } },
    { acl: { pub: ["a/#/b"] } },
    { acl: { deny: ["a"] } },
    { acl: { constructor: ["a"] } },
    { acl: "all" },
    { acl: { pub: Array.from({ length: 257 }, () => "a") } }
  ]) {
    t2.type(await verify(await token(claims), config), "string", JSON.stringify(claims).slice(0, 50));
  }
});
t.test("a JWK Set: the key that the token names, for the use and the algorithm it is for", async (t2) => {
  const jwk = async (key, more) => ({ ...await exportJWK(key), ...more });
  const set = (...keys) => ({ keys: { file: "jwks.json", content: Buffer.from(JSON.stringify({ keys })) } });
  const config = set(
    await jwk(ec.publicKey, { kid: "a", alg: "ES256" }),
    await jwk(rsa.publicKey, { kid: "b", alg: "PS256", use: "sig" }),
    await jwk(ed.publicKey, { kid: "c", use: "enc" })
  );
  t2.match(await verify(await sign({}, "ES256", ec.privateKey, { kid: "a" }), config), { user: "anna" });
  t2.match(await verify(await sign({}), config), { user: "anna" }, "tried without a name");
  t2.equal(await verify(await sign({}, "ES256", ec.privateKey, { kid: "b" }), config), "no key fits its signature");
  t2.equal(await verify(await sign({}, "RS256", rsa.privateKey, { kid: "b" }), config), "no key fits its signature");
  t2.equal(await verify(await sign({}, "EdDSA", ed.privateKey), config), "no key fits its signature");
});
t.test("key files that are none, in words", async (t2) => {
  t2.equal(parseJwtKeys(Buffer.from("")), "it is neither a JWK Set (JSON) nor PEM");
  t2.equal(parseJwtKeys(Buffer.from("{")), "it is not valid JSON");
  t2.equal(parseJwtKeys(Buffer.from('{"keys":7}')), "it is not a JWK Set: `keys` is not a list");
  t2.equal(parseJwtKeys(Buffer.from('{"keys":[]}')), "it has no public key for signatures");
  t2.match(parseJwtKeys(Buffer.from('{"keys":[{"kty":"oct","k":"aHVudGVyMg"}]}')), /key 1 is a secret/);
  t2.match(parseJwtKeys(Buffer.from('{"keys":[null]}')), /key 1 is not a valid public key/);
  const own = rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  t2.equal(parseJwtKeys(Buffer.from(own)), "it has a private key: the gateway needs the public key only");
  t2.equal(parseJwtKeys(allKeys).length, 3);
});
t.test("what is no token is not taken for one, whatever its bytes", async (t2) => {
  t2.ok(looksLikeToken(Buffer.from(await sign({}))));
  for (const text of ["", "geheim", "eyJ", "eyJ.a", "eyJhbGc.a.b.c", "eyJh bGc.a.b", `eyJ${"a".repeat(2e4)}.a.b`]) {
    t2.notOk(looksLikeToken(Buffer.from(text)), text.slice(0, 20));
  }
  for (const text of ["eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "eyJhbGciOiJFUzI1NiJ9.bm8.AA", "eyJub25zZW5zZQ.a.b"]) {
    t2.type(await verify(text), "string", text);
  }
});
//# sourceMappingURL=jwt.test.js.map
