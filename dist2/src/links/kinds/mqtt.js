import { connect as connectTcp, isIP } from "node:net";
import { connect as connectTls, createSecureContext } from "node:tls";
import { toGatewayError } from "../../core/errors.js";
import { topicNameFault } from "../../core/topic.js";
import { linkError } from "../errors.js";
import { FrameGuard } from "./frame-guard.js";
import {
  closedCause,
  connackCause,
  disconnectCause,
  reasonText,
  socketCause,
  timeoutCause
} from "./mqtt-causes.js";
import { fromMqttProperties, publishBytes, toMqttProperties } from "./mqtt-properties.js";
import { IncomingStore, OutgoingStore } from "./mqtt-store.js";
import { intervalsOn } from "./mqtt-timer.js";
const CONNECT_TIMEOUT = 1e4;
const CLOSE_TIMEOUT = 1e3;
const MAX_INCOMING_BYTES = 16 * 1048576;
const MAX_HELD_BYTES = 64 * 1048576;
const MAX_WINDOW = 1e3;
const WINDOW_3_1_1 = 100;
const DISCONNECT_WITH_WILL = Buffer.from([224, 2, 4, 0]);
const DISCONNECT = Buffer.from([224, 0]);
async function openMqtt(options, signal) {
  const { default: mqtt } = await import("mqtt");
  signal.throwIfAborted();
  const connection = new MqttConnection(options, mqtt.MqttClient, secureContext(options.config));
  const abort = () => connection.fail(toGatewayError(signal.reason));
  signal.addEventListener("abort", abort, { once: true });
  try {
    await connection.connected();
  } catch (error) {
    await connection.closed;
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
  return connection;
}
function secureContext({ url, tls: { ca, cert, key } }) {
  if (new URL(url).protocol !== "mqtts:") return void 0;
  try {
    return createSecureContext({
      ...ca === void 0 ? {} : { ca },
      ...cert === void 0 ? {} : { cert },
      ...key === void 0 ? {} : { key }
    });
  } catch (cause) {
    throw linkError("LINK_TLS", `the certificate or key of the link cannot be used: ${cause.message}`, {
      cause,
      hint: "check that `tls` names PEM files, and that the key belongs to the certificate"
    });
  }
}
class MqttConnection {
  closed;
  #options;
  #far;
  /** undefined: without TLS. */
  #secure;
  #client;
  #incoming = new IncomingStore(MAX_HELD_BYTES, (bytes) => this.#holdsTooMuch(bytes));
  #guard = new FrameGuard(MAX_INCOMING_BYTES);
  #socket;
  #phase = "tcp";
  /** The first thing that went wrong; what follows are consequences. */
  #cause;
  #limits = {};
  constructor(options, Client, secure) {
    this.#options = options;
    this.#secure = secure;
    const { config, will } = options;
    this.#far = new URL(config.url).host;
    this.#client = new Client(() => this.#openSocket(), {
      manualConnect: true,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      clean: true,
      protocolVersion: config.protocolVersion,
      clientId: options.clientId,
      keepalive: Math.min(65535, Math.round(config.keepAlive / 1e3)),
      outgoingStore: new OutgoingStore(),
      incomingStore: this.#incoming,
      timerVariant: intervalsOn(options.clock),
      log: () => {
      },
      ...config.username === void 0 ? {} : { username: config.username },
      ...config.password === void 0 ? {} : { password: config.password },
      ...config.protocolVersion === 5 ? { properties: { maximumPacketSize: MAX_INCOMING_BYTES } } : {},
      ...will === void 0 ? {} : { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: will.qos, retain: true } }
    });
    this.closed = new Promise((resolve) => this.#client.once("close", () => void this.#onClose().then(resolve)));
    this.#client.on("error", (error) => this.#onError(error));
    this.#client.on("packetreceive", (packet) => this.#onPacket(packet));
    this.#client.onKeepaliveTimeout = () => {
      const message = `${this.#far} did not answer a ping within 1.5 keep-alive intervals`;
      this.fail(linkError("LINK_LOST", message, { details: { far: this.#far, keepAliveMs: config.keepAlive } }));
    };
    this.#client.handleMessage = (packet, done) => void this.#take(packet).then(() => done());
  }
  async connected() {
    const connack = new Promise((resolve) => this.#client.once("connect", () => resolve()));
    this.#client.connect();
    await this.#within(CONNECT_TIMEOUT, connack);
    this.#phase = "up";
  }
  get window() {
    if (this.#options.config.protocolVersion === 4) return WINDOW_3_1_1;
    return Math.min(this.#limits.receiveMaximum ?? MAX_WINDOW, MAX_WINDOW);
  }
  get isWritable() {
    return this.#socket?.writable === true && !this.#socket.writableNeedDrain;
  }
  refusal(message) {
    const limit = this.#limits.maximumPacketSize;
    if (limit === void 0) return void 0;
    const bytes = publishBytes(message, this.#options.config.protocolVersion);
    if (bytes <= limit) return void 0;
    return linkError("LINK_PUBLISH_REFUSED", `a message of ${bytes} bytes is too large for ${this.#far}`, {
      hint: "send smaller messages to this topic, or raise the packet size at the far side",
      details: { topic: message.topic, bytes, maximumPacketSize: limit }
    });
  }
  publish(message, expirySeconds, settled) {
    const qos = Math.min(message.qos, this.#limits.maximumQoS ?? 2);
    const retain = message.retain && this.#limits.retainAvailable !== false;
    const properties = toMqttProperties(message.properties, expirySeconds);
    this.#client.publish(message.topic, message.payload, { qos, retain, properties }, (error) => {
      if (error === void 0 || error === null) return settled();
      if (!("code" in error) || typeof error.code !== "number") return;
      const text = `${this.#far} refused a message to ${message.topic}: ${reasonText(error.code)}`;
      settled(linkError("LINK_PUBLISH_REFUSED", text, { details: { topic: message.topic, reasonCode: error.code } }));
    });
  }
  subscribe(filter, qos) {
    const five = this.#options.config.protocolVersion === 5;
    const suback = new Promise((resolve, reject) => {
      this.#client.subscribe(
        filter,
        five ? { qos, nl: true, rap: true, rh: 0 } : { qos },
        (error, _granted, packet) => {
          const reasonCode = packet?.granted[0];
          if (typeof reasonCode !== "number") return reject(error ?? new Error("SUBACK without a reason code"));
          if (reasonCode < 128) return resolve(void 0);
          const text = `${this.#far} refused the subscription to ${filter}: ${reasonText(reasonCode)}`;
          resolve(linkError("LINK_SUBSCRIPTION_REFUSED", text, { details: { filter, reasonCode } }));
        }
      );
    });
    return this.#within(CONNECT_TIMEOUT, suback);
  }
  /** Ends the connection for this reason. */
  fail(cause) {
    this.#cause ??= cause;
    this.#socket?.destroy();
  }
  close(will) {
    const socket = this.#socket;
    if (socket === void 0 || socket.destroyed) return;
    const deadline = this.#options.clock.after(CLOSE_TIMEOUT, () => socket.destroy());
    socket.once("close", () => deadline.cancel());
    if (!will || this.#options.will === void 0) socket.end(DISCONNECT);
    else if (this.#options.config.protocolVersion === 5) socket.end(DISCONNECT_WITH_WILL);
    else socket.end();
  }
  #openSocket() {
    const { hostname, port } = new URL(this.#options.config.url);
    const host = hostname.replace(/^\[|\]$/g, "");
    const secureContext2 = this.#secure;
    const secure = secureContext2 !== void 0;
    const address = { host, port: port === "" ? secure ? 8883 : 1883 : Number(port) };
    const socket = secure ? connectTls({ ...address, ...isIP(host) === 0 ? { servername: host } : {}, secureContext: secureContext2 }) : connectTcp(address);
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("error", (error) => this.fail(socketCause(error, this.#phase, this.#far)));
    socket.on("connect", () => {
      this.#phase = secure ? "tls" : "mqtt";
    });
    socket.on("secureConnect", () => {
      this.#phase = "mqtt";
    });
    socket.on("drain", () => this.#options.events.onDrain());
    socket.on("end", () => socket.destroy());
    socket.on("data", (chunk) => {
      const length = this.#guard.check(chunk);
      if (length === void 0) return;
      const message = `${this.#far} sent a packet of ${length} bytes, more than the ${MAX_INCOMING_BYTES} accepted`;
      this.fail(linkError("LINK_PROTOCOL", message, { details: { far: this.#far } }));
    });
    return socket;
  }
  #holdsTooMuch(bytes) {
    const message = `${this.#far} sent ${bytes} bytes of QoS 2 messages that it has not released, more than ${MAX_HELD_BYTES}`;
    this.fail(linkError("LINK_PROTOCOL", message, { details: { far: this.#far } }));
  }
  #onPacket(packet) {
    if (packet.cmd === "connack") {
      const reasonCode = packet.reasonCode ?? packet.returnCode ?? 0;
      if (reasonCode !== 0) this.fail(connackCause(reasonCode, packet.properties?.reasonString, this.#far));
      else this.#limits = packet.properties ?? {};
    } else if (packet.cmd === "disconnect") {
      this.fail(disconnectCause(packet.reasonCode ?? 0, packet.properties?.reasonString, this.#far));
    }
  }
  /** What MQTT.js found wrong; failures of the socket come here too, after the socket's own listener. */
  #onError(error) {
    const message = `${this.#far} broke the protocol: ${error.message}`;
    this.fail(linkError("LINK_PROTOCOL", message, { cause: error, details: { far: this.#far } }));
  }
  async #take(packet) {
    const topic = packet.topic.toString();
    if (topicNameFault(topic) !== void 0) {
      const message = `${this.#far} sent a PUBLISH whose topic is no legal Topic Name`;
      return this.fail(linkError("LINK_PROTOCOL", message, { details: { far: this.#far } }));
    }
    const { properties } = packet;
    await this.#options.events.onMessage({
      topic,
      payload: Buffer.from(packet.payload),
      qos: packet.qos,
      retain: packet.retain,
      properties: fromMqttProperties(properties),
      expirySeconds: properties?.messageExpiryInterval
    });
  }
  async #onClose() {
    this.#cause ??= closedCause(this.#phase, this.#far);
    this.#client.end(true);
    for (const packet of this.#incoming.takeAll()) await this.#take(packet);
    return this.#cause;
  }
  /** Waits for an answer of the far side, but not longer than `ms` and not beyond the end of the connection. */
  async #within(ms, answer) {
    using _deadline = this.#options.clock.after(ms, () => this.fail(timeoutCause(this.#phase, this.#far, ms)));
    const lost = this.closed.then((cause) => {
      throw cause;
    });
    return await Promise.race([answer.catch(() => lost), lost]);
  }
}
export {
  openMqtt
};
//# sourceMappingURL=mqtt.js.map
