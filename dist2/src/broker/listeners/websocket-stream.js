import { Duplex } from "node:stream";
const NORMAL_CLOSURE = 1e3;
const UNSUPPORTED_DATA = 1003;
class WebSocketStream extends Duplex {
  #webSocket;
  #failure;
  #isRefused = false;
  constructor(webSocket) {
    super({ allowHalfOpen: true });
    this.#webSocket = webSocket;
    webSocket.on("message", (data, isBinary) => this.#received(data, isBinary));
    webSocket.on("error", (error) => {
      this.#failure = error;
    });
    webSocket.on("close", () => this.#closed());
  }
  _read() {
    this.#webSocket.resume();
  }
  _write(chunk, _encoding, callback) {
    this.#webSocket.send(chunk, { binary: true }, callback);
  }
  _final(callback) {
    this.#webSocket.close(NORMAL_CLOSURE);
    callback();
  }
  _destroy(error, callback) {
    const webSocket = this.#webSocket;
    if (webSocket.readyState === webSocket.CLOSED) {
      callback(error);
      return;
    }
    webSocket.once("close", () => callback(error));
    webSocket.terminate();
  }
  #received(data, isBinary) {
    if (this.#isRefused || this.destroyed) return;
    if (!isBinary) {
      this.#isRefused = true;
      this.#failure = new Error("a text frame [MQTT-6.0.0-1]");
      this.#webSocket.close(UNSUPPORTED_DATA, "MQTT is sent in binary frames");
      return;
    }
    if (!this.push(data)) this.#webSocket.pause();
  }
  /** With a failure: the connection is lost. Without: the client said goodbye. */
  #closed() {
    if (this.#failure !== void 0) this.destroy(this.#failure);
    else this.push(null);
  }
}
export {
  WebSocketStream
};
//# sourceMappingURL=websocket-stream.js.map
