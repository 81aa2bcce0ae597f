import { Duplex } from "node:stream";
import { endpointName } from "../../core/transport.js";
import { devicesError } from "../errors.js";
const HIGH_WATER_MARK = 64 * 1024;
class SerialWire extends Duplex {
  #port;
  #name;
  constructor(port, name) {
    super({ readableHighWaterMark: HIGH_WATER_MARK });
    this.#port = port;
    this.#name = name;
    this.on("error", () => {
    });
    port.on("data", (chunk) => {
      if (!this.destroyed && !this.push(chunk)) port.pause();
    });
    port.on("error", (error) => void this.destroy(serialError(name, error)));
    port.on("close", (error) => {
      this.destroy(
        devicesError("PORT_CLOSED", `the line ${name} is gone`, {
          cause: error ?? void 0,
          hint: "check the cable and the power of the serial adapter"
        })
      );
    });
  }
  _read() {
    this.#port.resume();
  }
  _write(chunk, _encoding, callback) {
    this.#port.write(chunk, (error) => callback(error ? serialError(this.#name, error) : null));
  }
  _destroy(error, callback) {
    if (this.#port.isOpen) this.#port.close(() => callback(error));
    else callback(error);
  }
}
async function openSerial(endpoint, signal) {
  const { SerialPort } = await import("serialport");
  const { path, baudRate, dataBits, parity, stopBits } = endpoint;
  const name = endpointName(endpoint);
  const port = new SerialPort({
    path,
    baudRate,
    dataBits,
    parity,
    stopBits,
    autoOpen: false,
    lock: true,
    highWaterMark: HIGH_WATER_MARK
  });
  const wire = new SerialWire(port, name);
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    port.open((error) => {
      signal.removeEventListener("abort", onAbort);
      if (error) {
        wire.destroy();
        reject(serialError(name, error));
      } else if (signal.aborted) {
        wire.destroy();
        reject(signal.reason);
      } else {
        resolve(wire);
      }
    });
  });
}
function serialError(name, cause) {
  const text = cause.message;
  const details = { endpoint: name };
  if (/no such (file|device)/i.test(text)) {
    return devicesError("PORT_NOT_FOUND", `there is no ${name}`, { cause, details });
  }
  if (/permission denied|operation not permitted/i.test(text)) {
    return devicesError("PORT_NOT_PERMITTED", `no permission to open ${name}`, { cause, details });
  }
  if (/cannot lock port|resource busy|temporarily unavailable/i.test(text)) {
    return devicesError("PORT_BUSY", `${name} is in use by another program`, { cause, details });
  }
  if (/inappropriate ioctl|is a directory|not a typewriter/i.test(text)) {
    return devicesError("PORT_NOT_SERIAL", `${name} is not a serial line`, { cause, details });
  }
  return devicesError("PORT_FAILED", `${name}: ${text.replace(/^Error:? ?/, "")}`, { cause, details });
}
export {
  openSerial,
  serialError
};
//# sourceMappingURL=serial.js.map
