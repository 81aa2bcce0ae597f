import { Duplex } from "node:stream";
class Side extends Duplex {
  peer;
  /** Writes to this side that are not taken; undefined: they are. */
  held;
  _read() {
  }
  _write(chunk, _encoding, callback) {
    const copy = Buffer.from(chunk);
    const take = () => setImmediate(() => {
      if (!this.peer.destroyed) this.peer.push(copy);
      callback();
    });
    if (this.peer.held === void 0) take();
    else this.peer.held.push(take);
  }
  _final(callback) {
    setImmediate(() => {
      if (!this.peer.destroyed) this.peer.push(null);
      callback();
    });
  }
  /** A cut wire is seen by both ends. */
  _destroy(error, callback) {
    if (!this.peer.destroyed) setImmediate(() => this.peer.destroy());
    callback(error);
  }
}
function duplexPair() {
  const a = new Side();
  const b = new Side();
  a.peer = b;
  b.peer = a;
  a.on("error", () => {
  });
  b.on("error", () => {
  });
  return [a, b];
}
function holdWrites(stream) {
  stream.held ??= [];
}
function releaseWrites(stream) {
  const held = stream.held ?? [];
  stream.held = void 0;
  for (const take of held) take();
}
export {
  duplexPair,
  holdWrites,
  releaseWrites
};
//# sourceMappingURL=duplex-pair.js.map
