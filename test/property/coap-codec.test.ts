/** The codecs of CoAP, whatever the bytes. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { type CborValue, decodeCbor, encodeCbor } from '../../adapters/coap/formats/cbor.js';
import { FORMATS, valueIn } from '../../adapters/coap/formats/content.js';
import { formatLinks, parseLinks } from '../../adapters/coap/formats/link-format.js';
import { decode, encode, isMalformed, type Message } from '../../adapters/coap/message/message.js';
import { GatewayError } from '../../src/core/errors.js';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

const message: fc.Arbitrary<Message> = fc.record(
  {
    type: fc.constantFrom('CON', 'NON', 'ACK', 'RST'),
    code: fc.integer({ min: 1, max: 255 }),
    messageId: fc.integer({ min: 0, max: 65_535 }),
    token: bytes(8),
    options: fc
      .array(
        fc.record(
          { number: fc.integer({ min: 0, max: 65_535 }), value: fc.oneof(bytes(20), bytes(600)) },
          { noNullPrototype: true },
        ),
        {
          maxLength: 12,
        },
      )
      .map((options) => options.toSorted((a, b) => a.number - b.number)),
    payload: bytes(1_024),
  },
  { noNullPrototype: true },
);

t.test('what is encoded is decoded again', async () => {
  fc.assert(fc.property(message, (one) => assert.deepEqual(decode(encode(one)), one)));
});

t.test(
  'random datagrams, and messages with a byte changed or cut, never throw; what is understood is written again',
  async () => {
    const damaged = fc
      .tuple(message, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat())
      .map(([one, at, value, length]) => {
        const encoded = encode(one);
        encoded[at % encoded.length] = value;
        return encoded.subarray(0, encoded.length - (length % 4));
      });
    fc.assert(
      fc.property(fc.oneof(bytes(64), damaged), (datagram) => {
        const one = decode(datagram);
        if (!isMalformed(one)) assert.deepEqual(decode(encode(one)), one);
      }),
      { numRuns: 20_000 },
    );
  },
);

const cbor: fc.Arbitrary<CborValue> = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.double(),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }),
    fc.boolean(),
    fc.constant(null),
    fc.string(),
    bytes(300),
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .array(fc.tuple(fc.oneof(fc.string(), fc.integer()), tie('value')), { maxLength: 5 })
      .map((pairs) => new Map(pairs)),
  ),
})).value;

/** An integer that a number holds exactly is one. */
function narrowed(value: CborValue): CborValue {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(narrowed);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [narrowed(key), narrowed(one)]));
  return value;
}

t.test('CBOR: what is encoded is decoded again', async () => {
  fc.assert(fc.property(cbor, (value) => assert.deepEqual(decodeCbor(encodeCbor(value)), narrowed(value))));
});

t.test('a payload of random bytes is a value, or an error with a code', async () => {
  const place = fc.record({
    format: fc.constantFrom(undefined, ...FORMATS),
    pointer: fc.constantFrom(undefined, '/a', '/0/1'),
    record: fc.constantFrom(undefined, 'a'),
    type: fc.constantFrom('auto', 'number', 'boolean', 'text'),
  });
  const payload = fc.oneof(
    bytes(80),
    fc.json().map((text) => Buffer.from(text)),
    cbor.map(encodeCbor),
  );
  fc.assert(
    fc.property(
      payload,
      fc.constantFrom(undefined, 0, 42, 50, 60, 110, 112, 9_999),
      place,
      (one, contentFormat, where) => {
        try {
          valueIn({ payload: one, contentFormat, at: 0 }, where);
        } catch (error) {
          assert.ok(error instanceof GatewayError, String(error));
        }
      },
    ),
    { numRuns: 10_000 },
  );
});

t.test('links: random text never throws; what was understood is understood again', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: fc.constantFrom('<', '>', ';', ',', '=', '"', '\\', 'a', '1', ' '), maxLength: 60 }),
  );
  fc.assert(
    fc.property(text, (one) => {
      for (const link of parseLinks(one)) assert.equal(typeof link.target, 'string');
      parseLinks(formatLinks(parseLinks(one)));
    }),
    { numRuns: 10_000 },
  );
});
