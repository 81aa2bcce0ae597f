import { randomBytes } from "node:crypto";
import { createAccess } from "./access/create.js";
import { Connection } from "./connection.js";
import { Admission } from "./limits/admission.js";
import { BurstLog } from "./limits/burst-log.js";
import { IncompletePackets } from "./limits/incomplete-packets.js";
import { MessageMemory } from "./limits/message-memory.js";
import { SocketMemory } from "./limits/socket-memory.js";
import { Throttle } from "./limits/throttle.js";
import { Turns } from "./limits/turns.js";
import { listen } from "./listeners/listener.js";
import { activatedSockets } from "./listeners/systemd.js";
import { ReasonCode, Refusal } from "./reason-codes.js";
import { MessageRouter } from "./router.js";
import { Sessions } from "./sessions.js";
import { Statistics } from "./statistics.js";
import { SysTopics } from "./sys-topics.js";
import { PublishEncoder } from "./wire/encode-publish.js";
const MIN_SPARE_SOCKETS = 16;
const SWEEP_INTERVAL = 1e4;
function createBroker(options) {
  return new MqttBroker(options);
}
class MqttBroker {
  name = "broker";
  router;
  #options;
  #sessions;
  #context;
  #messageMemory;
  #admission;
  #refused;
  #access;
  #connections = /* @__PURE__ */ new Set();
  #listeners = [];
  #isAcceptFailing = false;
  #sysTopics;
  #sweepTimer;
  /** Called when the last connection is gone, once somebody waits for it. */
  #onIdle;
  #state = "starting";
  #since;
  #closing;
  constructor(options) {
    const { config, clock, log, random = unguessable } = options;
    const { limits } = config;
    const statistics = new Statistics();
    this.#options = options;
    this.#since = clock.now();
    this.router = new MessageRouter({ clock, retainedMessages: limits.retainedMessages, statistics });
    const { router } = this;
    const messageMemory = new MessageMemory(limits.pendingBytes / 2);
    this.#messageMemory = messageMemory;
    this.#sessions = new Sessions({ router, clock, limits, encoder: new PublishEncoder(), statistics, messageMemory });
    const sessions = this.#sessions;
    this.#refused = new BurstLog(clock, log, "connections refused");
    this.#admission = new Admission({
      clock,
      limits,
      statistics,
      onRefused: (reason, address) => this.#refused.report(reason, { address })
    });
    this.#access = createAccess({ config: config.access, clock, log, statistics });
    const { access = this.#access } = options;
    this.#context = {
      router,
      clock,
      log,
      config,
      limits,
      access,
      sessions,
      statistics,
      turns: new Turns(clock),
      throttle: new Throttle(clock),
      socketMemory: new SocketMemory(limits.pendingBytes / 2, limits.connections),
      incomplete: new IncompletePackets(limits.pendingBytes / 4),
      random
    };
  }
  async start(signal) {
    const { config, clock, gatewayId, version, log } = this.#options;
    try {
      const activated = activatedSockets(this.#options.env ?? process.env, process.pid);
      for (const listener of config.listeners) {
        signal.throwIfAborted();
        this.#listeners.push(
          await listen({
            config: listener,
            packetBytes: listener.limits?.packetBytes ?? config.limits.packetBytes,
            clock,
            log,
            activated,
            admit: (peer) => this.#admit(peer),
            onStream: (stream, peer, ticket) => this.#serve(stream, peer, ticket),
            onHandshakeFailed: () => this.#context.statistics.handshakesFailed++,
            onError: (error) => this.#acceptFailed(error)
          })
        );
      }
      const used = new Set(config.listeners.map((one) => one.systemd));
      const unused = [...activated.keys()].filter((name) => !used.has(name));
      if (unused.length > 0) log.warn({ sockets: unused }, "systemd passed sockets that no listener uses");
      signal.throwIfAborted();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    this.#sysTopics = new SysTopics({
      router: this.router,
      clock,
      sessions: this.#sessions,
      statistics: this.#context.statistics,
      origin: `gateway:${gatewayId}`,
      version: version === void 0 ? "hpmq" : `hpmq version ${version}`
    });
    this.#sweep();
    this.#setState("up");
    log.info({ listeners: this.addresses() }, "broker listens");
  }
  status() {
    return { state: this.#state, since: this.#since };
  }
  addresses() {
    return this.#listeners.flatMap((listener) => listener.addresses);
  }
  alarms() {
    return this.#listeners.flatMap((listener) => listener.alarms());
  }
  connections() {
    return this.#connections.size;
  }
  clients() {
    return Array.from(this.#sessions, (session) => session.view());
  }
  get statistics() {
    return this.#context.statistics;
  }
  memory() {
    const { socketMemory, incomplete } = this.#context;
    return { sockets: socketMemory.used, messages: this.#messageMemory.used, incomplete: incomplete.used };
  }
  serve(stream, peer) {
    const ticket = this.#admit(peer);
    if (ticket === void 0) stream.destroy();
    else this.#serve(stream, peer, ticket);
  }
  #admit(peer) {
    this.#isAcceptFailing = false;
    if (this.#closing !== void 0) return void 0;
    const { limits } = this.#context;
    if (this.#connections.size >= limits.connections + Math.max(MIN_SPARE_SOCKETS, limits.connections)) {
      this.#admission.refused("connections", peer.host);
      return void 0;
    }
    return this.#admission.open(peer.listener, peer.host);
  }
  #serve(stream, peer, ticket) {
    if (this.#closing !== void 0) {
      ticket.close();
      stream.destroy();
      return;
    }
    const connection = new Connection(this.#context, stream, peer, ticket, () => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#onIdle?.();
    });
    this.#connections.add(connection);
  }
  replaceAccess(config) {
    this.#access.replace(config);
    for (const session of [...this.#sessions]) {
      const refusal = session.identity?.standing?.();
      if (refusal === void 0) continue;
      session.channel?.refuse(refusal);
      session.end();
    }
  }
  [Symbol.asyncDispose]() {
    this.#closing ??= this.#close();
    return this.#closing;
  }
  async #close() {
    this.#setState("stopping");
    this.#sysTopics?.[Symbol.dispose]();
    this.#access[Symbol.dispose]();
    this.#sweepTimer?.cancel();
    this.#context.throttle[Symbol.dispose]();
    this.#refused[Symbol.dispose]();
    const stopped = this.#stopListening();
    const isReferred = this.#options.config.serverReference !== void 0;
    const reasonCode = isReferred ? ReasonCode.useAnotherServer : ReasonCode.serverShuttingDown;
    const refusal = new Refusal(reasonCode, "the gateway stops");
    for (const connection of [...this.#connections]) connection.shutDown(refusal);
    this.#sessions.discard();
    await stopped;
    if (this.#connections.size > 0) await new Promise((resolve) => this.#onIdle = resolve);
    this.#setState("down");
  }
  async #stopListening() {
    await Promise.all(this.#listeners.splice(0).map((listener) => listener[Symbol.asyncDispose]()));
  }
  /** Said once, not for each connection that is turned away while it lasts. */
  #acceptFailed(error) {
    if (this.#isAcceptFailing) return;
    this.#isAcceptFailing = true;
    this.#options.log.warn({ error: error.message }, "connections cannot be accepted");
  }
  #sweep() {
    this.router.sweep();
    this.#sweepTimer = this.#options.clock.after(SWEEP_INTERVAL, () => this.#sweep());
  }
  #setState(state) {
    this.#state = state;
    this.#since = this.#options.clock.now();
  }
}
function unguessable() {
  return randomBytes(6).readUIntBE(0, 6) / 2 ** 48;
}
export {
  createBroker
};
//# sourceMappingURL=broker.js.map
