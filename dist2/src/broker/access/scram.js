import { randomBytes, timingSafeEqual } from "node:crypto";
import { saslprep } from "@mongodb-js/saslprep";
import { hmac, sha256 } from "../../core/scram.js";
import { ReasonCode, Refusal } from "../reason-codes.js";
const NONCE_BYTES = 24;
const MAX_MESSAGE = 4096;
const PROOF_BYTES = 32;
const malformed = new Refusal(ReasonCode.protocolError, "Authentication Data is not a message of SCRAM-SHA-256");
const wrong = new Refusal(ReasonCode.badUserNameOrPassword, "the user or password is wrong");
function parseClientFirst(data) {
  const text = data === void 0 || data.length > MAX_MESSAGE ? "" : data.toString("utf8");
  const found = /^([ny],(?:a=([^,\0]+))?,)(n=([^,\0]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[^\0]*)?)$/.exec(text);
  if (found === null) return malformed;
  const [, gs2Header = "", authorization, bare = "", name = "", nonce = ""] = found;
  const user = saslName(name);
  if (user === void 0) return malformed;
  if (authorization !== void 0 && saslName(authorization) !== user) return wrong;
  return { user, nonce, gs2Header, bare };
}
function saslName(text) {
  if (/=(?!2C|3D)/.test(text)) return void 0;
  try {
    return saslprep(text.replaceAll("=2C", ",").replaceAll("=3D", "=")) || void 0;
  } catch {
    return void 0;
  }
}
class ScramServer {
  #first;
  #credentials;
  #nonce;
  #serverFirst;
  /** @param nonce - ours, for the vectors of RFC 7677; a new one when absent */
  constructor(first, credentials, nonce = randomBytes(NONCE_BYTES).toString("base64")) {
    this.#first = first;
    this.#credentials = credentials;
    this.#nonce = first.nonce + nonce;
    const { salt, iterations } = credentials;
    this.#serverFirst = `r=${this.#nonce},s=${salt.toString("base64")},i=${iterations}`;
  }
  get serverFirst() {
    return Buffer.from(this.#serverFirst);
  }
  /** @returns server-final */
  finish(data) {
    const text = data === void 0 || data.length > MAX_MESSAGE ? "" : data.toString("utf8");
    const found = /^(c=([A-Za-z0-9+/]+={0,2}),r=([\x21-\x2b\x2d-\x7e]+)(?:,[^\0]*)?),p=([A-Za-z0-9+/]+={0,2})$/.exec(
      text
    );
    if (found === null) return malformed;
    const [, withoutProof = "", binding = "", nonce = "", proof = ""] = found;
    const { gs2Header, bare } = this.#first;
    if (binding !== Buffer.from(gs2Header).toString("base64") || nonce !== this.#nonce) return wrong;
    const clientProof = Buffer.from(proof, "base64");
    if (clientProof.length !== PROOF_BYTES) return wrong;
    const { storedKey, serverKey } = this.#credentials;
    const authMessage = `${bare},${this.#serverFirst},${withoutProof}`;
    const signature = hmac(storedKey, authMessage);
    const clientKey = Buffer.from(clientProof.map((byte, i) => byte ^ signature[i]));
    if (!timingSafeEqual(sha256(clientKey), storedKey)) return wrong;
    return Buffer.from(`v=${hmac(serverKey, authMessage).toString("base64")}`);
  }
}
export {
  ScramServer,
  parseClientFirst
};
//# sourceMappingURL=scram.js.map
