/** The ready functions that translate, against other people's encoders and decoders. */
import fc from 'fast-check';
import t from 'tap';
import {
  type CodecRequest,
  foreignCodecs,
  give,
  giveMessage,
  giveTimer,
  needsCodecs,
  openBuiltin,
} from '../../support/library.js';

t.test(
  'json-cbor: what it encodes, cbor2 reads as the same; what cbor2 encodes, it reads',
  needsCodecs(),
  async (t) => {
    const toCbor = await openBuiltin('json-cbor', { to: 'cbor' });
    const toJson = await openBuiltin('json-cbor', { to: 'json' });
    const documents = [
      ...fc.sample(fc.json({ maxDepth: 4 }), { numRuns: 400, seed: 1 }),
      ...fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { numRuns: 400, seed: 2 }).map(jsonOf),
      JSON.stringify(Array.from({ length: 300 }, (_, i) => ({ [`k${i}`]: 'x'.repeat(i) }))),
      ...'24 255 256 65535 65536 4294967296 18446744073709551615 -1 -18446744073709551615 -0 1e400 1.5 1e22'.split(' '),
      '"\\u00e9\\ud83d\\ude00\\n\\"\\/"',
      ' { "a" : [ ] , "b" : { } } ',
      '0.1',
      '1e-7',
      '5e-324',
      '2.2250738585072011e-308',
      '179769313486231570000000000000000000000e270',
      '9007199254740993',
      '123456789012345678901234567890',
    ].filter((text) => text !== '1e400');
    const encoded = documents.map((payload) => giveMessage(toCbor, { payload })?.[0]?.payload.toString('hex') ?? '');
    t.notOk(encoded.includes(''), 'each is encoded');
    const read = foreignCodecs<unknown>(encoded.map((cbor) => ({ cbor })));
    for (const [index, document] of documents.entries()) {
      if (!same(read[index], JSON.parse(document))) t.strictSame(read[index], JSON.parse(document), document);
    }
    const foreign = foreignCodecs(documents.flatMap((json) => [{ json }, { json, canonical: true }]));
    for (const [index, hex] of foreign.entries()) {
      const document = documents[index >> 1]!;
      const made = giveMessage(toJson, { payload: Buffer.from(hex, 'hex') })?.[0]?.payload.toString();
      if (made === undefined) t.fail(`it refused ${hex} of ${document}`);
      // Bignums are base64url (RFC 8949 §6.1).
      else if (!/\d{20}/.test(document)) {
        if (!same(JSON.parse(made), JSON.parse(document)))
          t.strictSame(JSON.parse(made), JSON.parse(document), document);
      }
    }
    t.pass(`${documents.length} documents, both ways`);
  },
);

/** As Object.is, but for the sign of zero, which JSON texts of JavaScript do not have. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, sorted(one)] as const);
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function jsonOf(value: number): string {
  return JSON.stringify(value);
}

t.test('json-cbor: the examples of RFC 8949, appendix A', async (t) => {
  const toJson = await openBuiltin('json-cbor', { to: 'json' });
  const examples: readonly (readonly [string, string | undefined])[] = [
    ['1bffffffffffffffff', '18446744073709551615'],
    ['3bffffffffffffffff', '-18446744073709551616'],
    ['c249010000000000000000', '"AQAAAAAAAAAA"'],
    ['c349010000000000000000', '"~AQAAAAAAAAAA"'],
    ['f90001', '5.960464477539063e-8'],
    ['f97bff', '65504'],
    ['f97e00', 'null'],
    ['fa7f7fffff', '3.4028234663852886e+38'],
    ['fb7e37e43c8800759c', '1e+300'],
    ['f7', 'null'],
    ['f0', 'null'],
    ['c11a514b67b0', '1363896240'],
    ['4401020304', '"AQIDBA"'],
    ['62225c', '"\\"\\\\"'],
    ['64f0908591', '"\u{10151}"'],
    ['a201020304', '{"1":2,"3":4}'],
    ['5f42010243030405ff', '"AQIDBAU"'],
    ['7f657374726561646d696e67ff', '"streaming"'],
    ['9f018202039f0405ffff', '[1,[2,3],[4,5]]'],
    ['bf61610161629f0203ffff', '{"a":1,"b":[2,3]}'],
    // Not well-formed, or without a JSON form.
    ['', undefined],
    ['18', undefined],
    ['1c', undefined],
    ['ff', undefined],
    ['61ff', undefined],
    ['5f01ff', undefined],
    ['9bffffffffffffffff', undefined],
    ['7b7fffffffffffffff00', undefined],
    ['bf01ff', undefined],
    ['a1f401', undefined],
    ['f818', undefined],
    ['0000', undefined],
    ['81'.repeat(70), undefined],
    ['9f'.repeat(5_000), undefined],
  ];
  for (const [hex, json] of examples) {
    const made = give(toJson, Buffer.from(hex, 'hex'))?.[0];
    if (json === undefined) t.equal(made, undefined, hex.slice(0, 40));
    else t.strictSame(JSON.parse(made ?? ''), JSON.parse(json), hex);
  }
  const toCbor = await openBuiltin('json-cbor', { to: 'cbor' });
  for (const bad of [
    '',
    '{',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    'nul',
    'true false',
    '"\\ud800"',
    '"\n"',
    '"\\x"',
    '[1 2]',
    '{"a" 1}',
  ]) {
    t.equal(give(toCbor, bad), undefined, bad);
  }
  t.equal(give(toCbor, Buffer.from([0x22, 0xff, 0x22])), undefined, 'no UTF-8');
  const log: string[] = [];
  t.equal(give(await openBuiltin('json-cbor', {}, { log }), '1'), undefined);
  t.match(log, ['config.to has to be cbor or json']);
});

t.test('json-cbor: no bytes make it trap', async (t) => {
  const instances = await Promise.all(['cbor', 'json'].map((to) => openBuiltin('json-cbor', { to })));
  const sparkplug = await openBuiltin('sparkplug-json');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      for (const one of instances) give(one, Buffer.from(bytes));
      giveMessage(sparkplug, { topic: 'spBv1.0/g/NDATA/n', payload: Buffer.from(bytes) });
    }),
    { numRuns: 5_000 },
  );
  t.pass('5000 payloads');
});

t.test(
  'sparkplug-json: payloads of protobuf; aliases as the birth said, after a restart, too',
  needsCodecs(),
  async (t) => {
    const metrics = [
      { name: 'i8', alias: 1, timestamp: 1_700_000_000_001, datatype: 1, int_value: 4_294_967_295 },
      { name: 'i8 masked', datatype: 1, int_value: 255 },
      { name: 'i16', datatype: 2, int_value: 65_534 },
      { name: 'i32', alias: 300, datatype: 3, int_value: 4_294_967_293 },
      { name: 'i64', datatype: 4, long_value: 18_446_744_073_709_551_615n },
      { name: 'u64', datatype: 8, long_value: 18_446_744_073_709_551_615n },
      { name: 'temperature', alias: 7, datatype: 9, float_value: 21.5 },
      { name: 'd', datatype: 10, double_value: 0.1 },
      { name: 'on', alias: 8, datatype: 11, boolean_value: true },
      { name: 'text "q"', datatype: 12, string_value: 'é\n' },
      { name: 'bytes', datatype: 17, bytes_value: '00ff10' },
      { name: 'none', datatype: 3, is_null: true, is_historical: true, is_transient: true },
      { name: 'template', datatype: 19, template_value: '0a00' },
    ];
    const data = [
      { alias: 7, timestamp: 5, float_value: -1.25 },
      { alias: 300, int_value: 4_294_967_295 },
      { alias: 99, int_value: 3 },
    ];
    const requests: readonly CodecRequest[] = [
      { sparkplug: { timestamp: 1_700_000_000_000, seq: 0, uuid: 'u', body: '01', metrics } },
      { sparkplug: { timestamp: 6, seq: 1, metrics: data } },
      { sparkplug: {} },
    ];
    const [birth, later, empty] = foreignCodecs(requests);
    const kv = new Map<string, Buffer>();
    const one = await openBuiltin('sparkplug-json', { prefix: 'plant' }, { kv });
    const say = async (instance: typeof one, topic: string, hex: string | undefined) => {
      const made = giveMessage(instance, { topic, payload: Buffer.from(hex!, 'hex'), qos: 0 })![0]!;
      return { topic: made.topic, text: made.payload.toString() };
    };
    const born = await say(one, 'spBv1.0/g/DBIRTH/n/d', birth);
    t.equal(born.topic, 'plant/g/DBIRTH/n/d');
    t.match(born.text, /"name":"i64","datatype":"Int64","value":-1\}/);
    t.match(born.text, /"value":18446744073709551615\}/);
    const { timestamp, seq, uuid, body, metrics: found } = JSON.parse(born.text);
    t.strictSame({ timestamp, seq, uuid, body }, { timestamp: 1_700_000_000_000, seq: 0, uuid: 'u', body: 'AQ==' });
    t.strictSame(found[0], { name: 'i8', alias: 1, timestamp: 1_700_000_000_001, datatype: 'Int8', value: -1 });
    const values = Object.fromEntries(
      found.map((metric: { name: string; value: unknown }) => [metric.name, metric.value]),
    );
    t.match(values, {
      'i8 masked': -1,
      i16: -2,
      i32: -3,
      temperature: 21.5,
      d: 0.1,
      on: true,
      'text "q"': 'é\n',
      bytes: 'AP8Q',
    });
    t.strictSame(found[11], { name: 'none', datatype: 'Int32', isHistorical: true, isTransient: true, value: null });
    t.strictSame(found[12], { name: 'template', datatype: 'Template' }, 'what has no JSON form says what it is');

    const restarted = await openBuiltin('sparkplug-json', {}, { kv });
    const told = await say(restarted, 'spBv1.0/g/DDATA/n/d', later);
    t.equal(told.topic, 'spBv1.0/g/DDATA/n/d');
    t.strictSame(JSON.parse(told.text), {
      timestamp: 6,
      seq: 1,
      metrics: [
        { name: 'temperature', alias: 7, timestamp: 5, datatype: 'Float', value: -1.25 },
        { name: 'i32', alias: 300, datatype: 'Int32', value: -1 },
        { alias: 99, value: 3 },
      ],
    });
    const elsewhere = JSON.parse((await say(restarted, 'spBv1.0/g/DDATA/n/other', later)).text);
    t.strictSame(elsewhere.metrics[0], { alias: 7, timestamp: 5, value: -1.25 }, 'another device has other aliases');
    t.strictSame(JSON.parse((await say(restarted, 'spBv1.0/g/NDEATH/n', empty)).text), { metrics: [] });
    t.equal(
      (await say(restarted, 'spBv1.0/STATE/host', Buffer.from('{"online":true}').toString('hex'))).text,
      '{"online":true}',
    );
    t.equal((await say(restarted, 'other/topic', '00')).text, '\0');
    const cut = Buffer.from(birth!, 'hex').subarray(0, -1);
    t.equal(giveMessage(restarted, { topic: 'spBv1.0/g/NDATA/n', payload: cut }), undefined, 'it ends too early');
  },
);

t.test('desensitise: hashes are those of Python, and say nothing without the key', needsCodecs(), async (t) => {
  const key = 'a key of the site, long enough';
  const long = 'k'.repeat(100);
  const texts = ['13812345678', '', 'é', 'x'.repeat(200), '42'];
  const wanted = foreignCodecs([key, long].flatMap((one) => texts.map((text) => ({ hmac: [one, text] as const }))));
  for (const [index, one] of [key, long].entries()) {
    const instance = await openBuiltin('desensitise', { hash: ['id'], key: one, digits: 64 });
    for (const [at, text] of texts.entries()) {
      const hash = wanted[index * texts.length + at];
      t.strictSame(give(instance, JSON.stringify({ id: text, v: 1 })), [`{"id":"${hash}","v":1}`]);
    }
    t.strictSame(
      give(instance, '{"id":42}'),
      [`{"id":"${wanted[index * texts.length + 4]}"}`],
      'of a number: as written',
    );
  }
  const short = await openBuiltin('desensitise', { hash: ['id', 'a.b'], key, drop: ['gone'] });
  const hash = wanted[0]!.slice(0, 32);
  t.strictSame(give(short, '{"id":"\\u0031381234\\u0035678","gone":1}'), [`{"id":"${hash}"}`], 'escapes say the same');
  t.strictSame(give(short, '{"a":[{"b":"13812345678"}],"id":["13812345678",{"x":1}]}'), [
    `{"a":[{"b":"${hash}"}],"id":["${hash}","***"]}`,
  ]);
  t.equal(give(short, '{"id":"\\ud800"}'), undefined);
  for (const bad of [undefined, '', 'short'])
    t.equal(
      give(await openBuiltin('desensitise', { hash: ['id'], ...(bad !== undefined && { key: bad }) }), '{"id":"x"}'),
      undefined,
    );
});

t.test('modbus-rtu: frames of pymodbus', needsCodecs(), async (t) => {
  const registers = [215, 16_812, 0, 65_535];
  const [hex] = foreignCodecs([{ registers: [17, registers] }]);
  const frame = Buffer.from(hex!, 'hex');
  t.strictSame(give(await openBuiltin('modbus-rtu'), frame), [JSON.stringify({ unit: 17, registers })]);
});

t.test('aggregate: by window, told by the timer, and by a message that comes after its end', async (t) => {
  let now = 1_700_000_040_000;
  const one = await openBuiltin('aggregate', { window: '1m', path: 'v', suffix: '/minute' }, { now: () => now });
  const say = (topic: string, payload: string) =>
    giveMessage(one, { topic, payload, qos: 1 })?.map((made) => [made.topic, made.payload.toString()]);
  t.strictSame(say('raw/a', '{"v":1}'), []);
  t.strictSame(say('raw/a', '{"v":4}'), []);
  t.strictSame(say('raw/a', '{"v":2.5}'), []);
  t.strictSame(say('raw/b', '{"v":-3e-1}'), []);
  t.strictSame(say('raw/a', '{"w":2}'), [['raw/a', '{"w":2}']], 'what is no number passes');
  now += 59_999;
  t.strictSame(giveTimer(one, now), [], 'the window is not over');
  now += 1;
  const closed = '"from":1700000040000,"to":1700000100000';
  t.strictSame(
    say('raw/a', '{"v":7}'),
    [['raw/a/minute', `{${closed},"count":3,"min":1,"max":4,"mean":2.5,"last":2.5}`]],
    'the first of the next window',
  );
  const told = giveTimer(one, now);
  t.match(told, [{ topic: 'raw/b/minute', qos: 1, retain: false }]);
  t.equal(told[0]!.payload.toString(), `{${closed},"count":1,"min":-0.3,"max":-0.3,"mean":-0.3,"last":-0.3}`);
  t.strictSame(giveTimer(one, now), [], 'once');
  now += 600_000;
  t.match(giveTimer(one, now), [{ topic: 'raw/a/minute' }]);
});

t.test('aggregate: is bounded in topics, and in what one call sends', async (t) => {
  let now = 0;
  const log: string[] = [];
  const one = await openBuiltin('aggregate', { window: 10, keep: false }, { now: () => now, log });
  const say = (topic: string) => giveMessage(one, { topic, payload: '1' })!.map(({ topic: made }) => made);
  for (let i = 0; i < 1_000; i++) t.strictSame(say(`t/${i}`), []);
  t.strictSame(say('t/1000'), ['t/1000'], 'there is no place: it passes as it came');
  t.strictSame(say('x'.repeat(300)), ['x'.repeat(300)]);
  t.equal(log.length, 1, 'it says so once');
  now = 10_000;
  const topics = Array.from({ length: 10 }, () => giveTimer(one, now).map(({ topic }) => topic));
  t.ok(topics.every(({ length }) => length === 100));
  t.equal(new Set(topics.flat()).size, 1_000);
  t.strictSame(giveTimer(one, now), []);
  t.strictSame(say('t/1000'), [], 'the place of one that was told is free');
});
