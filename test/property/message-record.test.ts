import fc from 'fast-check';
import t from 'tap';
import { createMessage, type Message, type Origin } from '../../src/core/message.js';
import { decodeMessageRecord, encodeMessageRecord } from '../../src/core/message-record.js';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));

const properties = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    responseTopic: text,
    correlationData: bytes,
    userProperties: fc.array(fc.tuple(text, text), { maxLength: 4 }),
    contentType: text,
  },
  { requiredKeys: [], noNullPrototype: true },
);

const stamp = fc.record(
  {
    gateway: text,
    epoch: text,
    sequence: fc.maxSafeNat(),
    hops: fc.array(text, { maxLength: 32 }),
    at: fc.maxSafeNat(),
    isSync: fc.boolean(),
  },
  { noNullPrototype: true },
);

const message = fc
  .record({
    topic: text,
    payload: bytes,
    origin: text.map((name) => `client:${name}` as Origin),
    receivedAt: fc.nat(),
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    retain: fc.boolean(),
    properties: fc.option(properties, { nil: undefined }),
    expiresAt: fc.oneof(fc.nat(), fc.constant(Number.POSITIVE_INFINITY)),
    stamp: fc.option(stamp, { nil: undefined }),
  })
  .map(createMessage);

const plain = (value: Message | undefined) => value && { ...value, payload: value.payload.toString('hex') };

t.test('a record is the message again', async (t) => {
  fc.assert(
    fc.property(message, (one) => {
      t.strictSame(plain(decodeMessageRecord(encodeMessageRecord(one))), plain(one));
    }),
    { numRuns: 300 },
  );
});

t.test('a record that was cut or changed is another message or none, never an error', async (t) => {
  let unreadable = 0;
  fc.assert(
    fc.property(message, fc.nat(), fc.nat(255), (one, where, value) => {
      const record = encodeMessageRecord(one);
      if (decodeMessageRecord(record.subarray(0, where % record.length)) === undefined) unreadable++;
      record[where % record.length] = value;
      decodeMessageRecord(record);
    }),
    { numRuns: 1_000 },
  );
  t.ok(unreadable > 100, `${unreadable} were not readable`);
});

t.test('the longest texts of MQTT fit', async (t) => {
  const topic = 'é'.repeat(32_767);
  const one = createMessage({ topic, payload: 'x', origin: `client:${'€'.repeat(30_000)}`, receivedAt: 0 });
  const read = decodeMessageRecord(encodeMessageRecord(one));
  t.equal(read?.topic, topic);
  t.equal(read?.payload.toString(), 'x');
  t.ok(one.origin.startsWith(read?.origin ?? '-'), 'an origin beyond 65,535 bytes is cut');
});
