import { createServer } from "node:net";
import { generate, parser } from "mqtt-packet";
async function scriptedBroker(t, answer, receiving = () => {
}) {
  const connections = [];
  let open = 0;
  const server = createServer((socket) => {
    open++;
    const packets = [];
    const publishes = [];
    let version = 5;
    const send = (packet) => void socket.write(generate(packet, { protocolVersion: version }));
    const connection = { socket, packets, publishes, send };
    connections.push(connection);
    const incoming = parser({ protocolVersion: 5 });
    incoming.on("packet", (packet) => {
      packets.push(packet);
      if (packet.cmd === "connect") version = packet.protocolVersion ?? 4;
      if (packet.cmd === "publish") publishes.push(packet);
      answer(packet, connection);
    });
    socket.on("error", () => {
    });
    socket.on("close", () => open--);
    receiving(connection);
    socket.on("data", (chunk) => incoming.parse(chunk));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    for (const { socket } of connections) socket.destroy();
    server.close();
  });
  const { port } = server.address();
  return { url: `mqtt://127.0.0.1:${port}`, connections, open: () => open };
}
function connack(properties = {}) {
  return { cmd: "connack", sessionPresent: false, reasonCode: 0, returnCode: 0, properties };
}
function friendly(packet, { send }) {
  if (packet.cmd === "connect") send(connack());
  else if (packet.cmd === "subscribe") {
    send({ cmd: "suback", messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(({ qos }) => qos) });
  } else if (packet.cmd === "publish" && packet.qos === 1) send({ cmd: "puback", messageId: packet.messageId ?? 0 });
  else if (packet.cmd === "publish" && packet.qos === 2) send({ cmd: "pubrec", messageId: packet.messageId ?? 0 });
  else if (packet.cmd === "pubrel") send({ cmd: "pubcomp", messageId: packet.messageId ?? 0 });
}
export {
  connack,
  friendly,
  scriptedBroker
};
//# sourceMappingURL=scripted-broker.js.map
