import { mutate } from "../differential/mutate.js";
import { acknowledgement } from "../support/mqtt-writer.js";
import { ServerStream } from "../support/server-packets.js";
import { Wire } from "./wire.js";
const UNREAD_BYTES = 64 * 1024;
const TURNS_TO_CLOSE = 10;
const NOTHING_ANNOUNCED = { maximumPacketSize: Number.POSITIVE_INFINITY, topicAliasMaximum: 65535 };
class FuzzClient {
  #context;
  #wire;
  #stream;
  #announced = NOTHING_ANNOUNCED;
  #hasEnded = false;
  #isRefused = false;
  /** It does not close its side after the broker has: the broker must not wait for ever. */
  #isDeaf = false;
  #turnsSinceEnd = 0;
  #replies = [];
  /** What was sent over this connection, for the report. */
  #sent = [];
  constructor(context) {
    this.#context = context;
  }
  get isOpen() {
    return this.#wire !== void 0;
  }
  /** One turn: connects, or sends a packet or a few. */
  turn() {
    const { choice } = this.#context;
    const wire = this.#wire;
    if (wire === void 0) {
      this.#open();
      return;
    }
    if (this.#hasEnded) {
      if (this.#isDeaf) return;
      if (++this.#turnsSinceEnd > TURNS_TO_CLOSE) this.#fail("the connection does not close");
      return;
    }
    if (wire.isStalled) {
      if (choice.chance(0.02)) wire.takeAgain();
      return;
    }
    const how = choice.random();
    if (how < 0.01) wire.push(null);
    else if (how < 0.02) wire.destroy();
    else if (how < 0.022) wire.isStalled = true;
    else this.#send(wire);
  }
  /** The network is cut. */
  cut() {
    this.#wire?.destroy();
  }
  #open() {
    const { broker, peer, choice, corpora, sum } = this.#context;
    const version = choice.weighted([
      [1, 3],
      [3, 4],
      [6, 5]
    ]);
    const wire = new Wire({
      onBytes: (bytes2) => this.#received(bytes2),
      onEnd: () => {
        this.#hasEnded = true;
        if (!this.#isDeaf) wire.push(null);
      },
      onClosed: () => {
        this.#wire = void 0;
        if (this.#stream !== void 0 && this.#stream.heldBytes > 0 && this.#hasEnded) this.#fail("half a packet");
      }
    });
    this.#wire = wire;
    this.#stream = new ServerStream(version);
    this.#hasEnded = false;
    this.#isRefused = false;
    this.#isDeaf = choice.chance(0.01);
    this.#turnsSinceEnd = 0;
    this.#replies = [];
    this.#sent = [];
    this.#announced = NOTHING_ANNOUNCED;
    sum.connections++;
    broker.serve(wire, peer);
    const right = choice.pick(corpora.get(version).connects);
    const isMutated = choice.chance(0.12);
    const bytes = isMutated ? mutate(choice, right) : right;
    if (!isMutated) this.#announced = announcedIn(right, version);
    else this.#stream.version = versionOf(bytes);
    this.#push(wire, bytes, isMutated);
  }
  #send(wire) {
    const { choice, corpora } = this.#context;
    if (wire.readableLength > UNREAD_BYTES) return;
    if (this.#replies.length > 0 && choice.chance(0.7)) {
      this.#push(wire, Buffer.concat(this.#replies.splice(0)), false);
    }
    const { packets } = corpora.get(this.#stream.version);
    for (let count = choice.weighted(BURST); count > 0 && !this.#hasEnded && !wire.destroyed; count--) {
      const right = choice.pick(packets);
      const isMutated = choice.chance(0.8);
      const bytes = isMutated ? mutate(choice, right) : right;
      if (choice.chance(0.05) && bytes.length > 1) {
        const at = 1 + choice.below(bytes.length - 1);
        this.#push(wire, bytes.subarray(0, at), isMutated);
        if (!this.#hasEnded && !wire.destroyed) wire.push(bytes.subarray(at));
      } else this.#push(wire, bytes, isMutated);
    }
  }
  #push(wire, bytes, isMutated) {
    const { sum } = this.#context;
    sum.packets++;
    if (isMutated) sum.mutated++;
    this.#sent.push(bytes);
    wire.push(bytes);
  }
  #received(bytes) {
    this.#stream.feed(bytes, this.#onPacket);
    if (this.#stream.isBroken) this.#fail("a stream that is no MQTT");
  }
  #onPacket = (packet) => {
    const { sum, choice } = this.#context;
    sum.received++;
    if (packet.fault !== void 0) this.#fail(packet.fault);
    if (this.#isRefused) this.#fail(`${packet.name} after the last packet`);
    if (packet.bytes > this.#announced.maximumPacketSize) this.#fail(`${packet.name} of ${packet.bytes} bytes`);
    switch (packet.name) {
      case "CONNACK":
        this.#isRefused = packet.codes[0] !== 0;
        if (this.#isRefused) sum.refused++;
        break;
      case "DISCONNECT":
        this.#isRefused = true;
        sum.refused++;
        break;
      case "PUBLISH": {
        const alias = packet.properties.get("topicAlias") ?? 0;
        if (alias > this.#announced.topicAliasMaximum) this.#fail(`Topic Alias ${alias}`);
        if (packet.qos > 0 && choice.chance(0.8)) {
          this.#replies.push(acknowledgement(packet.qos === 1 ? "PUBACK" : "PUBREC", packet.id));
        }
        break;
      }
      case "PUBREL":
        this.#replies.push(acknowledgement("PUBCOMP", packet.id));
        break;
      case "PUBREC":
        if (packet.codes[0] < 128) this.#replies.push(acknowledgement("PUBREL", packet.id));
        break;
      default:
        break;
    }
  };
  #fail(what) {
    const sent = this.#sent.map((bytes) => bytes.toString("hex")).join(" ");
    throw new Error(`MQTT ${this.#stream?.version} client: ${what}; it was sent ${sent}`);
  }
}
const BURST = [
  [8, 1],
  [3, 2],
  [1, 6]
];
function announcedIn(bytes, version) {
  if (version < 5) return NOTHING_ANNOUNCED;
  let at = bytes[1] >= 128 ? 13 : 12;
  const end = at + 1 + bytes[at];
  at++;
  let maximumPacketSize = Number.POSITIVE_INFINITY;
  let topicAliasMaximum = 0;
  while (at < end) {
    const id = bytes[at];
    if (id === 39) maximumPacketSize = bytes.readUInt32BE(at + 1);
    if (id === 34) topicAliasMaximum = bytes.readUInt16BE(at + 1);
    at += 1 + propertyBytes(bytes, at);
  }
  return { maximumPacketSize, topicAliasMaximum };
}
function propertyBytes(bytes, at) {
  switch (bytes[at]) {
    case 17:
    case 39:
      return 4;
    case 33:
    case 34:
      return 2;
    case 21:
    case 22:
      return 2 + bytes.readUInt16BE(at + 1);
    case 38: {
      const first = 2 + bytes.readUInt16BE(at + 1);
      return first + 2 + bytes.readUInt16BE(at + 1 + first);
    }
    default:
      return 1;
  }
}
function versionOf(bytes) {
  let body = 1;
  while (body < bytes.length && bytes[body] >= 128) body++;
  body++;
  const length = bytes.length > body + 2 ? bytes.readUInt16BE(body) : 0;
  const level = (bytes[body + 2 + length] ?? 4) & 127;
  return level >= 5 ? 5 : level === 3 ? 3 : 4;
}
export {
  FuzzClient
};
//# sourceMappingURL=fuzz-client.js.map
