import { createHash, createHmac, randomBytes } from "node:crypto";
import { decoyOf, parsePasswordHash } from "../../core/password.js";
import { parseScramCredentials } from "../../core/scram.js";
class Accounts {
  #accounts = /* @__PURE__ */ new Map();
  #hashes;
  #secret = randomBytes(32);
  #scrams;
  hasPasswords;
  hasScram;
  constructor(users) {
    for (const config of users) {
      const hash = config.password === void 0 ? void 0 : parsePasswordHash(config.password);
      const scram = config.scram === void 0 ? void 0 : parseScramCredentials(config.scram);
      this.#accounts.set(config.name, { config, hash, scram });
    }
    this.#hashes = Array.from(this.#accounts.values(), ({ hash }) => hash).filter((hash) => hash !== void 0);
    this.hasPasswords = this.#hashes.length > 0;
    this.#scrams = Array.from(this.#accounts.values(), ({ scram }) => scram).filter((scram) => scram !== void 0);
    this.hasScram = this.#scrams.length > 0;
  }
  get(user) {
    return this.#accounts.get(user);
  }
  /** What the password of somebody who has none is compared with: always of the same cost for the same name. */
  decoy(user) {
    const index = createHmac("sha256", this.#secret).update(user).digest().readUInt32BE() % (this.#hashes.length || 1);
    return decoyOf(this.#hashes[index]);
  }
  /**
   * The credentials of somebody who has none, which no proof fits. The salt and the number of rounds are told to whoever
   * asks: the same at each try, after a restart, too, and like those of others.
   */
  scramDecoy(user) {
    const like = this.#scrams[createHash("sha256").update(user).digest().readUInt32BE() % this.#scrams.length];
    const bytes = (use) => createHmac("sha256", this.#scrams[0].serverKey).update(`${use} ${user}`).digest();
    const salt = bytes("salt").subarray(0, Math.min(like.salt.length, 32));
    return { iterations: like.iterations, salt, storedKey: bytes("stored"), serverKey: bytes("server") };
  }
}
export {
  Accounts
};
//# sourceMappingURL=accounts.js.map
