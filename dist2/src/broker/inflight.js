import { messageBytes } from "./application-message.js";
const MAX_PACKET_IDENTIFIER = 65535;
class InflightMessages {
  #keeper;
  #entries = /* @__PURE__ */ new Map();
  /** To be sent again on the present connection, in order; entries acknowledged meanwhile are skipped. */
  #again = [];
  #againNext = 0;
  #outstanding = 0;
  #lastIdentifier = 0;
  #bytes = 0;
  constructor(keeper) {
    this.#keeper = keeper;
  }
  /** Of the messages. */
  get bytes() {
    return this.#bytes;
  }
  /** Gives all up: the session ends. */
  clear() {
    for (const entry of [...this.#entries.values()]) this.#remove(entry);
  }
  get size() {
    return this.#entries.size;
  }
  /** @param window - Receive Maximum of the client (§4.9) */
  hasRoom(window) {
    return this.#outstanding < window && this.#entries.size < MAX_PACKET_IDENTIFIER;
  }
  /** Takes a free Packet Identifier; the caller sends the PUBLISH. Only while {@link hasRoom}. */
  add(delivery) {
    do {
      this.#lastIdentifier = this.#lastIdentifier === MAX_PACKET_IDENTIFIER ? 1 : this.#lastIdentifier + 1;
    } while (this.#entries.has(this.#lastIdentifier));
    const entry = {
      packetIdentifier: this.#lastIdentifier,
      delivery,
      state: "publish",
      isOutstanding: true
    };
    this.#entries.set(entry.packetIdentifier, entry);
    this.#outstanding++;
    this.#bytes += messageBytes(delivery.message);
    this.#keeper?.keep(delivery.message);
    return entry;
  }
  /** A new connection of the same session: everything not acknowledged is to be sent again [MQTT-4.4.0-1]. */
  restart() {
    this.#outstanding = 0;
    const entries = [...this.#entries.values()];
    this.#again = [...entries.filter(isReleased), ...entries.filter((entry) => !isReleased(entry))];
    this.#againNext = 0;
    for (const entry of entries) entry.isOutstanding = false;
  }
  /** The next entry to send again; undefined: none left. */
  peekAgain() {
    for (; this.#againNext < this.#again.length; this.#againNext++) {
      const entry = this.#again[this.#againNext];
      if (this.#entries.get(entry.packetIdentifier) === entry) return entry;
    }
    this.#again = [];
    this.#againNext = 0;
    return void 0;
  }
  /** What {@link peekAgain} gave was sent. */
  sentAgain(entry) {
    this.#againNext++;
    if (entry.state === "publish") {
      entry.isOutstanding = true;
      this.#outstanding++;
    }
  }
  /** QoS 1 messages of Shared Subscriptions not acknowledged; QoS 2 stays with this client [MQTT-4.8.2-4]. */
  passable() {
    const found = [];
    for (const entry of this.#entries.values()) {
      if (entry.delivery.share !== void 0 && entry.delivery.qos === 1) found.push(entry);
    }
    return found;
  }
  /** Gives an entry up: the present connection cannot carry it, or another client has it. */
  forget(entry) {
    this.#remove(entry);
  }
  puback(packetIdentifier) {
    const entry = this.#entries.get(packetIdentifier);
    if (entry === void 0) return "unknown";
    if (entry.delivery.qos !== 1) return "mismatch";
    this.#remove(entry);
    return "done";
  }
  /** @param isFailure - the Reason Code is 0x80 or more: the client does not take the message (§4.3.3) */
  pubrec(packetIdentifier, isFailure) {
    const entry = this.#entries.get(packetIdentifier);
    if (entry === void 0) return "unknown";
    if (entry.delivery.qos !== 2) return "mismatch";
    if (isFailure) {
      this.#remove(entry);
      return "done";
    }
    if (entry.state === "publish") {
      entry.state = "pubrel";
      this.#entries.delete(packetIdentifier);
      this.#entries.set(packetIdentifier, entry);
    }
    return "release";
  }
  pubcomp(packetIdentifier) {
    const entry = this.#entries.get(packetIdentifier);
    if (entry === void 0) return "unknown";
    if (entry.state !== "pubrel") return "mismatch";
    this.#remove(entry);
    return "done";
  }
  #remove(entry) {
    const { message } = entry.delivery;
    this.#entries.delete(entry.packetIdentifier);
    this.#bytes -= messageBytes(message);
    this.#keeper?.release(message);
    if (entry.isOutstanding) this.#outstanding--;
  }
}
function isReleased({ state }) {
  return state === "pubrel";
}
export {
  InflightMessages
};
//# sourceMappingURL=inflight.js.map
