/** Payload formats, with the examples of their RFCs. */
import t from 'tap';
import { type CborValue, decodeCbor, encodeCbor } from '../../../../adapters/coap/formats/cbor.js';
import { bodyOf, type Format, valueIn } from '../../../../adapters/coap/formats/content.js';
import { formatLinks, matchesQuery, parseLinks } from '../../../../adapters/coap/formats/link-format.js';
import { senmlFromCbor, senmlFromJson, senmlTime } from '../../../../adapters/coap/formats/senml.js';

const hex = (text: string) => Buffer.from(text.replace(/\s+/g, ''), 'hex');

t.test('CBOR: examples of RFC 8949 appendix A', async (t) => {
  const examples: readonly (readonly [string, CborValue])[] = [
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['1bffffffffffffffff', 18_446_744_073_709_551_615n],
    ['c249010000000000000000', 18_446_744_073_709_551_616n],
    ['3bffffffffffffffff', -18_446_744_073_709_551_616n],
    ['c349010000000000000000', -18_446_744_073_709_551_617n],
    ['20', -1],
    ['3903e7', -1000],
    ['f90000', 0],
    ['f98000', -0],
    ['f93c00', 1],
    ['fb3ff199999999999a', 1.1],
    ['f97bff', 65_504],
    ['fa47c35000', 100_000],
    ['f90001', 2 ** -24],
    ['f90400', 0.00006103515625],
    ['f9c400', -4],
    ['f97c00', Number.POSITIVE_INFINITY],
    ['f97e00', Number.NaN],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['f7', undefined],
    ['c074323031332d30332d32315432303a30343a30305a', '2013-03-21T20:04:00Z'],
    ['4401020304', hex('01020304')],
    ['6449455446', 'IETF'],
    ['62c3bc', 'ü'],
    ['83010203', [1, 2, 3]],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    [
      'a201020304',
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    [
      'a26161016162820203',
      new Map<CborValue, CborValue>([
        ['a', 1],
        ['b', [2, 3]],
      ]),
    ],
    ['5f42010243030405ff', hex('0102030405')],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    [
      'bf61610161629f0203ffff',
      new Map<CborValue, CborValue>([
        ['a', 1],
        ['b', [2, 3]],
      ]),
    ],
  ];
  for (const [bytes, value] of examples) t.strictSame(decodeCbor(hex(bytes)), value, bytes);
  for (const [bytes, value] of examples.filter(([bytes]) => /^([0-3]|fb|f[4-7]$|4|6|8|a)/.test(bytes))) {
    t.equal(encodeCbor(value).toString('hex'), bytes);
  }
});

t.test('CBOR: what is none, and bombs', async (t) => {
  for (const bytes of ['', '18', '62c3', '0000', 'ff', '1c', '9f01', 'bf01ff', '5f01ff', '9bffffffffffffffff', 'fc']) {
    t.throws(() => decodeCbor(hex(bytes)), RangeError, bytes);
  }
  t.throws(() => decodeCbor(Buffer.alloc(10_000, 0x81)), /nested/);
  t.throws(() => decodeCbor(Buffer.concat([hex('9a00100000'), Buffer.alloc(0x100000)])), /items/);
});

t.test('SenML: base fields, from JSON and CBOR [RFC 8428 §5.1.3, §6]', async (t) => {
  const json = [
    { bn: 'urn:dev:ow:10e2073a0108006:', bt: 1.276020076001e9, bu: 'A', bver: 5, n: 'voltage', u: 'V', v: 120.1 },
    { n: 'current', t: -5, v: 1.2 },
    { n: 'current', t: -4, v: 1.3 },
  ];
  const records = senmlFromJson(json);
  t.match(records, [
    { name: 'urn:dev:ow:10e2073a0108006:voltage', unit: 'V', value: 120.1, time: 1_276_020_076.001 },
    { name: 'urn:dev:ow:10e2073a0108006:current', unit: 'A', value: 1.2 },
    { value: 1.3 },
  ]);
  t.equal(senmlTime(records[1]!, 0), (1.276020076001e9 - 5) * 1_000, 'absolute');
  t.equal(senmlTime(senmlFromJson([{ n: 'a', v: 1, t: -5 }])[0]!, 100_000), 95_000, 'relative to now');
  const cbor = decodeCbor(
    hex('82 a5 21 63643a2f 22 1a4c0eb0ec 00 6176 01 6156 02 fb405e066666666666 a3 00 6163 06 24 02 fb3ff3333333333333'),
  );
  t.match(senmlFromCbor(cbor), [
    { name: 'd:/v', unit: 'V', value: 120.1, time: 0x4c0eb0ec },
    { name: 'd:/c', value: 1.2, time: 0x4c0eb0ec - 5 },
  ]);
});

t.test('SenML: values of all kinds, sums, base values; what must be understood is refused', async (t) => {
  const records = senmlFromJson([
    { bn: 'x/', bv: 20, n: 'a', v: 1.5 },
    { n: 'b', vs: 'open' },
    { n: 'c', vb: false },
    { n: 'd', vd: 'AQID' },
    { n: 'e', s: 7 },
    { n: 'nothing' },
  ]);
  t.strictSame(
    records.map(({ name, value, sum }) => [name, value, sum]),
    [
      ['x/a', 21.5, undefined],
      ['x/b', 'open', undefined],
      ['x/c', false, undefined],
      ['x/d', hex('010203'), undefined],
      ['x/e', undefined, 7],
    ],
  );
  t.throws(() => senmlFromJson([{ n: 'a', v: 1, must_: 2 }]), /must be understood/);
  t.throws(() => senmlFromJson([{ bver: 99, n: 'a', v: 1 }]), /version 99/);
  t.throws(() => senmlFromJson({}), RangeError);
  t.throws(() => senmlFromJson([{ n: 5, v: 1 }]), RangeError);
});

t.test('links [RFC 6690 §5]', async (t) => {
  const text =
    '</sensors>;ct=40;title="Sensor Index",</sensors/temp>;rt="temperature-c x";if="sensor";obs,' +
    '<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel="describedby",</t>;title="a, \\"b\\"; c"';
  const links = parseLinks(text);
  t.strictSame(links, [
    { target: '/sensors', attributes: { ct: '40', title: 'Sensor Index' } },
    { target: '/sensors/temp', attributes: { rt: 'temperature-c x', if: 'sensor', obs: '' } },
    { target: 'http://www.example.com/sensors/t123', attributes: { anchor: '/sensors/temp', rel: 'describedby' } },
    { target: '/t', attributes: { title: 'a, "b"; c' } },
  ]);
  t.strictSame(parseLinks(formatLinks(links)), links);
  const fits = (query: string) => links.filter((link) => matchesQuery(link, query)).map(({ target }) => target);
  t.strictSame(fits('rt=x'), ['/sensors/temp']);
  t.strictSame(fits('rt=temperature*'), ['/sensors/temp']);
  t.strictSame(fits('href=/sensors*'), ['/sensors', '/sensors/temp']);
  t.strictSame(fits('rt=none'), []);
  t.strictSame(parseLinks('</a'), []);
  t.strictSame(parseLinks('</__proto__>;__proto__=1')[0]?.target, '/__proto__');
});

const at = 1_000;
const anywhere = { format: undefined, pointer: undefined, record: undefined, type: 'auto' } as const;

t.test('the value of a point in a payload', async (t) => {
  const value = (contentFormat: number | undefined, payload: string | Buffer, place = {}) =>
    valueIn({ contentFormat, payload: Buffer.from(payload), at }, { ...anywhere, ...place }).value;
  t.equal(value(0, '22.3'), 22.3);
  t.equal(value(undefined, ' 22 \n'), 22);
  t.equal(value(0, '22.3 C'), '22.3 C');
  t.equal(value(0, 'true'), true);
  t.equal(value(0, '0012', { type: 'text' }), '0012');
  t.equal(value(0, '18446744073709551615'), 18446744073709551615n);
  t.equal(value(0, 'on', { type: 'boolean' }), true);
  t.strictSame(value(42, hex('00ff')), hex('00ff'));
  t.strictSame(value(undefined, hex('00ff')), hex('00ff'));
  t.equal(value(50, '{"main":{"temp":[1,{"v":7}]}}', { pointer: '/main/temp/1/v' }), 7);
  t.equal(value(50, '{"a/b":{"~":true}}', { pointer: '/a~1b/~0' }), true);
  t.equal(value(50, '{"a":{"b":1}}', { pointer: '/a' }), '{"b":1}');
  t.equal(value(50, '"22.5"', { type: 'number' }), 22.5);
  t.equal(value(60, hex('a101fa41b40000'), { pointer: '/1' }), 22.5, 'an integer key of CBOR');
  t.equal(value(110, '[{"bn":"d/","n":"temp","v":1},{"n":"hum","v":2}]', { record: 'hum' }), 2);
  t.equal(value(110, '[{"bn":"d/","n":"temp","v":1},{"n":"hum","v":2}]', { record: 'd/temp' }), 1);
  t.equal(value(112, hex('81a2006161 02 01')), 1);
  t.equal(value(0, '{"a":5}', { format: 'json', pointer: '/a' }), 5, 'a device that says the wrong format');
});

t.test('a payload that is something else, and a value that is not there', async (t) => {
  const fails = (contentFormat: number, payload: string | Buffer, place = {}) => {
    try {
      valueIn({ contentFormat, payload: Buffer.from(payload), at }, { ...anywhere, ...place });
      return undefined;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  t.equal(fails(50, '{"a":'), 'COAP_DECODE');
  t.equal(fails(50, hex('ff')), 'COAP_DECODE');
  t.equal(fails(60, hex('ff')), 'COAP_DECODE');
  t.equal(fails(0, 'cold', { type: 'number' }), 'COAP_DECODE');
  t.equal(fails(50, '5', { type: 'boolean' }), 'COAP_DECODE');
  t.equal(fails(50, '{"a":null}', { pointer: '/a' }), 'COAP_NO_VALUE');
  t.equal(fails(50, '{"a":1}', { pointer: '/constructor' }), 'COAP_NO_VALUE');
  t.equal(fails(50, '[1]', { pointer: '/-1' }), 'COAP_NO_VALUE');
  t.equal(fails(110, '[{"n":"a","v":1}]', { record: 'b' }), 'COAP_NO_VALUE');
  t.equal(fails(110, '[]'), 'COAP_NO_VALUE');
});

t.test('what is sent for a value, and reads as that value', async (t) => {
  const to = (format: Format, more = {}) =>
    ({ format, pointer: undefined, record: undefined, template: undefined, isPatch: false, ...more }) as const;
  t.match(bodyOf(21.5, to('text')), { payload: Buffer.from('21.5'), contentFormat: 0 });
  t.match(bodyOf(true, to('json')), { payload: Buffer.from('true'), contentFormat: 50 });
  t.match(bodyOf(5, to('json', { pointer: '/a/b', isPatch: true })), {
    payload: Buffer.from('{"a":{"b":5}}'),
    contentFormat: 52,
  });
  t.match(bodyOf('x"y', to('json', { template: '{"on":{value}}' })), { payload: Buffer.from('{"on":"x\\"y"}') });
  t.match(bodyOf('$&', to('text', { template: 'set {value}' })), { payload: Buffer.from('set $&') });
  t.match(bodyOf(hex('0102'), to('octets')), { payload: hex('0102'), contentFormat: 42 });
  t.match(bodyOf(22.5, to('senml-json', { record: 't' })), {
    payload: Buffer.from('[{"n":"t","v":22.5}]'),
    contentFormat: 110,
  });
  for (const format of ['text', 'json', 'cbor', 'senml-json', 'senml-cbor'] as const) {
    for (const value of [0, -5, 21.5, true, 'open']) {
      const body = bodyOf(value, to(format, { record: 'r' }));
      t.equal(
        valueIn({ ...body, at }, { ...anywhere, record: format.startsWith('senml') ? 'r' : undefined }).value,
        value,
      );
    }
  }
  t.throws(() => bodyOf(5, to('octets')), { code: 'COAP_VALUE' });
  t.throws(() => bodyOf(Number.NaN, to('json')), { code: 'COAP_VALUE' });
});
