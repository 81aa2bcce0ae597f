/**
 * A whole connection against a far side that says anything: what it may do is done, and whatever else it says ends the
 * connection with a cause, without a crash, without growth, and without a message told twice.
 */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { generate, type Packet } from 'mqtt-packet';
import t from 'tap';
import { GatewayError } from '../../src/core/errors.js';
import type { QoS } from '../../src/core/message.js';
import type { ProtocolVersion } from '../../src/core/mqtt/packets.js';
import { linkErrors } from '../../src/links/errors.js';
import type { FarSideEvents, Incoming } from '../../src/links/far-side.js';
import { MqttConnection } from '../../src/links/kinds/connection.js';
import { duplexPair } from '../support/duplex-pair.js';
import { memoryOf, outgoing } from '../support/far-side.js';
import { ManualClock } from '../support/manual-clock.js';

const MAXIMUM_PACKET_SIZE = 100_000;
/** Few identifiers, so that answers meet what was asked. */
const id = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom(65_201, 65_202, 65_203, 0xffff));
const qos = fc.constantFrom<QoS>(0, 1, 2);
const code = fc.constantFrom(0, 0, 0, 0x10, 0x80, 0x92, 0x97);

/** A packet of the far side, or bytes that are none. */
type Said = { readonly packet: Packet } | { readonly bytes: Buffer };

const packet: fc.Arbitrary<Said> = fc
  .oneof(
    fc
      .record({
        topic: fc.constantFrom('a', 'b/c', ''),
        payload: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
        qos,
        retain: fc.boolean(),
        dup: fc.boolean(),
        id,
        alias: fc.constantFrom(0, 0, 1, 64, 65),
      })
      .map(
        ({ id, alias, ...rest }): Packet => ({
          cmd: 'publish',
          ...rest,
          ...(rest.qos > 0 && { messageId: id }),
          ...(alias > 0 && { properties: { topicAlias: alias } }),
        }),
      ),
    fc
      .tuple(fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp'), id, code)
      .map(([cmd, messageId, reasonCode]) => ({ cmd, messageId, reasonCode }) as Packet),
    fc.tuple(fc.constantFrom('suback', 'unsuback'), id, code).map(([cmd, messageId, code]) => {
      return { cmd, messageId, granted: [code] } as Packet;
    }),
    fc.constantFrom<Packet>({ cmd: 'pingresp' }, { cmd: 'pingreq' }),
    fc.constant<Packet>({ cmd: 'connack', sessionPresent: false, reasonCode: 0, returnCode: 0 }),
  )
  .map((packet) => ({ packet }));
const noise: fc.Arbitrary<Said> = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => ({ bytes: Buffer.from(bytes) }));

/** What happens next. */
type Step =
  | { readonly kind: 'says'; readonly said: readonly Said[]; readonly damage: readonly (readonly [number, number])[] }
  | { readonly kind: 'publish'; readonly qos: QoS; readonly packetId: number }
  | { readonly kind: 'subscribe' | 'unsubscribe' | 'advance' | 'settle' | 'reject' };

const says: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('says' as const),
  said: fc.array(fc.oneof({ weight: 12, arbitrary: packet }, { weight: 1, arbitrary: noise }), {
    minLength: 1,
    maxLength: 6,
  }),
  damage: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.tuple(fc.nat(1_000), fc.nat(255)), { maxLength: 2 }) },
  ),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: says },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('publish' as const), qos, packetId: fc.constantFrom(1, 2, 3, 4) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('subscribe', 'unsubscribe', 'advance', 'settle', 'settle', 'reject'),
    }),
  },
);

/** Ours, with everything that is told checked when it is told. */
class Bench {
  readonly connection: MqttConnection;
  readonly clock = new ManualClock();
  readonly memory = memoryOf();
  readonly far;
  readonly waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  /** What is due from the far side, by Packet Identifier. */
  readonly flying = new Map<number, 'puback' | 'pubrec' | 'pubcomp'>();
  cause: GatewayError | undefined;
  readonly #version: Exclude<ProtocolVersion, 3>;

  constructor(version: Exclude<ProtocolVersion, 3>) {
    this.#version = version;
    const [near, far] = duplexPair();
    this.far = far;
    far.resume();
    const events: FarSideEvents = {
      onMessage: (message) => this.#onMessage(message),
      onAcknowledged: (packet, packetId, refusal) => {
        assert.equal(this.flying.get(packetId), packet, `${packet} ${packetId} is told as it is due`);
        this.flying.delete(packetId);
        if (packet !== 'pubrec' || refusal !== undefined) return;
        this.flying.set(packetId, 'pubcomp');
        this.connection.release(packetId);
      },
      onDrain: () => {},
    };
    const config = {
      url: 'mqtt://far',
      protocolVersion: version,
      username: undefined,
      password: undefined,
      keepAlive: 30_000,
      sessionExpiry: 3_600_000,
      bridge: false,
      tls: { ca: undefined, cert: undefined, key: undefined },
    };
    const { clock, memory } = this;
    const options = { config, clientId: 'test', will: undefined, clock, events, memory };
    this.connection = new MqttConnection(options, 'far:1883', MAXIMUM_PACKET_SIZE);
    void this.connection.closed.then((cause) => {
      this.cause = cause;
    });
    this.connection.use(near);
    this.connection.reached('mqtt');
    // How it went is seen at `closed`.
    this.connection.connected().catch(() => {});
  }

  #onMessage(message: Incoming): Promise<void> {
    assert.equal(this.cause, undefined, 'nothing is given on after the end');
    assert.match(message.topic, /^[^+#\0]+$/);
    if (message.qos === 2) message.keep?.();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.waiting.push({ resolve, reject });
    return promise;
  }

  say(said: readonly Said[], damage: readonly (readonly [number, number])[]): void {
    const bytes = Buffer.concat(
      said.map((one) => ('bytes' in one ? one.bytes : generate(one.packet, { protocolVersion: this.#version }))),
    );
    for (const [at, value] of damage) bytes[at % bytes.length] = value;
    if (!this.far.destroyed && this.far.writable) this.far.write(bytes);
  }

  async settled(): Promise<void> {
    for (let i = 0; i < 6; i++) await turn();
  }

  async play(step: Step): Promise<void> {
    switch (step.kind) {
      case 'says':
        this.say(step.said, step.damage);
        break;
      case 'publish': {
        if (step.qos > 0 && this.flying.has(step.packetId)) break;
        const packetId = step.qos === 0 ? 0 : step.packetId;
        const message = outgoing({ topic: 'our/topic', qos: step.qos, packetId });
        if (step.qos > 0) this.flying.set(packetId, step.qos === 1 ? 'puback' : 'pubrec');
        this.connection.publish(message);
        break;
      }
      case 'subscribe':
        this.connection.subscribe('a/#', 1).catch((error) => assert.ok(error instanceof GatewayError));
        break;
      case 'unsubscribe':
        this.connection.unsubscribe('a/#').catch((error) => assert.ok(error instanceof GatewayError));
        break;
      case 'advance':
        await this.clock.advance(5_000);
        break;
      case 'settle':
        this.waiting.shift()?.resolve();
        break;
      case 'reject':
        this.waiting.shift()?.reject(new Error('the disk is full'));
    }
    await this.settled();
    assert.ok(this.memory.incoming <= 65_535);
  }
}

t.test('a far side that says anything', { timeout: 120_000 }, async (t) => {
  const version = fc.constantFrom<Exclude<ProtocolVersion, 3>>(4, 5);
  const causes = new Map<string, number>();
  const start: fc.Arbitrary<readonly Said[]> = fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .record({ limits: fc.constantFrom({}, { topicAliasMaximum: 3, receiveMaximum: 2 }) })
        .map(({ limits }) => [
          {
            packet: {
              cmd: 'connack',
              sessionPresent: false,
              reasonCode: 0,
              returnCode: 0,
              properties: limits,
            } as Packet,
          },
        ]),
    },
    { weight: 1, arbitrary: fc.array(fc.oneof(packet, noise), { maxLength: 2 }) },
  );
  await fc.assert(
    fc.asyncProperty(
      version,
      start,
      fc.array(step, { maxLength: 25 }),
      fc.boolean(),
      async (version, start, steps, cuts) => {
        const bench = new Bench(version);
        await bench.settled();
        if (start.length > 0) bench.say(start, []);
        await bench.settled();
        for (const step of steps) await bench.play(step);
        if (cuts) bench.far.destroy();
        else bench.far.end();
        await bench.settled();
        await bench.clock.advance(11_000);
        const cause = bench.cause;
        assert.ok(cause instanceof GatewayError, 'it ends, with a cause');
        const isOurs = cause.code in linkErrors || cause.message.includes('the disk is full');
        assert.ok(isOurs, `${cause.code}: ${cause.message}`);
        assert.ok(cause.message.length > 10 && !/undefined|NaN|\[object/.test(cause.message), cause.message);
        assert.equal(bench.clock.pending, 0, 'no timer is left');
        causes.set(cause.code, (causes.get(cause.code) ?? 0) + 1);
      },
    ),
    { numRuns: 600 },
  );
  for (const code of ['LINK_PROTOCOL', 'LINK_LOST']) t.ok((causes.get(code) ?? 0) > 20, `${code}: ${causes.get(code)}`);
});

t.test('QoS 2 of a far side that repeats itself is given on once each time it was released', async () => {
  const acts = fc.array(fc.tuple(fc.constantFrom('publish', 'publish', 'release'), fc.integer({ min: 1, max: 3 })), {
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom<Exclude<ProtocolVersion, 3>>(4, 5), acts, async (version, acts) => {
      const bench = new Bench(version);
      await bench.settled();
      bench.say([{ packet: { cmd: 'connack', sessionPresent: false, reasonCode: 0, returnCode: 0 } }], []);
      const held = new Set<number>();
      let expected = 0;
      for (const [act, messageId] of acts) {
        if (act === 'publish') {
          if (!held.has(messageId)) expected++;
          const packet: Packet = {
            cmd: 'publish',
            topic: 'a',
            payload: 'x',
            qos: 2,
            messageId,
            dup: held.has(messageId),
            retain: false,
          };
          held.add(messageId);
          bench.say([{ packet }], []);
        } else {
          held.delete(messageId);
          bench.say([{ packet: { cmd: 'pubrel', messageId } }], []);
        }
      }
      await bench.settled();
      for (let i = 0; i < 60; i++) await turn();
      assert.equal(bench.waiting.length, expected);
      assert.equal(bench.memory.incoming, held.size);
      bench.far.destroy();
      await bench.settled();
    }),
    { numRuns: 200 },
  );
});
