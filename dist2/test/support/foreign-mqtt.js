import { execFile } from "node:child_process";
import { eventually, startPeer } from "./peers.js";
async function mqttSubscribe(t, port, filter, ...options) {
  const peer = startPeer(t, "stdbuf", [
    "-oL",
    "mosquitto_sub",
    "-h",
    "127.0.0.1",
    "-p",
    String(port),
    "-d",
    "-q",
    "1",
    "-F",
    "=> %t %p",
    "-t",
    filter,
    ...options
  ]);
  await peer.sees(/Subscribed \(mid/);
  const lines = () => peer.stdout().split("\n").filter((line) => line.startsWith("=> "));
  return (topic, fits, timeoutMs = 1e4) => eventually(() => {
    for (const line of lines()) {
      const payload = line.slice(topic.length + 4);
      if (line.startsWith(`=> ${topic} `) && fits(payload)) return payload;
    }
    return void 0;
  }, timeoutMs).catch((error) => {
    throw new Error(`${topic} was not seen; what came: ${lines().slice(-10).join(" | ")}`, { cause: error });
  });
}
function mqttPublish(port, topic, payload, ...options) {
  return new Promise((resolve, reject) => {
    const args = ["-h", "127.0.0.1", "-p", String(port), "-q", "1", "-t", topic, "-m", payload, ...options];
    execFile("mosquitto_pub", args, { timeout: 1e4 }, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`mosquitto_pub failed: ${stderr}`, { cause: error }));
    });
  });
}
function reading(payload) {
  return JSON.parse(payload);
}
export {
  mqttPublish,
  mqttSubscribe,
  reading
};
//# sourceMappingURL=foreign-mqtt.js.map
