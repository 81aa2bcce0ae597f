import { createServer } from "node:net";
import { serveModbus } from "../../adapters/modbus/server.js";
import { createPlant } from "../../adapters/simulator/plant.js";
import { systemClock } from "../core/clock.js";
import { characterTimeMs, endpointName } from "../core/transport.js";
import { openSerial } from "../devices/transport/serial.js";
import { tcpError } from "../devices/transport/tcp.js";
import { waitForStop } from "../run.js";
import { plantUnits } from "./registers.js";
const MAX_CONNECTIONS = 32;
const SILENT_CHARACTERS = 3.5;
async function runSimulator({ endpoint }) {
  const stop = waitForStop();
  const stopping = new AbortController();
  const clock = systemClock;
  const units = plantUnits(createPlant({ clock, random: Math.random }));
  const { signal } = stopping;
  if (endpoint.type === "serial") {
    const wire = await openSerial(endpoint, signal);
    announce(endpointName(endpoint));
    const silenceMs = Math.max(4, SILENT_CHARACTERS * characterTimeMs(endpoint));
    const served = serveModbus(wire, { framing: "rtu", units, clock, signal, silenceMs });
    const reason = await Promise.race([stop, served.then(() => "line is gone")]);
    stopping.abort();
    const dropped = await served;
    if (dropped > 0) process.stderr.write(`${dropped} requests were dropped: the master did not wait for answers
`);
    if (reason === "line is gone") process.stderr.write(`${endpoint.path} is gone
`);
    return reason === "line is gone" ? 69 : 0;
  }
  const wires = /* @__PURE__ */ new Set();
  const server = createServer({ noDelay: true }, (wire) => {
    const served = serveModbus(wire, { framing: "tcp", units, clock, signal });
    wires.add(served);
    void served.finally(() => wires.delete(served));
  });
  server.maxConnections = MAX_CONNECTIONS;
  announce(endpointName({ ...endpoint, port: await listen(server, endpoint) }));
  await stop;
  stopping.abort();
  server.close();
  await Promise.all(wires);
  return 0;
}
function listen(server, endpoint) {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(tcpError(endpoint, error)));
    server.listen(endpoint.port, endpoint.host, () => resolve(server.address().port));
  });
}
function announce(address) {
  process.stdout.write(`simulated plant on ${address}: unit 1 boiler, unit 2 energy meter, unit 3 tank
`);
  process.send?.({ ready: true, addresses: [address] });
}
export {
  runSimulator
};
//# sourceMappingURL=simulate.js.map
