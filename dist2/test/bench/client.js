import { connect } from "node:net";
import { generate } from "mqtt-packet";
const READ_BYTES = 256 * 1024;
function frame(packet) {
  return generate(packet, { protocolVersion: 4 });
}
function publishFrame(topic, payloadBytes, qos, messageId) {
  const payload = Buffer.alloc(payloadBytes, 120);
  return frame({ cmd: "publish", topic, payload, qos, messageId, dup: false, retain: false });
}
async function openClient(port, clientId, subscription) {
  let receive = () => {
  };
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const onread = {
    buffer,
    callback: (length) => {
      receive(buffer.subarray(0, length));
      return true;
    }
  };
  const socket = connect({ port, host: "127.0.0.1", onread });
  socket.setNoDelay(true);
  const failed = new Promise((_, reject) => {
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`the broker closed the connection of ${clientId}`)));
  });
  failed.catch(() => {
  });
  const ask = (packet, expected) => {
    const answer = new Promise((resolve, reject) => {
      let got = Buffer.alloc(0);
      receive = (bytes) => {
        got = Buffer.concat([got, bytes]);
        if (got.length < expected.length) return;
        if (got.equals(expected)) resolve();
        else reject(new Error(`${packet.cmd} was answered by ${got.toString("hex")}`));
      };
    });
    socket.write(frame(packet));
    return Promise.race([answer, failed]);
  };
  const protocol = { protocolId: "MQTT", protocolVersion: 4 };
  await ask({ cmd: "connect", clientId, clean: true, keepalive: 0, ...protocol }, Buffer.from([32, 2, 0, 0]));
  if (subscription !== void 0) {
    const { filter, qos } = subscription;
    const subscribe = { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos }] };
    await ask(subscribe, Buffer.from([144, 3, 0, 1, qos]));
  }
  return {
    write: (bytes) => void socket.write(bytes),
    onBytes: (next) => {
      receive = next;
    },
    close: () => socket.destroy()
  };
}
export {
  frame,
  openClient,
  publishFrame
};
//# sourceMappingURL=client.js.map
