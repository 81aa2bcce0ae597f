import t from "tap";
import { z } from "zod";
import { loadAdapters } from "../../../src/builtin.js";
import { configJsonSchema } from "../../../src/config/json-schema.js";
import { loadConfig } from "../../../src/config/load.js";
import { createConfigSchema } from "../../../src/config/schema.js";
import { fakeAdapters, fieldbus } from "../../support/fake-adapters.js";
import { repoRoot } from "../../support/peers.js";
const inputs = { folder: "/", env: {}, hostName: "plant 7.example" };
const parse = (document) => createConfigSchema(fakeAdapters, inputs).parse(document);
t.test("without a file: a broker on the loopback interface and nothing else", async (t2) => {
  const config = parse({});
  t2.strictSame(
    config.broker.listeners,
    [
      {
        name: "tcp:127.0.0.1:1883",
        type: "tcp",
        host: "127.0.0.1",
        port: 1883,
        handshakes: { timeout: 1e4, atOnce: 256 },
        auth: { anonymous: true }
      }
    ],
    "only programs of this machine reach it"
  );
  t2.equal(config.gateway.id, "plant-7.example", "the host name, safe as a topic level");
  t2.strictSame([config.ports, config.devices, config.links], [{}, {}, {}]);
  t2.strictSame(config.broker.limits, {
    connections: 1e3,
    connectionsPerAddress: 0,
    connectionsPerUser: 0,
    connectRate: 2e3,
    connectRatePerAddress: 500,
    messageRate: 0,
    byteRate: 0,
    overRate: "throttle",
    packetBytes: 1e6,
    topicLevels: 200,
    topicBytes: 65535,
    queuedBytes: 8e6,
    pendingBytes: 256e6,
    queuedMessages: 1e3,
    receiveMaximum: 100,
    retainedMessages: 1e5,
    subscriptions: 1e3,
    sessionExpiry: 6048e5,
    connectTimeout: 1e4,
    keepAlive: 65535e3,
    drainTimeout: 3e4,
    slowConsumer: { qos0: "drop-new", maxBytes: 1e6, timeout: 0 }
  });
  t2.strictSame([config.log.level, config.tui.readOnly, config.api.socket], ["info", false, void 0]);
});
t.test("a point gets its defaults, and its period from the device", async (t2) => {
  const config = parse({
    ports: { plc: { type: "tcp", host: "10.0.0.7", port: 502, framing: "tcp", pause: "5ms" } },
    devices: {
      boiler: {
        adapter: "modbus",
        port: "plc",
        unit: 3,
        every: "5s",
        points: {
          plain: { address: "input:1" },
          full: {
            address: "holding:2",
            type: "int16",
            scale: 0.1,
            unit: "\xB0C",
            every: "250ms",
            report: { mode: "always", deadband: 0.2, maxSilence: "10s" },
            write: { min: 1, max: 2, verify: false }
          },
          open: { address: "holding:3", write: true }
        }
      }
    }
  });
  t2.strictSame(config.ports, {
    plc: {
      name: "plc",
      endpoint: { type: "tcp", host: "10.0.0.7", port: 502 },
      timeout: 1e3,
      pause: 5,
      options: { framing: "tcp" }
    }
  });
  const { points, ...device } = config.devices.boiler;
  t2.strictSame(device, { name: "boiler", adapter: "modbus", port: "plc", encoding: "json", options: { unit: 3 } });
  t2.strictSame(points.plain, {
    id: "plain",
    address: { address: "input:1", type: "uint16" },
    scale: 1,
    offset: 0,
    decimals: void 0,
    unit: void 0,
    every: 5e3,
    report: { mode: "change", deadband: 0, maxSilence: 6e4 },
    retain: true,
    qos: 1,
    write: void 0
  });
  t2.match(points.full, { every: 250, scale: 0.1, unit: "\xB0C", report: { mode: "always", maxSilence: 1e4 } });
  t2.strictSame(points.full?.write, { min: 1, max: 2, step: void 0, verify: false, critical: false });
  t2.strictSame(points.open?.write, { min: void 0, max: void 0, step: void 0, verify: true, critical: false });
});
t.test("a port written into its device has the name of the device", async (t2) => {
  const config = parse({
    devices: {
      boiler: {
        adapter: "modbus",
        port: { type: "serial", path: "/dev/ttyS0", baudRate: 9600, parity: "odd", framing: "rtu" }
      },
      sim: { adapter: "simulator" }
    }
  });
  t2.equal(config.devices.boiler?.port, "boiler");
  t2.strictSame(config.ports.boiler, {
    name: "boiler",
    endpoint: { type: "serial", path: "/dev/ttyS0", baudRate: 9600, dataBits: 8, parity: "odd", stopBits: 1 },
    timeout: 1e3,
    pause: 0,
    options: { framing: "rtu" }
  });
  t2.strictSame(config.ports.sim?.endpoint, { type: "memory" }, "an adapter without a wire needs no port");
});
t.test("names of Object.prototype are ordinary names", async (t2) => {
  const result = createConfigSchema(fakeAdapters, inputs).safeParse({
    devices: { boiler: { adapter: "modbus", port: "constructor" } }
  });
  t2.match(result.error?.issues[0]?.message, /there is no port "constructor"/);
  const config = parse({ devices: { constructor: { adapter: "simulator", points: { toString: {} } } } });
  t2.strictSame(Object.keys(Object.values(config.devices)[0]?.points ?? {}), ["toString"]);
});
t.test("the example file says what it promises", async (t2) => {
  const { config } = loadConfig({ file: "hpmq.example.yaml", env: {}, cwd: repoRoot, adapters: await loadAdapters() });
  t2.equal(config.gateway.id, "plant-7");
  t2.strictSame(Object.keys(config.devices), ["boiler", "meter", "chiller"]);
  const written = config.broker.limits;
  t2.strictSame(written, parse({}).broker.limits, "the limits marked as defaults are the defaults");
  t2.equal(config.links.cloud?.routes.length, 2);
});
t.test("the JSON Schema has every adapter, the defaults as they are written, and no machine in it", async (t2) => {
  const schema = configJsonSchema(fakeAdapters);
  const text = JSON.stringify(schema);
  t2.match(text, /"default":"60s"/, "durations as text");
  t2.match(text, /"const":"modbus"/);
  t2.match(text, /"framing"/, "the adapter's keys of a port");
  t2.notOk(schema.properties?.gateway?.properties?.id?.default, "the host name is not part of it");
  t2.equal(schema.additionalProperties, false);
});
t.test("an adapter cannot take a key of the gateway", async (t2) => {
  const greedy = { ...fieldbus, address: z.object({ scale: z.number() }) };
  t2.throws(() => createConfigSchema([greedy], inputs), /the key "scale" belongs to the gateway/);
  const port = { ...fieldbus, port: z.object({ host: z.string() }) };
  t2.throws(() => createConfigSchema([port], inputs), /the key "host" belongs to the gateway/);
});
//# sourceMappingURL=schema.test.js.map
