import t from "tap";
import { mqttPublish, mqttSubscribe, reading } from "../support/foreign-mqtt.js";
import { startTestGateway } from "../support/gateway.js";
import { compileLibmodbusSlave, libmodbusTcp, needsLibmodbus } from "../support/modbus-peers.js";
import { eventually, freePort, listening, startPeer } from "../support/peers.js";
const config = (slave, upstream) => `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  plc: { type: tcp, host: 127.0.0.1, port: ${slave}, timeout: 300ms }
devices:
  boiler:
    adapter: modbus
    port: plc
    every: 500ms
    points:
      temperature: { address: 'holding:1', type: int16, scale: 0.1, unit: \xB0C }
      setpoint: { address: 'holding:2', type: int16, scale: 0.1, write: { min: 10, max: 90 } }
links:
  cloud:
    type: mqtt
    url: mqtt://127.0.0.1:${upstream}
    routes:
      - { direction: out, filter: hpmq/plant-7/#, to: 'plants/7/{topic:2}', qos: 1 }
      - { direction: in, filter: 'plants/7/cmd/#', to: 'hpmq/{gateway}/{topic:3}', qos: 1 }
`;
t.test(
  "mosquitto upstream receives remapped topics and sends a set-point down",
  needsLibmodbus("mosquitto", "mosquitto_rr"),
  async (t2) => {
    const slave = await libmodbusTcp(t2, compileLibmodbusSlave(t2), 1);
    await slave.tell("holding 1 = 655");
    const upstream = await freePort();
    const mosquitto = startPeer(t2, "mosquitto", ["-p", String(upstream)]);
    await listening(upstream);
    const gateway = await startTestGateway(t2, config(slave.port, upstream));
    const seen = await mqttSubscribe(t2, upstream, "plants/7/#");
    t2.match(reading(await seen("plants/7/boiler/temperature", () => true)), { v: 65.5, q: "good", u: "\xB0C" });
    t2.match(JSON.parse(await seen("plants/7/$state", () => true)), { state: "online" });
    t2.match(JSON.parse(await seen("plants/7/boiler/$state", (payload) => payload.includes("online"))), {
      state: "online"
    });
    await slave.tell("holding 1 = 700");
    t2.match(reading(await seen("plants/7/boiler/temperature", (payload) => payload.includes('"v":70,'))), {
      q: "good"
    });
    await mqttPublish(upstream, "plants/7/cmd/boiler/setpoint/set", "55.5");
    t2.match(JSON.parse(await seen("plants/7/boiler/setpoint/set/result", () => true)), { status: "verified", v: 55.5 });
    t2.equal(await slave.tell("holding 2"), 555);
    const response = startPeer(t2, "mosquitto_rr", [
      ...[
        "-p",
        String(upstream),
        "-V",
        "5",
        "-t",
        "plants/7/cmd/boiler/setpoint/set",
        "-e",
        "office/answer",
        "-m",
        "60",
        "-W",
        "10"
      ]
    ]);
    t2.equal(await response.ended, 0);
    t2.match(
      JSON.parse(response.stdout()),
      { status: "verified", v: 60 },
      "the Response Topic of the far side gets the result"
    );
    t2.equal(await slave.tell("holding 2"), 600);
    await mosquitto.kill("SIGKILL");
    await eventually(async () => (await gateway.hpmq("status", "--json")).stdout.includes("LINK_"));
    await slave.tell("holding 1 = 321");
    startPeer(t2, "mosquitto", ["-p", String(upstream)]);
    await listening(upstream);
    const again = await mqttSubscribe(t2, upstream, "plants/7/#");
    const missed = reading(await again("plants/7/boiler/temperature", (payload) => payload.includes("32.1"), 4e4));
    t2.match(missed, { v: 32.1, q: "good" }, "what was sampled while the upstream was dead arrives");
  }
);
t.test("the will at the upstream says that the gateway is gone", needsLibmodbus("mosquitto"), async (t2) => {
  const upstream = await freePort();
  startPeer(t2, "mosquitto", ["-p", String(upstream)]);
  await listening(upstream);
  const seen = await mqttSubscribe(t2, upstream, "plants/7/#");
  const gateway = await startTestGateway(t2, config(await freePort(), upstream));
  t2.match(JSON.parse(await seen("plants/7/$state", () => true)), { state: "online" });
  t2.match(JSON.parse(await seen("plants/7/boiler/$state", (payload) => payload.includes("offline"))), {
    state: "offline"
  });
  await gateway.process.kill("SIGKILL");
  t2.match(JSON.parse(await seen("plants/7/$state", (payload) => payload.includes("offline"))), { state: "offline" });
});
//# sourceMappingURL=main-job-upstream.test.js.map
