import { setImmediate as turn } from "node:timers/promises";
import { generate, parser } from "mqtt-packet";
import { createBroker } from "../../../src/broker/broker.js";
import { Admission } from "../../../src/broker/limits/admission.js";
import { Statistics } from "../../../src/broker/statistics.js";
import { silentLog } from "../../../src/core/log.js";
import { createMessage } from "../../../src/core/message.js";
import { duplexPair, holdWrites, releaseWrites } from "../../support/duplex-pair.js";
import { ManualClock, settle } from "../../support/manual-clock.js";
const defaultLimits = {
  connections: 100,
  connectionsPerAddress: 0,
  connectionsPerUser: 0,
  connectRate: 0,
  connectRatePerAddress: 0,
  messageRate: 0,
  byteRate: 0,
  overRate: "throttle",
  packetBytes: 64 * 1024,
  topicLevels: 200,
  topicBytes: 65535,
  queuedMessages: 100,
  queuedBytes: 8 * 1024 * 1024,
  pendingBytes: 256e6,
  receiveMaximum: 20,
  retainedMessages: 1e3,
  subscriptions: 50,
  sessionExpiry: 36e5,
  keepAlive: 65535e3,
  connectTimeout: 1e4,
  drainTimeout: 3e4,
  slowConsumer: { qos0: "drop-new", maxBytes: 1e6, timeout: 0 }
};
function brokerConfig(limits = {}, rest = {}) {
  return {
    listeners: [{ name: "test", type: "tcp", host: "127.0.0.1", port: 0, auth: { anonymous: true } }],
    limits: { ...defaultLimits, ...limits },
    serverReference: void 0,
    moved: false,
    responseInformation: void 0,
    payloadFormatCheck: false,
    ...rest
  };
}
class Bench {
  clock = new ManualClock();
  broker;
  #listener;
  constructor(t, limits = {}, rest = {}, access) {
    const config = brokerConfig(limits, rest);
    this.#listener = config.listeners[0];
    this.broker = createBroker({
      config,
      gatewayId: "test",
      log: silentLog,
      clock: this.clock,
      ...access && { access }
    });
    t.teardown(() => this.broker[Symbol.asyncDispose]());
  }
  /** A connection before CONNECT. */
  open(version, peer = {}) {
    const [near, far] = duplexPair();
    const host = peer.host ?? "memory";
    this.broker.serve(far, { address: host, host, listener: this.#listener, ...peer });
    return new TestClient(near, version);
  }
  /** A client that subscribes to `t`, on a wire that takes one write and then nothing more, as when its peer is gone. */
  async deaf(clientId, qos, version = 4, keepalive = 0) {
    const client = await this.connect(version, clientId, { keepalive });
    await client.subscribe("t", qos);
    client.stopReading();
    return client;
  }
  /** A connection after CONNACK; `connack` holds it. */
  async connect(version, clientId, options = {}) {
    const client = this.open(version);
    await client.connect(clientId, options);
    return client;
  }
  /** Publishes from inside the gateway, as a device does. */
  route(init) {
    const message = createMessage({ origin: "device:d", receivedAt: this.clock.now(), ...init });
    void this.broker.router.publish(message);
  }
  /** Everything that was sent has arrived. */
  async settle() {
    await settle();
    await settle();
  }
}
class TestClient {
  stream;
  version;
  connack;
  isClosed = false;
  #received = [];
  constructor(stream, version) {
    this.stream = stream;
    this.version = version;
    const parse = parser({ protocolVersion: version });
    parse.on("packet", (packet) => this.#received.push(packet));
    parse.on("error", (error) => stream.destroy(error));
    stream.on("data", (chunk) => parse.parse(chunk));
    stream.on("end", () => stream.end());
    stream.on("close", () => {
      this.isClosed = true;
    });
  }
  send(packet) {
    this.raw(generate(packet, { protocolVersion: this.version }));
  }
  /** From now on the broker's writes are not taken; see duplex-pair.ts. */
  stopReading() {
    holdWrites(this.stream);
  }
  /** What was held is taken, and what comes. */
  readAgain() {
    releaseWrites(this.stream);
  }
  raw(bytes) {
    this.stream.write(bytes);
  }
  async connect(clientId, options = {}) {
    this.send({
      cmd: "connect",
      protocolId: this.version === 3 ? "MQIsdp" : "MQTT",
      protocolVersion: this.version,
      clean: true,
      keepalive: 0,
      clientId,
      ...options
    });
    this.connack = await this.next("connack");
    return this.connack;
  }
  /** The next packet, which must be of this kind. */
  async next(cmd) {
    for (let turns = 0; this.#received.length === 0 && turns < 500; turns++) await turn();
    const packet = this.#received.shift();
    if (packet?.cmd !== cmd) throw new Error(`expected ${cmd}, got ${packet?.cmd ?? "nothing"}`);
    return packet;
  }
  /** What has arrived and was not asked for, once everything is quiet. */
  async pending() {
    await settle();
    await settle();
    return this.#received.splice(0);
  }
  async subscribe(topic, qos, options = {}) {
    this.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos, ...options }] });
    return this.next("suback");
  }
  /** Sends and waits for the acknowledgements of QoS 1 and 2. */
  async publish(topic, payload, qos = 0, retain = false, messageId = 9) {
    this.send({ cmd: "publish", topic, payload, qos, retain, dup: false, ...qos > 0 && { messageId } });
    if (qos === 1) await this.next("puback");
    if (qos === 2) {
      await this.next("pubrec");
      this.send({ cmd: "pubrel", messageId });
      await this.next("pubcomp");
    }
    await settle();
  }
  /** Waits until the broker has closed the connection. */
  async closed() {
    for (let turns = 0; !this.isClosed && turns < 500; turns++) await turn();
    if (!this.isClosed) throw new Error("the connection is still open");
  }
  /** The wire is cut: no DISCONNECT. */
  async cut() {
    this.stream.destroy();
    await settle();
  }
}
function shown(packet) {
  if (packet.cmd !== "publish") return packet.cmd;
  return `${packet.topic} ${packet.payload} q${packet.qos} r${packet.retain ? 1 : 0}`;
}
function admitEverybody() {
  const options = {
    clock: new ManualClock(),
    limits: defaultLimits,
    statistics: new Statistics(),
    onRefused: () => {
    }
  };
  const admission = new Admission(options);
  return ({ listener, host }) => admission.open(listener, host);
}
export {
  Bench,
  TestClient,
  admitEverybody,
  brokerConfig,
  defaultLimits,
  shown
};
//# sourceMappingURL=harness.js.map
