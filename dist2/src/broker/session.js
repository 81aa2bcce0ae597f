import { Verdicts } from "./access/verdicts.js";
import { afterLong } from "./long-timer.js";
import { Outgoing } from "./outgoing.js";
import { ReasonCode, Refusal } from "./reason-codes.js";
import { isShared } from "./shared-filter.js";
const EXPIRED = new Refusal(ReasonCode.notAuthorized, "the token has expired");
const protocolNames = { 3: "3.1", 4: "3.1.1", 5: "5.0" };
class Session {
  id;
  kind = "client";
  origin;
  durable = false;
  verdicts = new Verdicts();
  #context;
  #attachment;
  #outgoing;
  #onEnded;
  #filters = /* @__PURE__ */ new Set();
  /** Packet Identifiers of QoS 2 messages received and not yet released by PUBREL (§4.3.3). */
  #incoming = /* @__PURE__ */ new Set();
  /** Those of them whose PUBLISH came over the present connection. */
  #incomingNow = /* @__PURE__ */ new Set();
  #channel;
  #identity;
  #identityTimer;
  #expiry = 0;
  #will;
  #willTimer;
  #expiryTimer;
  #isEnded = false;
  /** Of the last connection. */
  #protocolVersion = 5;
  #address = "";
  #keepAlive = 0;
  /** When it connected or was left, Unix ms. */
  #since = 0;
  #received = 0;
  constructor(clientId, context, onEnded) {
    this.id = clientId;
    this.origin = `client:${clientId}`;
    this.#context = context;
    this.#onEnded = onEnded;
    this.#outgoing = new Outgoing(context, (topic) => this.mayReceive(topic));
    this.#attachment = context.router.attach(this);
    context.messageMemory.add(this);
  }
  /** The connection that has the session now. */
  get channel() {
    return this.#channel;
  }
  /** Whose session it is; undefined: of an anonymous client. */
  get user() {
    return this.#identity?.user;
  }
  get identity() {
    return this.#identity;
  }
  /** The client is who it says, at CONNECT or anew. */
  identify(identity) {
    this.#identity = identity;
    this.verdicts.adopt(identity);
    this.#identityTimer?.cancel();
    const { clock } = this.#context;
    const { expiresAt = Number.POSITIVE_INFINITY } = identity;
    if (expiresAt === Number.POSITIVE_INFINITY) return;
    this.#identityTimer = afterLong(clock, Math.max(0, expiresAt - clock.now()), () => this.#channel?.refuse(EXPIRED));
  }
  /** Session Expiry Interval, ms; 0: ends with the connection; Infinity: never. */
  get expiry() {
    return this.#expiry;
  }
  set expiry(ms) {
    this.#expiry = ms;
  }
  view() {
    return {
      clientId: this.id,
      protocol: protocolNames[this.#protocolVersion],
      connected: this.#channel !== void 0,
      address: this.#address,
      since: this.#since,
      keepAlive: this.#keepAlive,
      subscriptions: this.#filters.size,
      received: this.#received,
      ...this.#outgoing.figures
    };
  }
  /** A connection takes the session. CONNACK must go out before {@link resume} sends what waits. */
  connect(channel, expiry, will) {
    this.#expiryTimer?.cancel();
    this.#willTimer?.cancel();
    this.#channel = channel;
    this.#protocolVersion = channel.protocolVersion;
    this.#address = channel.address;
    this.#keepAlive = channel.keepAlive;
    this.#since = this.#context.clock.now();
    this.#expiry = expiry;
    this.#will = will;
    this.#incomingNow.clear();
    this.#outgoing.connect(channel);
  }
  /**
   * The connection is gone. A channel that has been replaced is ignored.
   *
   * @param isNormal - by DISCONNECT of the client with Reason Code 0: the Will is discarded [MQTT-3.1.2-10]
   */
  disconnect(channel, isNormal) {
    if (this.#channel !== channel) return;
    const { clock } = this.#context;
    this.#channel = void 0;
    this.#identityTimer?.cancel();
    this.#since = clock.now();
    this.#outgoing.disconnect();
    if (isNormal) this.#will = void 0;
    if (this.#expiry === 0) {
      this.end();
      return;
    }
    this.#outgoing.passOn(this, "connected", void 0, true);
    this.#expiryTimer = afterLong(clock, this.#expiry, () => this.end());
    if (this.#will === void 0) return;
    if (this.#will.delay === 0) this.#publishWill();
    else this.#willTimer = afterLong(clock, this.#will.delay, () => this.#publishWill());
  }
  /** Ends the session: its subscriptions and everything that waits are gone; a Will still delayed is sent [MQTT-3.1.3-9]. */
  end() {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.discard();
    this.#outgoing.passOn(this, "any", void 0, true);
    this.#outgoing.discard();
    this.#publishWill();
    this.#onEnded(this);
  }
  /** Lets go of everything without a word: the broker stops. */
  discard() {
    this.#expiryTimer?.cancel();
    this.#willTimer?.cancel();
    this.#identityTimer?.cancel();
    this.#attachment[Symbol.dispose]();
    this.#context.messageMemory.delete(this);
  }
  get heldBytes() {
    return this.#outgoing.heldBytes;
  }
  dropOldest() {
    return this.#outgoing.dropOldest();
  }
  /** It keeps more unacknowledged messages than anybody while there is no memory left. */
  giveUp() {
    this.#context.statistics.end("memory");
    this.#channel?.refuse(new Refusal(ReasonCode.quotaExceeded, "too much waits for acknowledgement"));
    this.end();
  }
  deliver(message, subscription) {
    return this.#outgoing.deliver(message, subscription);
  }
  mayReceive(topic) {
    return this.verdicts.mayReceive(topic);
  }
  backlog(qos) {
    return this.#outgoing.backlog(qos);
  }
  passOn(share) {
    if (this.#channel === void 0) this.#outgoing.passOn(this, "connected", share.name, true);
  }
  /** CONNACK or SUBACK is out: what waits at absent members of its Shared Subscriptions may come. */
  arrived() {
    this.#attachment.arrived();
  }
  /** Sends what waits, as far as the client takes it: after CONNACK, SUBACK, or congestion. */
  resume() {
    this.#outgoing.resume();
  }
  /** @returns whether the client may have one more subscription, or this one again */
  mayTake(filter, limit) {
    return this.#filters.has(filter) || this.#filters.size < limit;
  }
  /** The retained messages follow with the next {@link resume}, which is due after SUBACK. */
  subscribe(subscription) {
    this.#filters.add(subscription.filter);
    this.#outgoing.feed(subscription, this.#permitted(this.#attachment.subscribe(subscription)));
  }
  /** @returns whether there was such a subscription */
  unsubscribe(filter) {
    this.#filters.delete(filter);
    this.#outgoing.stopFeed(filter);
    const wasThere = this.#attachment.unsubscribe(filter);
    if (wasThere && isShared(filter)) this.#outgoing.passOn(this, "any", filter, false);
    return wasThere;
  }
  /** Counts a PUBLISH of the client. */
  countReceived() {
    this.#received++;
  }
  /** QoS 2 messages of this connection not yet released: they count against our Receive Maximum (§4.9). */
  get incoming() {
    return this.#incomingNow.size;
  }
  /** A QoS 2 PUBLISH with a Packet Identifier held is the same message again (§4.3.3). */
  isIncoming(packetIdentifier) {
    return this.#incoming.has(packetIdentifier);
  }
  holdIncoming(packetIdentifier) {
    this.#incoming.add(packetIdentifier);
    this.#incomingNow.add(packetIdentifier);
  }
  /** @returns whether it was held */
  releaseIncoming(packetIdentifier) {
    this.#incomingNow.delete(packetIdentifier);
    return this.#incoming.delete(packetIdentifier);
  }
  puback(packetIdentifier) {
    return this.#outgoing.puback(packetIdentifier);
  }
  pubrec(packetIdentifier, isFailure) {
    return this.#outgoing.pubrec(packetIdentifier, isFailure);
  }
  pubcomp(packetIdentifier) {
    return this.#outgoing.pubcomp(packetIdentifier);
  }
  /** Those of the retained messages that the client may read. */
  *#permitted(messages) {
    for (const message of messages) {
      if (this.mayReceive(message.topic)) yield message;
      else this.#context.statistics.deliveriesRefused++;
    }
  }
  #publishWill() {
    const will = this.#will;
    if (will === void 0) return;
    this.#will = void 0;
    const { router, clock, statistics } = this.#context;
    if (!this.verdicts.mayPublish(will.topic)) {
      statistics.publishRefused++;
      return;
    }
    router.publish(will.message(clock.now()))?.catch(() => {
    });
  }
}
export {
  Session
};
//# sourceMappingURL=session.js.map
