import { createMessage } from "../core/message.js";
const SYS_INTERVAL = 1e4;
class SysTopics {
  #options;
  #startedAt;
  /** What was published last: a value that stays is not published again. */
  #last = /* @__PURE__ */ new Map();
  #timer;
  /** Publishes at once, then every {@link SYS_INTERVAL}. */
  constructor(options) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
    this.#publishAll();
  }
  [Symbol.dispose]() {
    this.#timer?.cancel();
  }
  #publishAll() {
    for (const [name, value] of this.#values()) this.#publish(name, String(value));
    this.#timer = this.#options.clock.after(SYS_INTERVAL, () => this.#publishAll());
  }
  #values() {
    const { router, clock, sessions, statistics, version } = this.#options;
    const { retained, subscriptions } = router.counters();
    const connected = sessions.connected;
    return [
      ["version", version],
      ["uptime", `${Math.floor((clock.monotonic() - this.#startedAt) / 1e3)} seconds`],
      ["clients/total", sessions.size],
      ["clients/connected", connected],
      ["clients/disconnected", sessions.size - connected],
      ["messages/received", statistics.packetsReceived],
      ["messages/sent", statistics.packetsSent],
      ["publish/messages/received", statistics.publishReceived],
      ["publish/messages/sent", statistics.publishSent],
      ["publish/messages/dropped", statistics.publishDropped],
      ["publish/messages/expired", statistics.publishExpired],
      ["publish/messages/refused", statistics.publishRefused],
      ["connections/failed", statistics.connectionsFailed],
      ["connections/refused", statistics.connectionsRefused],
      ["bytes/received", statistics.bytesReceived],
      ["bytes/sent", statistics.bytesSent],
      ["retained messages/count", retained],
      ["subscriptions/count", subscriptions]
    ];
  }
  #publish(name, value) {
    if (this.#last.get(name) === value) return;
    this.#last.set(name, value);
    const { router, clock, origin } = this.#options;
    const topic = `$SYS/broker/${name}`;
    const message = createMessage({ topic, payload: value, origin, receivedAt: clock.now(), retain: true });
    router.publish(message)?.catch(() => {
    });
  }
}
export {
  SYS_INTERVAL,
  SysTopics
};
//# sourceMappingURL=sys-topics.js.map
