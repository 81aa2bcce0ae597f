/** A Shared Subscription, whatever its members do: nothing is lost while one stays, and nobody has what another completed. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Channel } from '../../src/broker/channel.js';
import { type EncodedPublish, PublishEncoder } from '../../src/broker/encode-publish.js';
import { MessageMemory } from '../../src/broker/limits/message-memory.js';
import { Turns } from '../../src/broker/limits/turns.js';
import { Outgoing } from '../../src/broker/outgoing.js';
import { SharedSubscription } from '../../src/broker/shared-subscriptions.js';
import { Statistics } from '../../src/broker/statistics.js';
import { createMessage, type Message } from '../../src/core/message.js';
import type { Share, Sink, Subscription } from '../../src/core/router.js';
import { defaultLimits } from '../support/broker-config.js';
import { ManualClock } from '../support/manual-clock.js';

const limits = { ...defaultLimits, queuedMessages: 1_000, receiveMaximum: 20 };

/** A session with a client that acknowledges when it is told to. */
class Member implements Sink, Channel {
  readonly id: string;
  readonly kind = 'client';
  readonly origin: `client:${string}`;
  readonly durable = false;
  readonly peer = {
    address: 'memory',
    host: 'memory',
    listener: { name: 'test', type: 'tcp', auth: { anonymous: true } },
  } as const;
  readonly packetAt = 0;
  readonly keepAlive = 0;
  readonly protocolVersion = 4;
  readonly maximumPacketSize = Number.POSITIVE_INFINITY;
  readonly isPeer = false;
  readonly outgoingAliases = undefined;
  readonly isCongested = false;
  readonly hasRoomFor = () => true;
  readonly dropOldest = () => 0;
  readonly tooSlow = () => {};
  readonly lane = undefined;
  readonly receiveMaximum: number;
  subscription: Subscription;
  readonly done: string[] = [];
  isConnected = false;
  readonly #outgoing: Outgoing;
  #waiting: { packetIdentifier: number; payload: string }[] = [];

  constructor(id: string, share: Share, qos: 1 | 2, window: number, clock: ManualClock) {
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
      share,
    };
    const messageMemory = new MessageMemory(limits.pendingBytes, clock);
    const turns = new Turns(clock);
    const context = {
      clock,
      limits,
      encoder: new PublishEncoder(),
      statistics: new Statistics(),
      messageMemory,
      turns,
      mesh: undefined,
    };
    this.#outgoing = new Outgoing(context, { mayReceive: () => true });
  }

  get left(): number {
    const { inflight, queued } = this.#outgoing.figures;
    return inflight + queued;
  }

  deliver(message: Message, subscription: Subscription): boolean {
    return this.#outgoing.deliver(message, subscription);
  }

  backlog(qos: number): number {
    return this.#outgoing.backlog(qos);
  }

  passOn(share: Share): void {
    if (!this.isConnected) this.#outgoing.passOn(this, 'connected', share.name, true);
  }

  connect(): void {
    this.isConnected = true;
    this.#outgoing.connect(this);
    this.#outgoing.resume();
  }

  disconnect(): void {
    this.isConnected = false;
    this.#waiting = [];
    this.#outgoing.disconnect();
    this.#outgoing.passOn(this, 'connected', undefined, true);
  }

  leave(): void {
    this.#outgoing.passOn(this, 'any', undefined, true);
  }

  sendPublish({ bytes }: EncodedPublish, packetIdentifier: number): void {
    this.#waiting.push({ packetIdentifier, payload: bytes.subarray(-4).toString() });
  }

  /** PUBACK, or PUBREC and PUBCOMP, for the oldest. */
  acknowledge(): void {
    const oldest = this.#waiting.shift();
    if (oldest === undefined) return;
    this.done.push(oldest.payload);
    if (this.#outgoing.puback(oldest.packetIdentifier, false) !== 'mismatch') return;
    this.#outgoing.pubrec(oldest.packetIdentifier, false);
    this.#outgoing.pubcomp(oldest.packetIdentifier);
  }

  send(): void {}
  refuse(): void {}
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), who: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('acknowledge' as const), who: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'connect' as const), who: fc.nat(3) }) },
);

for (const qos of [1, 2] as const) {
  t.test(`QoS ${qos}: every message is completed once, by one member, whoever comes and goes`, async (t) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 }),
        fc.array(step, { maxLength: 120 }),
        (windows, steps) => {
          const share = new SharedSubscription('$share/g/t');
          const clock = new ManualClock();
          const members = windows.map((window, index) => new Member(`m${index}`, share, qos, window, clock));
          for (const member of members) {
            share.add({ sink: member, subscription: member.subscription });
            member.connect();
          }
          let published = 0;
          for (const { do: action, who } of steps) {
            const member = members[who]!;
            if (action === 'publish') {
              const payload = String(published++).padStart(4, '0');
              share.deliver(createMessage({ topic: 't', payload, origin: 'client:p', receivedAt: 0, qos }));
            } else if (action === 'acknowledge') member.acknowledge();
            else if (action === 'cut' && member.isConnected) member.disconnect();
            else if (action === 'connect' && !member.isConnected) {
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
            assert.ok(rounds < 1_000, 'nothing moves any more');
            for (const member of members) member.acknowledge();
          }
          const done = members.flatMap((member) => member.done).sort();
          assert.deepEqual(
            done,
            Array.from({ length: published }, (_, index) => String(index).padStart(4, '0')),
          );
        },
      ),
      { numRuns: 300 },
    );
    t.pass('300 runs');
  });
}

t.test('messages are spread evenly over members that keep up', async (t) => {
  const share = new SharedSubscription('$share/g/t');
  const clock = new ManualClock();
  const members = [1, 5, 20].map((window, index) => new Member(`m${index}`, share, 1, window, clock));
  for (const member of members) {
    share.add({ sink: member, subscription: member.subscription });
    member.connect();
  }
  for (let i = 0; i < 300; i++) {
    share.deliver(createMessage({ topic: 't', payload: '0000', origin: 'client:p', receivedAt: 0, qos: 1 }));
    for (const member of members) member.acknowledge();
  }
  t.same(
    members.map((member) => member.done.length),
    [100, 100, 100],
  );
});
