import { createSecretKey } from "node:crypto";
import { PUBLIC_KEY_ALGORITHMS, parseJwtKeys, SECRET_ALGORITHMS } from "../../core/jwt-keys.js";
import { topicFilterFault } from "../../core/topic.js";
const MAX_TOKEN = 16384;
const MAX_NAME = 256;
const MAX_ROLES = 64;
const MAX_TOPICS = 256;
function looksLikeToken(password) {
  if (password.length > MAX_TOKEN || password[0] !== 101 || password[1] !== 121) return false;
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(password.toString("latin1"));
}
class TokenVerifier {
  #config;
  #clock;
  #keys;
  #algorithms;
  /** @param config - its keys were checked when it was read */
  constructor(config, clock) {
    this.#config = config;
    this.#clock = clock;
    const { keys } = config;
    if ("secret" in keys) {
      this.#keys = [{ key: createSecretKey(keys.secret), keyId: void 0, algorithm: void 0 }];
      this.#algorithms = [...config.algorithms ?? SECRET_ALGORITHMS];
    } else {
      const parsed = parseJwtKeys(keys.content);
      this.#keys = typeof parsed === "string" ? [] : parsed;
      this.#algorithms = [...config.algorithms ?? PUBLIC_KEY_ALGORITHMS];
    }
  }
  /** Never rejects. @returns why not, in words without the token, instead of the bearer */
  async verify(token) {
    const { decodeProtectedHeader, errors, jwtVerify } = await import("jose");
    const { issuer, audience, clockTolerance, userClaim, requireExpiry } = this.#config;
    const text = token.toString("latin1");
    const requiredClaims = requireExpiry ? [userClaim, "exp"] : [userClaim];
    try {
      const { kid, alg } = decodeProtectedHeader(text);
      if (alg === void 0 || !this.#algorithms.includes(alg)) return "its algorithm is not allowed";
      for (const key of this.#candidates(kid, alg)) {
        try {
          const { payload } = await jwtVerify(text, key, {
            algorithms: this.#algorithms,
            requiredClaims,
            currentDate: new Date(this.#clock.now()),
            clockTolerance: clockTolerance / 1e3,
            ...issuer !== void 0 && { issuer: [...issuer] },
            ...audience !== void 0 && { audience: [...audience] }
          });
          return this.#bearer(payload);
        } catch (error) {
          if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
        }
      }
      return "no key fits its signature";
    } catch (error) {
      return error instanceof errors.JOSEError ? error.code : "it is malformed";
    }
  }
  #candidates(keyId, algorithm) {
    return this.#keys.filter(
      (one) => (keyId === void 0 || one.keyId === void 0 || one.keyId === keyId) && (one.algorithm === void 0 || one.algorithm === algorithm) && fitsKey(algorithm, one.key)
    ).map(({ key }) => key);
  }
  #bearer(payload) {
    const { userClaim, rolesClaim, topicsClaim, clockTolerance } = this.#config;
    const user = payload[userClaim];
    if (typeof user !== "string" || user === "" || user.length > MAX_NAME)
      return `its claim ${userClaim} is no user name`;
    const roles = rolesClaim === void 0 ? [] : rolesOf(payload[rolesClaim]);
    if (roles === void 0) return `its claim ${rolesClaim} is no list of roles`;
    const rules = topicsClaim === void 0 ? void 0 : rulesOf(payload[topicsClaim] ?? {});
    if (topicsClaim !== void 0 && rules === void 0) return `its claim ${topicsClaim} has not the form of topics`;
    const expiresAt = typeof payload.exp === "number" ? payload.exp * 1e3 + clockTolerance : Number.POSITIVE_INFINITY;
    return { user, roles, rules, expiresAt };
  }
}
const CURVES = { ES256: "prime256v1", ES384: "secp384r1", ES512: "secp521r1" };
function fitsKey(algorithm, key) {
  switch (key.asymmetricKeyType) {
    case void 0:
      return algorithm.startsWith("HS");
    case "rsa":
      return algorithm.startsWith("RS") || algorithm.startsWith("PS");
    case "ec":
      return CURVES[algorithm] === key.asymmetricKeyDetails?.namedCurve;
    default:
      return algorithm === "EdDSA" && key.asymmetricKeyType === "ed25519";
  }
}
function rolesOf(claim) {
  const roles = typeof claim === "string" ? claim.split(" ").filter((word) => word !== "") : claim ?? [];
  const isList = Array.isArray(roles) && roles.length <= MAX_ROLES && roles.every((one) => typeof one === "string");
  return isList ? roles.filter((one) => one !== "anonymous" && one !== "authenticated") : void 0;
}
const ACTIONS = {
  pub: ["publish"],
  publish: ["publish"],
  sub: ["subscribe"],
  subscribe: ["subscribe"],
  all: ["publish", "subscribe"]
};
function rulesOf(claim) {
  if (typeof claim !== "object" || claim === null) return void 0;
  const rules = [];
  let count = 0;
  for (const [word, topics] of Object.entries(claim)) {
    const actions = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : void 0;
    if (actions === void 0 || !Array.isArray(topics)) return void 0;
    count += topics.length;
    if (count > MAX_TOPICS) return void 0;
    if (!topics.every((one) => typeof one === "string" && topicFilterFault(one) === void 0)) return void 0;
    const everybody = { users: void 0, roles: void 0, clientIds: void 0, commonNames: void 0 };
    rules.push({ effect: "allow", actions, topics, ...everybody });
  }
  return rules;
}
export {
  TokenVerifier,
  looksLikeToken
};
//# sourceMappingURL=jwt.js.map
