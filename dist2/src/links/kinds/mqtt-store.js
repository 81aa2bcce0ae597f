import { Readable } from "node:stream";
class Store {
  put(_packet, done) {
    done();
    return this;
  }
  del(_packet, done) {
    done();
    return this;
  }
  get(_packet, done) {
    done(new Error("nothing is kept"));
    return this;
  }
  createStream() {
    return Readable.from([]);
  }
  close(done) {
    done();
  }
}
class OutgoingStore extends Store {
}
class IncomingStore extends Store {
  #packets = /* @__PURE__ */ new Map();
  #maxBytes;
  #onFull;
  #bytes = 0;
  /** @param onFull - told when payloads of more than `maxBytes` are held */
  constructor(maxBytes, onFull) {
    super();
    this.#maxBytes = maxBytes;
    this.#onFull = onFull;
  }
  put(packet, done) {
    this.#forget(packet.messageId);
    this.#packets.set(packet.messageId, packet);
    this.#bytes += payloadBytes(packet);
    if (this.#bytes > this.#maxBytes) this.#onFull(this.#bytes);
    done();
    return this;
  }
  del(packet, done) {
    this.#forget(packet.messageId);
    done();
    return this;
  }
  get(packet, done) {
    const found = this.#packets.get(packet.messageId);
    if (found === void 0) done(new Error("no such packet"));
    else done(void 0, found);
    return this;
  }
  /**
   * What was acknowledged with PUBREC but never released. The far side forgets it together with the clean session and
   * does not send it again, so it counts as received.
   */
  takeAll() {
    const all = [...this.#packets.values()];
    this.#packets.clear();
    this.#bytes = 0;
    return all;
  }
  #forget(messageId) {
    const packet = this.#packets.get(messageId);
    if (packet === void 0) return;
    this.#packets.delete(messageId);
    this.#bytes -= payloadBytes(packet);
  }
}
function payloadBytes(packet) {
  return packet.cmd === "publish" ? packet.payload.length : 0;
}
export {
  IncomingStore,
  OutgoingStore
};
//# sourceMappingURL=mqtt-store.js.map
