import { createServer } from "node:net";
import t from "tap";
import { openTransport } from "../../../../src/devices/transport/open.js";
import { tcpError } from "../../../../src/devices/transport/tcp.js";
import { freePort } from "../../../support/peers.js";
const signal = new AbortController().signal;
t.test("nobody listens: refused, with the endpoint in the message", async (t2) => {
  const port = await freePort();
  await t2.rejects(openTransport({ type: "tcp", host: "127.0.0.1", port }, signal), {
    code: "PORT_REFUSED",
    fault: "device",
    message: `nothing accepts connections at 127.0.0.1:${port}`
  });
});
t.test("each failure of the system has its code", async (t2) => {
  const endpoint = { type: "tcp", host: "plc.example", port: 502 };
  for (const [system, code] of [
    ["EHOSTUNREACH", "PORT_UNREACHABLE"],
    ["ENETUNREACH", "PORT_UNREACHABLE"],
    ["ETIMEDOUT", "PORT_UNREACHABLE"],
    ["ENOTFOUND", "PORT_HOST_UNKNOWN"],
    ["EAI_AGAIN", "PORT_HOST_UNKNOWN"],
    ["EMFILE", "PORT_FAILED"]
  ]) {
    const cause = Object.assign(new Error("system"), { code: system });
    t2.match(tcpError(endpoint, cause), { code, cause, details: { code: system } });
  }
});
t.test("an attempt that is given up rejects with the reason and leaves no connection", async (t2) => {
  const server = createServer((socket) => socket.on("error", () => {
  }));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t2.teardown(() => server.close());
  const { port } = server.address();
  const controller = new AbortController();
  const reason = new Error("too slow");
  const opening = openTransport({ type: "tcp", host: "127.0.0.1", port }, controller.signal);
  controller.abort(reason);
  await t2.rejects(opening, reason);
});
//# sourceMappingURL=tcp.test.js.map
