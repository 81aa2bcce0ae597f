import { createServer } from "node:net";
import { connectAsync } from "mqtt";
import t, {} from "tap";
import { crc16 } from "../../adapters/modbus/crc16.js";
import { startTestGateway } from "../support/gateway.js";
import { openSerial, ptyPair } from "../support/modbus-peers.js";
import { eventually, needs } from "../support/peers.js";
t.setTimeout(12e4);
const POINTS = 8;
const WANTED = 150;
const FAULT_EVERY = 5;
const TIMEOUT_MS = 100;
const LATE_MS = 150;
const register = (index) => index * 10;
const registerValue = (address) => 4e3 + address;
const faults = {
  late: (address, _request, frame) => [[LATE_MS, frame(address)]],
  silent: () => [],
  truncated: (address, _request, frame) => [[0, frame(address).subarray(0, -2)]],
  "byte by byte": (address, _request, frame) => [...frame(address)].map((byte) => [1, Buffer.of(byte)]),
  "wrong unit": (address, _request, frame) => [[0, frame(address, { unit: 9 })]],
  "unknown function": (address, _request, frame) => [[0, frame(address, { functionCode: 65 })]],
  "other length": (address, _request, frame) => [[0, frame(address, { registers: 2 })]]
};
const rtuFaults = {
  ...faults,
  "noise before": (address, _request, frame) => [[0, Buffer.concat([Buffer.of(85), frame(address)])]],
  "flipped bit": (address, _request, frame) => {
    const bytes = frame(address);
    bytes[4] ^= 16;
    return [[0, bytes]];
  },
  echo: (address, request, frame) => [[0, Buffer.concat([request, frame(address)])]]
};
const tcpFaults = {
  ...faults,
  "answer to another request": (address, _request, frame) => [[0, frame((address + 10) % 80, { wrongRequest: true })]],
  "two answers": (address, _request, frame) => [[0, Buffer.concat([frame(address), frame(address)])]]
};
class Slave {
  isBad = true;
  used = /* @__PURE__ */ new Set();
  #faults;
  #requests = 0;
  constructor(table) {
    this.#faults = Object.entries(table);
  }
  serve(wire, requestBytes, framerOf) {
    let held = Buffer.alloc(0);
    wire.on("error", () => {
    });
    wire.on("data", (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= requestBytes) {
        const request = held.subarray(0, requestBytes);
        held = held.subarray(requestBytes);
        const { address, frame } = framerOf(request);
        this.#send(wire, this.#answer(address, request, frame));
      }
    });
  }
  #answer(address, request, frame) {
    const turn = this.#requests++;
    if (!this.isBad || turn % FAULT_EVERY !== 0) return [[0, frame(address)]];
    const [name, fault] = this.#faults[Math.floor(turn / FAULT_EVERY) % this.#faults.length];
    this.used.add(name);
    return fault(address, request, frame);
  }
  #send(wire, answer) {
    let at = 0;
    for (const [delay, bytes] of answer) {
      at += delay;
      setTimeout(() => !wire.destroyed && wire.write(bytes), at);
    }
  }
}
function responsePdu(address, { functionCode = 3, registers = 1 }) {
  const pdu = Buffer.alloc(2 + 2 * registers);
  pdu[0] = functionCode;
  pdu[1] = 2 * registers;
  for (let i = 0; i < registers; i++) pdu.writeUInt16BE(registerValue(address + i), 2 + 2 * i);
  return pdu;
}
const config = (port) => `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  line: { ${port}, timeout: ${TIMEOUT_MS}ms }
devices:
  d:
    adapter: modbus
    port: line
    every: 40ms
    points:
${Array.from({ length: POINTS }, (_, i) => `      p${i}: { address: 'holding:${register(i)}', report: { mode: always } }`).join("\n")}
`;
async function noWrongValue(t2, port, slave, table) {
  const gateway = await startTestGateway(t2, config(port));
  const client = await connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`);
  t2.teardown(() => client.endAsync(true));
  const wrong = [];
  const counts = { good: 0, bad: 0 };
  client.on("message", (topic, payload) => {
    const { v, q } = JSON.parse(payload.toString());
    if (q !== "good") {
      counts.bad++;
      return;
    }
    counts.good++;
    if (v !== registerValue(register(Number(topic.slice(-1))))) wrong.push(`${topic} ${payload}`);
  });
  await client.subscribeAsync("hpmq/g/d/+");
  await eventually(() => counts.good >= WANTED && slave.used.size === Object.keys(table).length, 5e4);
  slave.isBad = false;
  for (let i = 0; i < POINTS; i++) {
    await eventually(async () => {
      const { stdout } = await gateway.hpmq("point", "read", `d.p${i}`, "--json");
      return JSON.parse(stdout).quality === "good";
    }, 2e4);
  }
  t2.strictSame(wrong, [], `no wrong value in ${counts.good} good readings`);
  t2.ok(counts.bad > 0, `the faults were seen: ${counts.bad} bad readings`);
}
t.test("Modbus TCP", async (t2) => {
  const slave = new Slave(tcpFaults);
  const sockets = /* @__PURE__ */ new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    slave.serve(socket, 12, (request) => ({
      address: request.readUInt16BE(8),
      frame(address, change = {}) {
        const pdu = responsePdu(address, change);
        const header = Buffer.alloc(7);
        header.writeUInt16BE(request.readUInt16BE(0) + (change.wrongRequest ? 1 : 0) & 65535, 0);
        header.writeUInt16BE(pdu.length + 1, 4);
        header[6] = change.unit ?? request[6];
        return Buffer.concat([header, pdu]);
      }
    }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t2.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address();
  await noWrongValue(t2, `type: tcp, host: 127.0.0.1, port: ${port}`, slave, tcpFaults);
});
t.test("Modbus RTU on a pty pair", needs("socat"), async (t2) => {
  const [ours, theirs] = await ptyPair(t2);
  const slave = new Slave(rtuFaults);
  slave.serve(await openSerial(t2, theirs), 8, (request) => ({
    address: request.readUInt16BE(2),
    frame(address, change = {}) {
      const body = Buffer.concat([Buffer.of(change.unit ?? request[0]), responsePdu(address, change)]);
      const crc = Buffer.alloc(2);
      crc.writeUInt16LE(crc16(body));
      return Buffer.concat([body, crc]);
    }
  }));
  await noWrongValue(
    t2,
    `type: serial, path: ${ours}, baudRate: 19200, parity: none, lateWindow: 500ms`,
    slave,
    rtuFaults
  );
});
//# sourceMappingURL=wire-faults.test.js.map
