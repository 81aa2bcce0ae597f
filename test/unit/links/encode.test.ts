import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { GatewayError } from '../../../src/core/errors.js';
import type { Message } from '../../../src/core/message.js';
import { compress, MAX_UNPACKED, unpack } from '../../../src/links/content-encoding.js';
import { encode, isQuiet, sizeFault } from '../../../src/links/encode.js';
import type { Encoded, Target } from '../../../src/links/route-types.js';
import { messageOf, NOON, targetOf } from '../../support/routes.js';

function encoded(target: Target, message: Message): Encoded {
  const made = encode(target, message);
  if (made instanceof GatewayError) throw made;
  return made;
}

t.test('as is: the same bytes and properties, under the name there', async (t) => {
  const message = messageOf('x', {
    qos: 2,
    retain: true,
    properties: { contentType: 'text/x', correlationData: Buffer.from('c') },
  });
  const made = encoded(targetOf({ to: 'up/{topic:2}' }), message);
  t.strictSame(made, {
    topic: 'up/boiler/temperature',
    qos: 2,
    retain: true,
    payload: message.payload,
    properties: message.properties,
    expiresAt: Number.POSITIVE_INFINITY,
  });
  t.equal(made.payload, message.payload, 'not a copy');
  t.equal(encoded(targetOf({ qos: 1 }), message).qos, 1);
  t.equal(encoded(targetOf({ qos: 2 }), messageOf('x', { qos: 0 })).qos, 0);
});

t.test('minQos: what was published lower travels at it, a batch of it, too', async (t) => {
  for (const [qos, minQos, published, travels] of [
    [1, 1, 0, 1],
    [2, 1, 0, 1],
    [2, 1, 2, 2],
    [2, 2, 1, 2],
    [0, 0, 1, 0],
  ] as const) {
    t.equal(encoded(targetOf({ qos, minQos }), messageOf('x', { qos: published })).qos, travels, `${published}`);
  }
  const batch = { maxMessages: 2, maxBytes: 1_000, maxDelay: 100, as: 'array' } as const;
  t.equal(encoded(targetOf({ qos: 1, minQos: 1, batch }), messageOf('1', { qos: 0 })).qos, 1);
});

t.test('retain: kept, set or cleared', async (t) => {
  for (const [retain, of0, of1] of [
    ['keep', false, true],
    ['set', true, true],
    ['clear', false, false],
  ] as const) {
    t.equal(encoded(targetOf({ retain }), messageOf('x')).retain, of0, retain);
    t.equal(encoded(targetOf({ retain }), messageOf('x', { retain: true })).retain, of1, retain);
  }
});

t.test('expiry: from the arrival on, set or capped', async (t) => {
  const expiresAt = NOON + 5_000;
  const of = (expiry: { ms: number; mode: 'set' | 'cap' }, message: Message) =>
    encoded(targetOf({ expiry }), message).expiresAt;
  t.equal(of({ ms: 1_000, mode: 'cap' }, messageOf('x', { expiresAt })), NOON + 1_000);
  t.equal(of({ ms: 9_000, mode: 'cap' }, messageOf('x', { expiresAt })), expiresAt);
  t.equal(of({ ms: 9_000, mode: 'cap' }, messageOf('x')), NOON + 9_000);
  t.equal(of({ ms: 9_000, mode: 'set' }, messageOf('x', { expiresAt })), NOON + 9_000);
});

t.test('maxSize: refused with an alarm, or dropped', async (t) => {
  for (const over of ['drop', 'refuse'] as const) {
    const target = targetOf({ maxSize: { bytes: 3, over } });
    t.equal(sizeFault(target, messageOf('123')), undefined);
    const fault = sizeFault(target, messageOf('1234'))!;
    t.match(fault, { code: 'LINK_TOO_LARGE', message: /4 bytes .* more than 3/ });
    t.equal(isQuiet(target, fault), over === 'drop');
  }
});

t.test('a format says what it is; clearing a retained message has no other form', async (t) => {
  const target = targetOf({ format: { type: 'thingsboard', api: 'device', quality: false }, compress: 'gzip' });
  const cleared = encoded(target, messageOf('', { retain: true }));
  t.match(cleared, { payload: Buffer.alloc(0), retain: true, properties: undefined });
  const json = encoded(
    targetOf({ format: { type: 'json' } }),
    messageOf('1', { properties: { contentType: 'x', userProperties: [['a', 'b']] } }),
  );
  t.match(json.properties, {
    contentType: 'application/json',
    payloadFormatIndicator: true,
    userProperties: [['a', 'b']],
  });
  t.match(encode(targetOf({ format: { type: 'value' } }), messageOf('{}')), { code: 'LINK_FORMAT' });
});

t.test('a single message of a route with batches has the form of a batch', async (t) => {
  const batch = { maxMessages: 9, maxBytes: 1_000, maxDelay: 1_000, as: 'array' } as const;
  const made = encoded(targetOf({ batch, format: { type: 'reading' } }), messageOf('5', { qos: 0 }));
  t.match(made, { qos: 0, payload: Buffer.from(`[{"v":5,"q":"good","t":${NOON}}]`) });
});

t.test('compressed payloads are marked, and are unpacked again', async (t) => {
  const payload = '{"v":1}'.repeat(100);
  const properties = {
    contentType: 'application/json',
    payloadFormatIndicator: true,
    userProperties: [['a', 'b']],
  } as const;
  for (const how of ['gzip', 'zstd'] as const) {
    const made = encoded(targetOf({ compress: how }), messageOf(payload, { properties }));
    t.ok(made.payload.length < payload.length / 5);
    const plain = how === 'gzip' ? gunzipSync(made.payload) : zstdDecompressSync(made.payload);
    t.equal(plain.toString(), payload);
    t.strictSame(made.properties, {
      contentType: 'application/json',
      userProperties: [
        ['a', 'b'],
        ['content-encoding', how],
      ],
    });
    t.strictSame(unpack(made, undefined, undefined), {
      payload: Buffer.from(payload),
      properties: { contentType: 'application/json', userProperties: [['a', 'b']] },
    });
    // MQTT 3.1.1 has no properties.
    t.match(unpack({ payload: made.payload, properties: undefined }, how, undefined), {
      payload: Buffer.from(payload),
    });
    t.match(unpack({ payload: made.payload, properties: undefined }, undefined, undefined), { payload: made.payload });
    t.match(unpack({ payload: Buffer.from('plain'), properties: undefined }, how, undefined), {
      payload: Buffer.from('plain'),
    });
  }
  const other = { payload: Buffer.from('x'), properties: { userProperties: [['content-encoding', 'br']] } } as const;
  t.strictSame(unpack(other, 'gzip', undefined), other, 'what others understand is left alone');
});

t.test('a decompression bomb stays small; rubbish is refused', async (t) => {
  for (const how of ['gzip', 'zstd'] as const) {
    const properties = { userProperties: [['content-encoding', how]] } as const;
    const bomb = compress(Buffer.alloc(MAX_UNPACKED + 1), how);
    t.ok(bomb.length < 10_000);
    t.match(unpack({ payload: bomb, properties }, undefined, undefined), {
      code: 'LINK_PAYLOAD',
      message: /more than 4194304/,
    });
    const allowed = unpack({ payload: bomb, properties }, undefined, MAX_UNPACKED + 1);
    t.equal('payload' in allowed && allowed.payload.length, MAX_UNPACKED + 1);
    t.match(unpack({ payload: compress(Buffer.alloc(11), how), properties }, undefined, 10), { code: 'LINK_PAYLOAD' });
    t.match(unpack({ payload: Buffer.from('rubbish'), properties }, undefined, undefined), { code: 'LINK_PAYLOAD' });
    t.match(unpack({ payload: bomb.subarray(0, 20), properties }, undefined, undefined), { code: 'LINK_PAYLOAD' });
  }
});

t.test('unpacking any bytes gives bytes or our error (property)', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom('gzip', 'zstd'),
      fc.boolean(),
      (bytes, how, isValid) => {
        const payload = isValid ? compress(Buffer.from(bytes), how) : Buffer.from(bytes);
        const made = unpack(
          { payload, properties: { userProperties: [['content-encoding', how]] } },
          undefined,
          undefined,
        );
        if (made instanceof GatewayError) return made.code === 'LINK_PAYLOAD' && !isValid;
        return !isValid || made.payload.equals(Buffer.from(bytes));
      },
    ),
    { numRuns: 500 },
  );
});
