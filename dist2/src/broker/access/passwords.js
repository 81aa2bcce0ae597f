import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { verifyPassword } from "../../core/password.js";
import { HashingQueue } from "./hashing.js";
const MAX_REMEMBERED = 1e4;
class Passwords {
  #queue = new HashingQueue();
  #key = randomBytes(32);
  /** By the hash that it was compared with: another one, and it is asked anew. */
  #right = /* @__PURE__ */ new Map();
  /** At once, if the same password was right before. */
  isKnown(accounts, user, password) {
    const expected = accounts.get(user)?.config.password;
    const known = expected === void 0 ? void 0 : this.#right.get(`${user}\0${expected}`);
    return known !== void 0 && timingSafeEqual(known, this.#keyed(password));
  }
  /**
   * @param network - whose turn in the queue it is
   * @param isBlocked - asked when the turn has come
   * @returns undefined: not looked at, the queue is full or the client blocked by now
   */
  async check(accounts, user, password, network, isBlocked) {
    const account = accounts.get(user);
    const hash = account?.hash ?? accounts.decoy(user);
    const own = Buffer.from(password);
    const isRight = await this.#queue.run(network, async () => isBlocked() ? void 0 : verifyPassword(hash, own));
    if (isRight === true && account?.hash !== void 0) this.#remember(`${user}\0${account.config.password}`, own);
    own.fill(0);
    return isRight === void 0 ? void 0 : isRight && account?.hash !== void 0;
  }
  #remember(name, password) {
    if (this.#right.size >= MAX_REMEMBERED) this.#right.delete(this.#right.keys().next().value);
    this.#right.set(name, this.#keyed(password));
  }
  #keyed(password) {
    return createHmac("sha256", this.#key).update(password).digest();
  }
}
export {
  Passwords
};
//# sourceMappingURL=passwords.js.map
