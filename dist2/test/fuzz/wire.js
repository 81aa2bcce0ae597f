import { Duplex } from "node:stream";
class Wire extends Duplex {
  /** The peer takes nothing. */
  isStalled = false;
  #events;
  #untaken;
  constructor(events) {
    super();
    this.#events = events;
  }
  /** Takes again. */
  takeAgain() {
    this.isStalled = false;
    const callback = this.#untaken;
    this.#untaken = void 0;
    callback?.();
  }
  _read() {
  }
  _write(chunk, _encoding, callback) {
    this.#events.onBytes(chunk);
    if (this.isStalled) this.#untaken = callback;
    else callback();
  }
  _final(callback) {
    this.#events.onEnd();
    callback();
  }
  _destroy(error, callback) {
    this.#events.onClosed();
    callback(error);
  }
}
export {
  Wire
};
//# sourceMappingURL=wire.js.map
