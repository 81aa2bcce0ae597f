import { Socket } from "node:net";
import { Codec } from "./codec.js";
import { dispatch } from "./handlers/dispatch.js";
import { lastPacket } from "./last-packet.js";
import { Rates } from "./limits/rates.js";
import { SLICE } from "./limits/turns.js";
import { OutgoingTopicAliases } from "./outgoing-topic-aliases.js";
import { ReasonCode, Refusal } from "./reason-codes.js";
import { DROPPABLE, SocketWriter } from "./socket-writer.js";
import { TopicAliases } from "./topic-aliases.js";
const LINGER = 1e3;
const FULL_READ = 64 * 1024;
class Connection {
  broker;
  topicAliases = new TopicAliases();
  peer;
  ticket;
  authentication;
  outgoingAliases;
  unacknowledged = 0;
  #socket;
  #codec;
  #writer;
  #onGone;
  #accepted;
  #maximumPacketSize = Number.POSITIVE_INFINITY;
  #wantsReasons = true;
  /** Until CONNECT, then the keep-alive; while the end is near, how long it may take. */
  #timer;
  #packetAt = 0;
  #isOver = false;
  /** Why the socket is not read; it is read again when no reason is left. */
  #pauses = /* @__PURE__ */ new Set();
  /** When others are to have their turn, monotonic ms. */
  #sliceEnd = 0;
  #incompleteBytes = 0;
  #rates;
  #onPacket = (packet) => this.#handle(packet);
  #onTurn = () => this.#release("turn");
  #onRate = () => this.#release("rate");
  /** @param onGone - the socket is closed */
  constructor(broker, socket, peer, ticket, onGone) {
    const { clock, limits } = broker;
    const { slowConsumer } = limits;
    this.broker = broker;
    this.peer = peer;
    this.#socket = socket;
    this.#onGone = onGone;
    this.ticket = ticket;
    this.#rates = Rates.of(ticket.limits, clock.monotonic());
    this.#codec = new Codec(ticket.limits.packetBytes, socket instanceof Socket);
    this.#writer = new SocketWriter({
      stream: socket,
      clock,
      congestedBytes: slowConsumer.maxBytes,
      memory: broker.socketMemory,
      drainTimeout: limits.drainTimeout,
      congestionTimeout: slowConsumer.timeout,
      onDrained: () => this.#drained(),
      onStalled: () => this.#fail(new Refusal(ReasonCode.unspecifiedError, "the client does not read"), "stalled"),
      onSlow: () => this.tooSlow()
    });
    socket.on("error", (error) => this.#lost(error));
    socket.on("end", () => this.#lost(void 0));
    socket.on("close", () => this.#closed());
    socket.on("data", (chunk) => this.#read(chunk));
    this.#timer = clock.after(ticket.limits.connectTimeout, () => {
      this.#fail(new Refusal(ReasonCode.protocolError, "no CONNECT in time"), "connectTimeout");
    });
  }
  get session() {
    return this.#accepted?.session;
  }
  get address() {
    return this.peer.address;
  }
  get isOver() {
    return this.#isOver;
  }
  get protocolVersion() {
    return this.#codec.protocolVersion ?? 4;
  }
  get isBridge() {
    return this.#accepted?.isBridge ?? false;
  }
  get receiveMaximum() {
    return this.#accepted?.receiveMaximum ?? 0;
  }
  get maximumPacketSize() {
    return this.#maximumPacketSize;
  }
  get wantsReasons() {
    return this.#wantsReasons;
  }
  get isCongested() {
    return this.#writer.isCongested;
  }
  get keepAlive() {
    return (this.#accepted?.keepAlive ?? 0) * 1e3;
  }
  accept(accepted) {
    this.#accepted = accepted;
    this.#codec.admit();
    this.#timer?.cancel();
    this.#timer = void 0;
    const { topicAliasMaximum } = accepted;
    if (topicAliasMaximum > 0) this.outgoingAliases = new OutgoingTopicAliases(topicAliasMaximum);
    if (accepted.keepAlive > 0) this.#watchKeepAlive(accepted.keepAlive * 1500);
    const { address, protocolVersion } = this;
    this.broker.log.info({ clientId: accepted.session.id, address, protocolVersion }, "client connected");
  }
  send(bytes) {
    if (this.#accepted !== void 0 && bytes.length > this.maximumPacketSize && !this.#isOver) {
      this.#fail(new Refusal(ReasonCode.packetTooLarge, "the answer exceeds the Maximum Packet Size of the client"));
      return;
    }
    this.broker.statistics.packetsSent++;
    this.broker.statistics.bytesSent += bytes.length;
    this.#writer.push(bytes);
    if (this.#writer.isCongested && !this.#isOver) this.#pause("congestion");
  }
  sendPublish({ bytes, identifierAt }, packetIdentifier) {
    const { statistics } = this.broker;
    statistics.packetsSent++;
    statistics.publishSent++;
    statistics.bytesSent += bytes.length;
    this.#writer.push(bytes, identifierAt === 0 ? DROPPABLE : packetIdentifier, identifierAt);
  }
  hasRoomFor(bytes) {
    return this.#writer.hasRoomFor(bytes);
  }
  dropOldest(bytes) {
    const dropped = this.#writer.dropOldest(bytes);
    this.broker.statistics.publishTakenBack += dropped;
    return dropped;
  }
  tooSlow() {
    this.#fail(new Refusal(ReasonCode.quotaExceeded, "the client takes less than is sent to it"), "slowConsumer");
  }
  /** Of all incomplete packets, its own is the oldest, and together they are too much. */
  tooMuch() {
    this.#fail(new Refusal(ReasonCode.quotaExceeded, "the packet took too long to arrive"), "incompletePacket");
  }
  refuse(refusal) {
    this.#end(refusal, false);
  }
  leave(reasonCode) {
    this.#end(void 0, reasonCode === ReasonCode.success || this.protocolVersion < 5);
  }
  /** The broker stops: what waits is written as far as the peer takes it at once; no Will is sent. */
  shutDown(refusal) {
    this.#end(refusal, true);
    const socket = this.#socket;
    const isTaken = this.#writer.endNow();
    if (socket.writableFinished) {
      socket.destroy();
      return;
    }
    socket.once("finish", () => socket.destroy());
    if (isTaken) return;
    setImmediate(
      () => setImmediate(() => {
        if (socket.writableLength > 0) socket.destroy();
      })
    );
  }
  #read(chunk) {
    if (this.#isOver) return;
    const { statistics, clock } = this.broker;
    statistics.bytesReceived += chunk.length;
    if (this.#rates?.takeBytes(chunk.length, clock.monotonic()) && !this.#tooFast("byteRate")) return;
    if (chunk.length >= FULL_READ) {
      this.#codec.hold(chunk);
      this.#yield();
      return;
    }
    this.#sliceEnd = clock.monotonic() + SLICE;
    this.#afterPackets(this.#codec.feed(chunk, this.#onPacket));
  }
  #afterPackets(refusal) {
    if (refusal !== void 0) this.#fail(refusal);
    const { incompleteBytes } = this.#codec;
    if (this.#isOver || incompleteBytes === this.#incompleteBytes) return;
    this.#incompleteBytes = incompleteBytes;
    this.broker.incomplete.set(this, incompleteBytes);
  }
  #handle(packet) {
    const { statistics, clock } = this.broker;
    statistics.packetsReceived++;
    const now = clock.monotonic();
    this.#packetAt = now;
    if (packet.type === "connect") this.#introduce(packet);
    const handled = dispatch(this, packet);
    if (handled instanceof Promise) {
      this.#pause("handler");
      void handled.then((refusal) => {
        if (refusal !== void 0) this.#fail(refusal);
        this.#release("handler");
      });
      return "hold";
    }
    if (handled !== void 0) this.#fail(handled);
    if (this.#isOver) return "stop";
    let isHeld = false;
    if (packet.type === "publish" && this.#rates?.takeMessage(now)) {
      if (!this.#tooFast("messageRate")) return "stop";
      isHeld = true;
    }
    if (now >= this.#sliceEnd) {
      this.#yield();
      isHeld = true;
    }
    return isHeld ? "hold" : "next";
  }
  /** What holds for the answer to CONNECT already, also if that is a refusal. */
  #introduce({ properties }) {
    this.#maximumPacketSize = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.#wantsReasons = properties.requestProblemInformation ?? true;
  }
  /** Others first. */
  #yield() {
    if (this.#pauses.has("turn")) return;
    this.#pause("turn");
    this.broker.turns.wait(this.#onTurn);
  }
  /** @returns whether it may go on, later */
  #tooFast(reason) {
    const { statistics, throttle, clock } = this.broker;
    if (this.ticket.limits.overRate === "disconnect") {
      const text = reason === "messageRate" ? "more messages per second than allowed" : "more bytes per second than allowed";
      this.#fail(new Refusal(ReasonCode.messageRateTooHigh, text), "messageRate");
      return false;
    }
    if (this.#pauses.has("rate")) return true;
    statistics.throttledBy[reason]++;
    this.#pause("rate");
    throttle.wait(this.#rates?.wait(clock.monotonic()) ?? 0, this.#onRate);
    return true;
  }
  /** A reason not to go on is gone: the packets that came meanwhile are next, then the socket is read again. */
  #release(reason) {
    if (this.#isOver) return;
    this.#pauses.delete(reason);
    if (this.#isHolding) return;
    this.#sliceEnd = this.broker.clock.monotonic() + SLICE;
    this.#afterPackets(this.#codec.resume(this.#onPacket));
    this.#readAgain();
  }
  get #isHolding() {
    return this.#pauses.has("handler") || this.#pauses.has("turn") || this.#pauses.has("rate");
  }
  #pause(reason) {
    this.#pauses.add(reason);
    this.#socket.pause();
  }
  #readAgain() {
    if (this.#pauses.size > 0 || this.#isOver) return;
    this.#packetAt = this.broker.clock.monotonic();
    this.#socket.resume();
  }
  /** Looks again when it fires instead of being moved with each packet. */
  #watchKeepAlive(limit) {
    const { clock } = this.broker;
    const look = () => {
      const left = this.#packetAt + limit - clock.monotonic();
      if (left > 0 || this.#pauses.size > 0) this.#timer = clock.after(left > 0 ? left : limit, look);
      else
        this.#fail(new Refusal(ReasonCode.keepAliveTimeout, "no packet within one and a half Keep Alive"), "keepAlive");
    };
    this.#timer = clock.after(limit, look);
  }
  #drained() {
    if (this.#isOver) return;
    if (this.#pauses.delete("congestion")) this.#readAgain();
    this.session?.resume();
  }
  /** The peer did something wrong, or nothing for too long. */
  #fail(refusal, reason = "protocol") {
    if (this.#isOver) return;
    this.broker.statistics.end(reason);
    this.#end(refusal, false);
  }
  /** The network connection failed or the peer closed it without DISCONNECT. */
  #lost(error) {
    if (this.#isOver) return;
    this.#over(error?.message ?? "closed by the client", false);
    this.#closeWriter();
    this.#socket.destroy();
  }
  /** @param isNormal - the Will is not sent */
  #end(refusal, isNormal) {
    if (this.#isOver) return;
    const wasAccepted = this.#accepted !== void 0;
    this.#over(refusal?.reason, isNormal);
    const last = refusal === void 0 ? void 0 : lastPacket(this, refusal, wasAccepted, this.#codec.protocolVersion);
    if (last !== void 0) this.send(last);
    this.#writer.end();
    this.#socket.resume();
    this.#timer = this.broker.clock.after(LINGER, () => this.#socket.destroy());
  }
  #over(reason, isNormal) {
    this.#isOver = true;
    this.ticket.over();
    this.broker.incomplete.set(this, 0);
    this.#timer?.cancel();
    this.#timer = void 0;
    const { session } = this;
    if (session === void 0) {
      this.broker.log.debug({ address: this.address, reason }, "connection ended without a session");
      return;
    }
    const fields = { clientId: session.id, address: this.address, ...reason !== void 0 && { reason } };
    this.broker.log.info(fields, "client disconnected");
    session.disconnect(this, isNormal);
    this.broker.sessions.absent(session);
  }
  /** QoS 0 messages that still wait are lost. */
  #closeWriter() {
    const { statistics } = this.broker;
    const { droppable } = this.#writer;
    statistics.publishTakenBack += droppable;
    statistics.publishDropped += droppable;
    statistics.drops.offline += droppable;
    this.#writer.close();
  }
  #closed() {
    this.#lost(void 0);
    this.#timer?.cancel();
    this.#closeWriter();
    this.ticket.close();
    this.broker.sessions.evict();
    this.#onGone();
  }
}
export {
  Connection
};
//# sourceMappingURL=connection.js.map
