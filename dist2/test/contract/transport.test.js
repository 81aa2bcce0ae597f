import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import t, {} from "tap";
import { openTransport } from "../../src/devices/transport/open.js";
import { eventually, needs, startPeer } from "../support/peers.js";
import { transportContract } from "./transport.js";
t.test("memory", async (t2) => {
  transportContract(t2, openTransport, async () => ({ endpoint: { type: "memory" } }));
});
async function tcpRig(t2) {
  const server = createServer();
  const sockets = [];
  server.on("connection", (socket) => {
    socket.on("error", () => {
    });
    sockets.push(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  t2.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    endpoint: { type: "tcp", host: "127.0.0.1", port },
    far: {
      stream: () => eventually(() => sockets.at(-1)),
      kill: async () => {
        for (const socket of sockets) socket.resetAndDestroy();
      }
    }
  };
}
t.test("tcp", async (t2) => {
  transportContract(t2, openTransport, tcpRig);
});
async function serialRig(t2) {
  const folder = t2.testdir();
  const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
  const socat = startPeer(t2, "socat", ["-d", `pty,raw,echo=0,link=${ours}`, `pty,raw,echo=0,link=${theirs}`]);
  await eventually(() => existsSync(ours) && existsSync(theirs));
  const line = (path) => ({
    type: "serial",
    path,
    baudRate: 19200,
    dataBits: 8,
    parity: "even",
    stopBits: 1
  });
  return {
    endpoint: line(ours),
    far: {
      stream: async () => {
        const wire = await openTransport(line(theirs), new AbortController().signal);
        t2.teardown(() => wire.destroy());
        return wire;
      },
      kill: async () => {
        await socat.kill();
      }
    }
  };
}
t.test("serial", async (t2) => {
  transportContract(t2, openTransport, serialRig, needs("socat"));
});
//# sourceMappingURL=transport.test.js.map
