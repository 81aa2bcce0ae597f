import { messageBytes } from "../application-message.js";
const ENTRY_BYTES = 256;
const SMALL_BYTES = 256;
const RELIEF = 15 / 16;
class MessageMemory {
  #limit;
  #large = /* @__PURE__ */ new Map();
  #holders = /* @__PURE__ */ new Set();
  #used = 0;
  #isRelieving = false;
  /** @param limit - bytes */
  constructor(limit) {
    this.#limit = limit;
  }
  get used() {
    return this.#used;
  }
  add(holder) {
    this.#holders.add(holder);
  }
  delete(holder) {
    this.#holders.delete(holder);
  }
  /** One more entry with this message. */
  keep(message) {
    const bytes = messageBytes(message);
    this.#used += ENTRY_BYTES;
    if (bytes <= SMALL_BYTES) {
      this.#used += bytes;
      return;
    }
    const holders = this.#large.get(message) ?? 0;
    if (holders === 0) this.#used += bytes;
    this.#large.set(message, holders + 1);
  }
  /** One entry with this message less. */
  release(message) {
    const bytes = messageBytes(message);
    this.#used -= ENTRY_BYTES;
    if (bytes <= SMALL_BYTES) {
      this.#used -= bytes;
      return;
    }
    const holders = this.#large.get(message) ?? 1;
    if (holders > 1) {
      this.#large.set(message, holders - 1);
      return;
    }
    this.#large.delete(message);
    this.#used -= bytes;
  }
  /** Makes room when there is too much; to be called after {@link keep}, once the holder is consistent. */
  relieve() {
    if (this.#used <= this.#limit || this.#isRelieving) return;
    this.#isRelieving = true;
    const target = this.#limit * RELIEF;
    const fattestFirst = [...this.#holders].sort((a, b) => b.heldBytes - a.heldBytes);
    while (this.#used > target && this.#halve(fattestFirst, target)) ;
    for (const holder of fattestFirst) {
      if (this.#used <= this.#limit) break;
      holder.giveUp();
    }
    this.#isRelieving = false;
  }
  /** Down to half of what each holds, until it is enough. @returns whether anything could be dropped */
  #halve(holders, target) {
    let isProgress = false;
    for (const holder of holders) {
      const floor = holder.heldBytes / 2;
      while (this.#used > target && holder.heldBytes > floor && holder.dropOldest()) isProgress = true;
      if (this.#used <= target) break;
    }
    return isProgress;
  }
}
export {
  ENTRY_BYTES,
  MessageMemory
};
//# sourceMappingURL=message-memory.js.map
