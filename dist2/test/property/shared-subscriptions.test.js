import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { MessageMemory } from "../../src/broker/limits/message-memory.js";
import { Outgoing } from "../../src/broker/outgoing.js";
import { SharedSubscription } from "../../src/broker/shared-subscriptions.js";
import { Statistics } from "../../src/broker/statistics.js";
import { PublishEncoder } from "../../src/broker/wire/encode-publish.js";
import { createMessage } from "../../src/core/message.js";
import { ManualClock } from "../support/manual-clock.js";
import { defaultLimits } from "../unit/broker/harness.js";
const limits = { ...defaultLimits, queuedMessages: 1e3, receiveMaximum: 20 };
class Member {
  id;
  kind = "client";
  origin;
  durable = false;
  address = "memory";
  keepAlive = 0;
  protocolVersion = 4;
  maximumPacketSize = Number.POSITIVE_INFINITY;
  outgoingAliases = void 0;
  isCongested = false;
  hasRoomFor = () => true;
  dropOldest = () => 0;
  tooSlow = () => {
  };
  receiveMaximum;
  subscription;
  done = [];
  isConnected = false;
  #outgoing;
  #waiting = [];
  constructor(id, share, qos, window, clock) {
    this.id = id;
    this.origin = `client:${id}`;
    this.receiveMaximum = window;
    this.subscription = {
      filter: share.name,
      qos,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
      identifiers: [],
      share
    };
    const messageMemory = new MessageMemory(limits.pendingBytes);
    const context = { clock, limits, encoder: new PublishEncoder(), statistics: new Statistics(), messageMemory };
    this.#outgoing = new Outgoing(context, () => true);
  }
  get left() {
    const { inflight, queued } = this.#outgoing.figures;
    return inflight + queued;
  }
  deliver(message, subscription) {
    return this.#outgoing.deliver(message, subscription);
  }
  backlog(qos) {
    return this.#outgoing.backlog(qos);
  }
  passOn(share) {
    if (!this.isConnected) this.#outgoing.passOn(this, "connected", share.name, true);
  }
  connect() {
    this.isConnected = true;
    this.#outgoing.connect(this);
    this.#outgoing.resume();
  }
  disconnect() {
    this.isConnected = false;
    this.#waiting = [];
    this.#outgoing.disconnect();
    this.#outgoing.passOn(this, "connected", void 0, true);
  }
  leave() {
    this.#outgoing.passOn(this, "any", void 0, true);
  }
  sendPublish({ bytes }, packetIdentifier) {
    this.#waiting.push({ packetIdentifier, payload: bytes.subarray(-4).toString() });
  }
  /** PUBACK, or PUBREC and PUBCOMP, for the oldest. */
  acknowledge() {
    const oldest = this.#waiting.shift();
    if (oldest === void 0) return;
    this.done.push(oldest.payload);
    if (this.#outgoing.puback(oldest.packetIdentifier) !== "mismatch") return;
    this.#outgoing.pubrec(oldest.packetIdentifier, false);
    this.#outgoing.pubcomp(oldest.packetIdentifier);
  }
  send() {
  }
  refuse() {
  }
}
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("publish"), who: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("acknowledge"), who: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("cut", "connect"), who: fc.nat(3) }) }
);
for (const qos of [1, 2]) {
  t.test(`QoS ${qos}: every message is completed once, by one member, whoever comes and goes`, async (t2) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 }),
        fc.array(step, { maxLength: 120 }),
        (windows, steps) => {
          const share = new SharedSubscription("$share/g/t");
          const clock = new ManualClock();
          const members = windows.map((window, index) => new Member(`m${index}`, share, qos, window, clock));
          for (const member of members) {
            share.add({ sink: member, subscription: member.subscription });
            member.connect();
          }
          let published = 0;
          for (const { do: action, who } of steps) {
            const member = members[who];
            if (action === "publish") {
              const payload = String(published++).padStart(4, "0");
              share.deliver(createMessage({ topic: "t", payload, origin: "client:p", receivedAt: 0, qos }));
            } else if (action === "acknowledge") member.acknowledge();
            else if (action === "cut" && member.isConnected) member.disconnect();
            else if (action === "connect" && !member.isConnected) {
              member.connect();
              share.arrived(member);
            }
          }
          for (const member of members) {
            if (member.isConnected) continue;
            member.connect();
            share.arrived(member);
          }
          for (let rounds = 0; members.some((member) => member.left > 0); rounds++) {
            assert.ok(rounds < 1e3, "nothing moves any more");
            for (const member of members) member.acknowledge();
          }
          const done = members.flatMap((member) => member.done).sort();
          assert.deepEqual(
            done,
            Array.from({ length: published }, (_, index) => String(index).padStart(4, "0"))
          );
        }
      ),
      { numRuns: 300 }
    );
    t2.pass("300 runs");
  });
}
t.test("messages are spread evenly over members that keep up", async (t2) => {
  const share = new SharedSubscription("$share/g/t");
  const clock = new ManualClock();
  const members = [1, 5, 20].map((window, index) => new Member(`m${index}`, share, 1, window, clock));
  for (const member of members) {
    share.add({ sink: member, subscription: member.subscription });
    member.connect();
  }
  for (let i = 0; i < 300; i++) {
    share.deliver(createMessage({ topic: "t", payload: "0000", origin: "client:p", receivedAt: 0, qos: 1 }));
    for (const member of members) member.acknowledge();
  }
  t2.same(
    members.map((member) => member.done.length),
    [100, 100, 100]
  );
});
//# sourceMappingURL=shared-subscriptions.test.js.map
