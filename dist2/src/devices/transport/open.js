import { openMemory } from "./memory.js";
import { openSerial } from "./serial.js";
import { openTcp } from "./tcp.js";
const openTransport = async (endpoint, signal) => {
  signal.throwIfAborted();
  switch (endpoint.type) {
    case "tcp":
      return openTcp(endpoint, signal);
    case "serial":
      return openSerial(endpoint, signal);
    case "memory":
      return openMemory();
  }
};
export {
  openTransport
};
//# sourceMappingURL=open.js.map
