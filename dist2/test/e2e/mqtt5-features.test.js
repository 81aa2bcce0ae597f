import mqtt, {} from "mqtt";
import t, {} from "tap";
import { unrestricted } from "../../src/broker/access/access.js";
import { createBroker } from "../../src/broker/broker.js";
import { ReasonCode, Refusal } from "../../src/broker/reason-codes.js";
import { systemClock } from "../../src/core/clock.js";
import { silentLog } from "../../src/core/log.js";
import { eventually, needs, startPeer } from "../support/peers.js";
import { brokerConfig } from "../unit/broker/harness.js";
async function startBroker(t2, access) {
  const config = brokerConfig();
  const broker = createBroker({
    config,
    gatewayId: "e2e",
    log: silentLog,
    clock: systemClock,
    ...access && { access }
  });
  t2.teardown(() => broker[Symbol.asyncDispose]());
  await broker.start(AbortSignal.timeout(6e4));
  return { broker, port: broker.addresses()[0].split(":")[1] };
}
async function connect(t2, port, options) {
  const client = mqtt.connect({
    host: "127.0.0.1",
    port: Number(port),
    protocolVersion: 5,
    reconnectPeriod: 0,
    ...options
  });
  t2.teardown(() => client.endAsync(true));
  await new Promise((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
  });
  return client;
}
const lines = (peer) => peer.stdout().split("\n").filter(Boolean);
t.test("mosquitto: two members of a group share; when one is killed the other has everything", async (t2) => {
  for (const version of ["311", "5"]) {
    t2.test(`-V ${version}`, needs("mosquitto_pub", "mosquitto_sub", "stdbuf"), async (t3) => {
      const { broker, port } = await startBroker(t3);
      const sub = (id) => startPeer(t3, "stdbuf", [
        ...["-oL", "mosquitto_sub", "-p", port, "-V", version, "-i", id],
        ...["-t", "$share/workers/jobs/#", "-q", "1", "-F", "%p"]
      ]);
      const [a, b] = [sub("a"), sub("b")];
      await eventually(() => broker.router.counters().subscriptions === 2);
      const publish = async (from, count) => {
        const jobs = Array.from({ length: count }, (_, i) => `${from + i}
`).join("");
        const peer = startPeer(t3, "mosquitto_pub", ["-p", port, "-V", version, "-t", "jobs/x", "-q", "1", "-l"]);
        peer.child.stdin?.end(jobs);
        t3.equal(await peer.ended, 0);
      };
      await publish(0, 20);
      await eventually(() => lines(a).length + lines(b).length === 20);
      t3.same([lines(a).length, lines(b).length], [10, 10]);
      t3.equal((/* @__PURE__ */ new Set([...lines(a), ...lines(b)])).size, 20, "none twice");
      await a.kill("SIGKILL");
      await publish(20, 5);
      await eventually(() => lines(b).length === 15);
      t3.same(lines(b).slice(10), ["20", "21", "22", "23", "24"]);
    });
  }
});
t.test("MQTT.js resolves the Topic Aliases it is sent", async (t2) => {
  const { port } = await startBroker(t2);
  const client = await connect(t2, port, { properties: { topicAliasMaximum: 2 } });
  const got = [];
  client.on("message", (topic, _payload, packet) => got.push({ topic, packet }));
  await client.subscribeAsync("#", { qos: 1 });
  const topics = ["a/1", "a/1", "a/2", "a/3", "a/1", "a/3"];
  for (const topic of topics) await client.publishAsync(topic, "x", { qos: 1 });
  await eventually(() => got.length === topics.length);
  t2.same(
    got.map(({ topic }) => topic),
    topics
  );
  t2.ok(
    got.every(({ packet }) => packet.properties?.topicAlias !== void 0),
    "all of them had one"
  );
});
t.test("MQTT.js proves itself with AUTH", async (t2) => {
  const access = {
    authenticate: () => new Refusal(ReasonCode.notAuthorized, "by AUTH only"),
    exchange: () => {
      let steps = 0;
      return {
        step: (data) => {
          if (steps++ === 0) return { result: "continue", data: Buffer.from("and the word is?") };
          if (String(data) !== "sesame") return new Refusal(ReasonCode.notAuthorized, "the wrong word");
          return {
            result: "success",
            identity: { user: "ali", permissions: unrestricted },
            data: Buffer.from("open")
          };
        }
      };
    }
  };
  const { broker, port } = await startBroker(t2, access);
  const properties = { authenticationMethod: "word", authenticationData: Buffer.from("hello") };
  const attempt = async (word) => {
    const client = mqtt.connect({
      host: "127.0.0.1",
      port: Number(port),
      protocolVersion: 5,
      reconnectPeriod: 0,
      manualConnect: true,
      properties
    });
    t2.teardown(() => client.endAsync(true));
    client.handleAuth = (_packet, callback) => {
      const authenticationData = Buffer.from(word);
      callback(void 0, {
        cmd: "auth",
        reasonCode: 24,
        properties: { authenticationMethod: "word", authenticationData }
      });
    };
    const connected = new Promise((resolve, reject) => {
      client.once("connect", resolve);
      client.once("error", reject);
    });
    client.connect();
    return connected;
  };
  t2.match(await attempt("sesame"), { reasonCode: 0, properties: { authenticationData: Buffer.from("open") } });
  t2.equal(broker.clients().length, 1);
  await t2.rejects(attempt("barley"), /Not authorized/i);
  await eventually(() => broker.connections() === 1);
});
//# sourceMappingURL=mqtt5-features.test.js.map
