import { createServer } from "node:net";
import t, {} from "tap";
import { WebSocket } from "ws";
import { WebSocketUpgrades } from "../../../../src/broker/listeners/websocket.js";
import { eventually } from "../../../support/peers.js";
async function connectBoth(t2) {
  const upgrades = new WebSocketUpgrades({ path: "/mqtt", origins: void 0 }, 1e6);
  let stream;
  const sockets = /* @__PURE__ */ new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {
    });
    upgrades.accept(socket, {
      onStream: (one) => {
        one.on("error", () => {
        });
        stream = one;
      },
      onRefused: () => {
      }
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}/mqtt`, "mqtt");
  t2.teardown(() => {
    client.terminate();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  client.on("error", () => {
  });
  await new Promise((resolve) => client.once("open", resolve));
  return { stream: await eventually(() => stream), client };
}
const MESSAGE = Buffer.alloc(5e4, 1);
const COUNT = 600;
t.test("what is not read stays with the client", async (t2) => {
  const { stream, client } = await connectBoth(t2);
  for (let i = 0; i < COUNT; i++) client.send(MESSAGE);
  let before = -1;
  await eventually(() => {
    const moved = client.bufferedAmount !== before;
    before = client.bufferedAmount;
    return !moved;
  });
  t2.ok(client.bufferedAmount > COUNT * MESSAGE.length / 2, `${client.bufferedAmount} bytes wait at the client`);
  t2.ok(stream.readableLength < 3e5, `${stream.readableLength} bytes wait here`);
  let received = 0;
  stream.on("data", (chunk) => {
    received += chunk.length;
  });
  await eventually(() => received === COUNT * MESSAGE.length);
});
t.test("a write is done when the system has it: a client that does not read is noticed", async (t2) => {
  const { stream, client } = await connectBoth(t2);
  let received = 0;
  client.on("message", (data) => {
    received += data.length;
  });
  client.pause();
  let written = 0;
  const write = () => stream.write(MESSAGE, () => written++);
  let before = -1;
  await eventually(() => {
    if (written !== before) {
      before = written;
      write();
      return false;
    }
    return stream.writableLength > 0;
  });
  t2.ok(written < COUNT, `${written} messages were taken by the system`);
  t2.equal(stream.writableLength, MESSAGE.length, "one waits, and it is seen");
  client.resume();
  await eventually(() => stream.writableLength === 0 && received === written * MESSAGE.length);
  t2.equal(received, (before + 1) * MESSAGE.length);
});
t.test("end() says goodbye, the far side too", async (t2) => {
  const { stream, client } = await connectBoth(t2);
  const ended = new Promise((resolve) => stream.once("end", resolve));
  const closed = new Promise((resolve) => client.once("close", (code) => resolve(code)));
  stream.resume();
  stream.end(Buffer.from("bye"));
  t2.equal(await closed, 1e3);
  await ended;
  await eventually(() => stream.destroyed);
});
t.test("destroy() ends it at once", async (t2) => {
  const { stream, client } = await connectBoth(t2);
  const closed = new Promise((resolve) => client.once("close", (code) => resolve(code)));
  stream.destroy();
  t2.equal(await closed, 1006);
});
t.test("a client that is cut off is an end", async (t2) => {
  const { stream, client } = await connectBoth(t2);
  stream.resume();
  const ended = new Promise((resolve) => stream.once("end", resolve));
  client.terminate();
  await ended;
});
t.test("malformed frames are an error of the stream", async (t2) => {
  const { stream, client } = await connectBoth(t2);
  stream.resume();
  const failed = new Promise((resolve) => stream.once("error", resolve));
  client._socket.write(Buffer.from("8201ff", "hex"));
  t2.match((await failed).message, /MASK must be set/);
});
//# sourceMappingURL=websocket-stream.test.js.map
