import { connect } from "node:net";
import { generate } from "mqtt-packet";
function frame(packet) {
  return generate(packet, { protocolVersion: 4 });
}
function publishFrame(topic, payload, qos = 0, messageId = 1) {
  return frame({ cmd: "publish", topic, payload, qos, messageId, dup: false, retain: false });
}
class LoadClient {
  socket;
  onPublish = () => {
  };
  onPingresp = () => {
  };
  /** Its return code; -1: closed without one. */
  connack;
  #rest;
  #onConnack = () => {
  };
  #subacks = /* @__PURE__ */ new Map();
  #lastId = 0;
  constructor(target, clientId, credentials) {
    this.connack = new Promise((resolve) => {
      this.#onConnack = resolve;
    });
    const { port, localAddress } = target;
    this.socket = connect({ port, host: "127.0.0.1", ...localAddress !== void 0 && { localAddress } });
    this.socket.setNoDelay(true);
    this.socket.on("error", () => {
    });
    this.socket.on("close", () => this.#onConnack(-1));
    this.socket.on("data", (chunk) => this.#read(chunk));
    const { username, password } = credentials ?? {};
    this.socket.write(
      frame({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        clientId,
        clean: true,
        keepalive: 0,
        ...username !== void 0 && { username },
        ...password !== void 0 && { password: Buffer.from(password) }
      })
    );
  }
  /** Resolves with SUBACK. */
  subscribe(...filters) {
    const messageId = ++this.#lastId;
    this.socket.write(
      frame({ cmd: "subscribe", messageId, subscriptions: filters.map(([topic, qos]) => ({ topic, qos })) })
    );
    return new Promise((resolve) => this.#subacks.set(messageId, resolve));
  }
  /** The same block again and again, as fast as the peer takes it. @returns ends it */
  flood(block) {
    let isOver = false;
    const more = () => {
      while (!isOver && !this.socket.destroyed && this.socket.write(block)) ;
    };
    this.socket.on("drain", more);
    more();
    return () => {
      isOver = true;
      this.socket.off("drain", more);
    };
  }
  close() {
    this.socket.destroy();
  }
  #read(chunk) {
    const bytes = this.#rest === void 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (; ; ) {
      let length = 0;
      let body = at + 1;
      for (let shift = 0; ; shift += 7, body++) {
        if (body >= bytes.length) {
          this.#keep(bytes, at);
          return;
        }
        length |= (bytes[body] & 127) << shift;
        if (bytes[body] < 128) break;
      }
      body++;
      if (body + length > bytes.length) {
        this.#keep(bytes, at);
        return;
      }
      this.#packet(bytes[at], bytes.subarray(body, body + length));
      at = body + length;
    }
  }
  #keep(bytes, at) {
    this.#rest = at === bytes.length ? void 0 : bytes.subarray(at);
  }
  #packet(head, body) {
    switch (head >> 4) {
      case 2:
        this.#onConnack(body[1]);
        return;
      case 3: {
        const topicEnd = 2 + body.readUInt16BE(0);
        const qos = head >> 1 & 3;
        if (qos > 0) this.socket.write(Buffer.from([64, 2, body[topicEnd], body[topicEnd + 1]]));
        this.onPublish(body.toString("latin1", 2, topicEnd), body.subarray(topicEnd + (qos > 0 ? 2 : 0)));
        return;
      }
      case 9: {
        const messageId = body.readUInt16BE(0);
        this.#subacks.get(messageId)?.();
        this.#subacks.delete(messageId);
        return;
      }
      case 13:
        this.onPingresp();
    }
  }
}
function sourceAddress(index, each = 1e3) {
  return `127.0.0.${2 + Math.floor(index / each) % 200}`;
}
export {
  LoadClient,
  frame,
  publishFrame,
  sourceAddress
};
//# sourceMappingURL=client.js.map
