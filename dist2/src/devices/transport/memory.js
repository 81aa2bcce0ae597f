import { Duplex } from "node:stream";
function openMemory() {
  const wire = new Duplex({
    read() {
    },
    write(_chunk, _encoding, callback) {
      callback();
    }
  });
  wire.on("error", () => {
  });
  return wire;
}
export {
  openMemory
};
//# sourceMappingURL=memory.js.map
