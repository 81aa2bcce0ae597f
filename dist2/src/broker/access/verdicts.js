import { unrestricted } from "./access.js";
const GENERATION = 64;
const MAX_REMEMBERED = 256;
class Verdicts {
  #permissions = unrestricted;
  #revision = 0;
  #publish = new Remembered();
  #receive = new Remembered();
  /** From now on those of this identity. */
  adopt({ permissions }) {
    this.#permissions = permissions;
    this.#forget();
  }
  mayPublish(topic) {
    if (this.#permissions.isFree || topic.length > MAX_REMEMBERED) return this.#permissions.mayPublish(topic);
    this.#refresh();
    return this.#publish.get(topic) ?? this.#publish.set(topic, this.#permissions.mayPublish(topic));
  }
  mayReceive(topic) {
    if (this.#permissions.isFree || topic.length > MAX_REMEMBERED) return this.#permissions.mayReceive(topic);
    this.#refresh();
    return this.#receive.get(topic) ?? this.#receive.set(topic, this.#permissions.mayReceive(topic));
  }
  /** Not remembered: a SUBSCRIBE is rare. */
  maySubscribe(filter) {
    return this.#permissions.maySubscribe(filter);
  }
  #refresh() {
    if (this.#permissions.revision !== this.#revision) this.#forget();
  }
  #forget() {
    this.#revision = this.#permissions.revision;
    this.#publish.clear();
    this.#receive.clear();
  }
}
class Remembered {
  #young;
  #old;
  get(topic) {
    const verdict = this.#young?.get(topic);
    if (verdict !== void 0) return verdict;
    const older = this.#old?.get(topic);
    return older === void 0 ? void 0 : this.set(topic, older);
  }
  set(topic, verdict) {
    if (this.#young === void 0 || this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = /* @__PURE__ */ new Map();
    }
    this.#young.set(topic, verdict);
    return verdict;
  }
  clear() {
    this.#young = void 0;
    this.#old = void 0;
  }
}
export {
  Verdicts
};
//# sourceMappingURL=verdicts.js.map
