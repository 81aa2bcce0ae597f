import { connect } from "node:net";
import { acknowledgement } from "../support/mqtt-writer.js";
import { ServerStream } from "../support/server-packets.js";
class Link {
  #stream;
  #socket;
  #isAutomatic;
  ready;
  isClosed = false;
  /** Since the last {@link take}. */
  #received = [];
  /** Since the last {@link answer}. */
  #unanswered = [];
  #outstanding = [];
  #onProbe;
  constructor(port, version, isAutomatic) {
    this.#stream = new ServerStream(version);
    this.#isAutomatic = isAutomatic;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket = socket;
    const closed = () => {
      this.isClosed = true;
    };
    this.ready = new Promise((resolve) => {
      socket.once("connect", resolve);
      socket.once("close", () => resolve());
    });
    socket.on("error", closed);
    socket.on("end", closed);
    socket.on("close", closed);
    socket.on("data", (chunk) => this.#stream.feed(chunk, this.#onPacket));
  }
  #onPacket = (packet) => {
    if (this.#onProbe !== void 0) {
      this.#onProbe();
      return;
    }
    this.#received.push(packet);
    this.#unanswered.push(packet);
  };
  send(bytes) {
    if (!this.isClosed) this.#socket.write(bytes);
  }
  cut() {
    this.isClosed = true;
    this.#socket.destroy();
  }
  take() {
    const taken = this.#received;
    this.#received = [];
    return taken;
  }
  get isBroken() {
    return this.#stream.isBroken;
  }
  /** One round trip of a probe: resolves after everything that arrived with or before the answer has been read. */
  roundTrip(ping) {
    return new Promise((resolve, reject) => {
      const lost = () => reject(new Error("the broker does not answer the probe"));
      this.#socket.once("close", lost);
      this.#onProbe = () => {
        this.#socket.off("close", lost);
        setImmediate(resolve);
      };
      this.#socket.write(ping);
    });
  }
  /** Looks at what came since the last time; an automatic client acknowledges it. @returns whether anything was sent */
  answer() {
    const packets = this.#unanswered;
    this.#unanswered = [];
    let hasSent = false;
    for (const { name, qos, topic, payload, id, codes } of packets) {
      let reply;
      if (name === "PUBLISH" && qos > 0) {
        const due = qos === 1 ? "PUBACK" : "PUBREC";
        if (this.#isAutomatic) reply = acknowledgement(due, id);
        else this.#outstanding.push({ key: `${topic} ${payload.toString("latin1")}`, id, due });
      } else if (name === "PUBREL") {
        const known = this.#outstanding.find((item) => item.id === id);
        if (this.#isAutomatic) reply = acknowledgement("PUBCOMP", id);
        else if (known !== void 0) known.due = "PUBCOMP";
        else this.#outstanding.push({ key: `PUBREL ${id}`, id, due: "PUBCOMP" });
      } else if (name === "PUBREC" && codes[0] < 128) {
        reply = acknowledgement("PUBREL", id);
      }
      if (reply === void 0 || this.isClosed) continue;
      this.#socket.write(reply);
      hasSent = true;
    }
    return hasSent;
  }
  /** Acknowledges one message, all copies of it. @param code - undefined: the short form */
  reply(name, which, code) {
    const waiting = this.#outstanding.filter(({ due }) => due !== void 0);
    const keys = [...new Set(waiting.map(({ key: key2 }) => key2))];
    if (keys.length === 0) return;
    const key = keys[Math.min(which, keys.length - 1)];
    for (const item of waiting) {
      if (item.key !== key) continue;
      const type = name === "right" ? item.due : name;
      const isLong = this.#stream.version === 5 && code !== void 0;
      const legal = type === "PUBREL" || type === "PUBCOMP" ? code === 0 ? 0 : 146 : code;
      this.send(acknowledgement(type, item.id, isLong ? legal : void 0));
      if (type === item.due) item.due = void 0;
    }
    this.#outstanding = this.#outstanding.filter(
      ({ due }, index) => due !== void 0 || index > this.#outstanding.length - 20
    );
  }
}
export {
  Link
};
//# sourceMappingURL=link.js.map
