import t from 'tap';
import { GatewayError } from '../../../src/core/errors.js';
import type { FormatConfig, JsonValue } from '../../../src/core/route-config.js';
import { createDecoder, createEncoder } from '../../../src/links/formats/formats.js';
import { messageOf, NOON } from '../../support/routes.js';

const READING = '{"v":71.4,"q":"good","t":1763841600123,"u":"°C"}';
const BAD = '{"v":null,"q":"bad","t":1763841600123,"e":"MODBUS_TIMEOUT"}';
const BOILER = 'hpmq/plant-7/boiler/temperature';

function encode(format: FormatConfig, payload: string | Buffer, topic = BOILER, filter = '#'): string {
  const made = createEncoder(format, [filter], 'plant-7')!.element(messageOf(payload, { topic }));
  return made instanceof GatewayError ? `${made.code}: ${made.message}` : made.toString();
}

function decode(format: FormatConfig, payload: string | Buffer, topic = BOILER): readonly string[] | string {
  const made = createDecoder(format, ['#'], 'plant-7')!.decode(messageOf(payload, { topic }));
  return made instanceof GatewayError ? made.code : made.map(String);
}

t.test('value: the bare value of a reading, as text', async (t) => {
  const format = { type: 'value' } as const;
  t.equal(encode(format, READING), '71.4');
  t.equal(encode(format, '{"v":"open","q":"good","t":1}'), 'open');
  t.equal(encode(format, '{"v":true}'), 'true');
  t.equal(encode(format, '12'), '12');
  t.equal(encode(format, 'plain text'), 'plain text');
  t.equal(encode(format, '{"v":[1,2]}'), '[1,2]');
  t.match(encode(format, BAD), /^LINK_FORMAT: .* has no value/, 'a failed read has none');
  t.match(encode(format, '{"state":"online"}'), /^LINK_FORMAT/);
  t.match(encode(format, Buffer.from([0xff, 0])), /^LINK_FORMAT/);
});

t.test('numbers keep all their digits', async (t) => {
  const long = '{"v":18446744073709551615,"q":"good","t":1}';
  t.equal(encode({ type: 'value' }, long), '18446744073709551615');
  t.equal(encode({ type: 'json' }, long), `{"topic":"${BOILER}","t":${NOON},"payload":${long}}`);
  const tele = { type: 'thingsboard', api: 'device', quality: false } as const;
  t.equal(encode(tele, long), '{"ts":1,"values":{"temperature":18446744073709551615}}');
  t.equal(
    encode({ type: 'template', template: { x: '{v}', y: '{json:v}!' } }, long),
    '{"x":18446744073709551615,"y":"18446744073709551615!"}',
  );
  t.equal(encode({ type: 'value' }, '0.12345678901234567890'), '0.12345678901234567890');
});

t.test('reading: whatever it was is a reading then, both ways', async (t) => {
  const format = { type: 'reading' } as const;
  t.strictSame(JSON.parse(encode(format, READING)), JSON.parse(READING));
  t.equal(encode(format, '71.4'), `{"v":71.4,"q":"good","t":${NOON}}`);
  t.equal(encode(format, 'open'), `{"v":"open","q":"good","t":${NOON}}`);
  t.strictSame(JSON.parse(encode(format, BAD)), JSON.parse(BAD));
  t.match(encode(format, '{"state":"online"}'), /^LINK_FORMAT/);
  for (const type of ['reading', 'value'] as const) {
    t.strictSame(decode({ type }, '20.5'), [`{"v":20.5,"q":"good","t":${NOON}}`]);
    t.strictSame(decode({ type }, '{"v":1,"t":5}'), ['{"v":1,"t":5,"q":"good"}']);
    t.equal(decode({ type }, '{"x":1}'), 'LINK_PAYLOAD');
    t.equal(decode({ type }, Buffer.from([0xc3])), 'LINK_PAYLOAD');
  }
});

t.test('json: any payload with its topic and time, and back', async (t) => {
  const format = { type: 'json' } as const;
  t.equal(encode(format, READING), `{"topic":"${BOILER}","t":${NOON},"payload":${READING}}`);
  t.equal(encode(format, 'a "text"\n'), `{"topic":"${BOILER}","t":${NOON},"text":"a \\"text\\"\\n"}`);
  t.equal(encode(format, Buffer.from([0xff, 0x00])), `{"topic":"${BOILER}","t":${NOON},"base64":"/wA="}`);
  t.equal(
    encode(format, '{\n  "a": [1,\n 2]\n}'),
    `{"topic":"${BOILER}","t":${NOON},"payload":{"a":[1,2]}}`,
    'one line',
  );
  const payloads = [READING, '"quoted"', 'plain', '', '12', 'null', '18446744073709551615'];
  for (const payload of payloads) t.strictSame(decode(format, encode(format, payload)), [payload], payload);
  const bytes = createDecoder(format, [], 'g')!.decode(messageOf(encode(format, Buffer.from([0xff, 0x00]))));
  t.strictSame(bytes, [Buffer.from([0xff, 0x00])]);
  const envelopes = payloads.map((payload) => encode(format, payload));
  t.strictSame(decode(format, `[${envelopes}]`), payloads, 'a batch is opened');
  t.strictSame(decode(format, `${envelopes.join('\n')}\n`), payloads, 'lines, too');
  for (const wrong of ['', '71.4', '{"v":1}', '[1]', 'x\ny', `${envelopes[0]}\nx`, Buffer.from([0xff])]) {
    t.ok(['LINK_PAYLOAD', ''].includes(String(decode(format, wrong))), String(wrong));
  }
});

t.test('thingsboard: telemetry of a device, and of the devices of a gateway', async (t) => {
  const device = { type: 'thingsboard', api: 'device', quality: false } as const;
  const gateway = { ...device, api: 'gateway' } as const;
  t.equal(encode(device, READING), '{"ts":1763841600123,"values":{"temperature":71.4}}');
  t.equal(encode(gateway, READING), '{"boiler":[{"ts":1763841600123,"values":{"temperature":71.4}}]}');
  t.equal(encode(gateway, '5', 'site/pump/speed'), `{"pump":[{"ts":${NOON},"values":{"speed":5}}]}`);
  t.equal(encode(gateway, '5', 'speed'), `{"plant-7":[{"ts":${NOON},"values":{"speed":5}}]}`);
  t.equal(
    encode(gateway, '{"state":"online","since":5,"reason":null}', 'hpmq/plant-7/boiler/$state'),
    `{"boiler":[{"ts":${NOON},"values":{"state":"online","since":5}}]}`,
    'members of an object; null is no value',
  );
  t.equal(
    encode(gateway, '{"state":"online"}', 'hpmq/plant-7/$state'),
    `{"plant-7":[{"ts":${NOON},"values":{"state":"online"}}]}`,
  );
  t.equal(
    encode(device, '{"a":{"v":1,"q":"good"},"b":{"v":2}}', 'hpmq/plant-7/boiler'),
    `{"ts":${NOON},"values":{"a":1,"b":2}}`,
    'all points of a device',
  );
  t.match(encode(device, BAD), /^LINK_FORMAT/, 'a failed read has no value');
  t.equal(
    encode({ ...device, quality: true }, BAD),
    '{"ts":1763841600123,"values":{"temperature_quality":"bad","temperature_error":"MODBUS_TIMEOUT"}}',
  );
  t.equal(
    encode({ ...device, quality: true }, READING),
    '{"ts":1763841600123,"values":{"temperature":71.4,"temperature_quality":"good"}}',
  );
  const uncertain = '{"v":3,"q":"stale","t":7}';
  t.match(encode(device, uncertain), /^LINK_FORMAT/);
  t.equal(
    encode({ ...device, quality: true }, uncertain),
    '{"ts":7,"values":{"temperature":3,"temperature_quality":"stale"}}',
  );

  const join = (format: FormatConfig, elements: readonly string[]) =>
    String(
      createEncoder(format, ['#'], 'g')!.join(
        elements.map((text) => Buffer.from(text)),
        'array',
      ),
    );
  t.equal(
    join(device, ['{"ts":1,"values":{"a":1}}', '{"ts":2,"values":{"a":2}}']),
    '[{"ts":1,"values":{"a":1}},{"ts":2,"values":{"a":2}}]',
  );
  t.equal(
    join(gateway, ['{"A":[{"ts":1,"values":{"a":18446744073709551615}}]}', '{"B":[{"ts":1}]}', '{"A":[{"ts":2}]}']),
    '{"A":[{"ts":1,"values":{"a":18446744073709551615}},{"ts":2}],"B":[{"ts":1}]}',
  );
});

t.test('template: JSON with placeholders', async (t) => {
  const by = (template: JsonValue, payload: string, topic = BOILER, filter = 'hpmq/+/+/#') =>
    encode({ type: 'template', template }, payload, topic, filter);
  t.equal(
    by(
      {
        ts: '{t}',
        tag: '{device}.{point}',
        val: '{v}',
        unit: '{u}',
        q: '{q}',
        site: '{gateway}',
        n: 1,
        list: ['{v}', null, true],
      },
      READING,
    ),
    '{"ts":1763841600123,"tag":"boiler.temperature","val":71.4,"unit":"°C","q":"good","site":"plant-7","n":1,"list":[71.4,null,true]}',
  );
  t.equal(by({ at: '{t:iso}', s: '{t:s}' }, READING), '{"at":"2025-11-22T20:00:00.123Z","s":1763841600.123}');
  t.equal(
    by({ v: '{v}', u: '{u}', e: '{e}', list: ['{u}'] }, '5'),
    '{"v":5,"list":[null]}',
    'what is absent has no member',
  );
  t.equal(by({ e: '{e}', v: '{v}' }, BAD), '{"e":"MODBUS_TIMEOUT","v":null}');
  t.equal(by({ '{device}/{1}': { '{3}': '{v}' } }, READING), '{"boiler/plant-7":{"temperature":71.4}}');
  t.equal(
    by(
      { all: '{payload}', text: 'x{json:a.b.1}y', none: '{json:a.c}', proto: '{json:__proto__.x}' },
      '{"a":{"b":[1,"2"]}}',
    ),
    '{"all":{"a":{"b":[1,"2"]}},"text":"x2y"}',
  );
  t.equal(by('{v}', '"a\\"b"'), '"a\\"b"');
  t.equal(by({ '{level:9}': '{topic:2}' }, '1'), '{"":"boiler/temperature"}');
  t.match(encode({ type: 'template', template: '{v}' }, Buffer.from([0xff])), /^LINK_FORMAT/);
  t.strictSame(decode({ type: 'template', template: '{json:params}' }, '{"method":"set","params":55}'), ['55']);
});

t.test('text: the same as plain text', async (t) => {
  const text = 'temp,dev={device} {point}={v},ok="{q}" {t}000000';
  t.equal(encode({ type: 'text', text }, READING), 'temp,dev=boiler temperature=71.4,ok="good" 1763841600123000000');
  t.strictSame(decode({ type: 'text', text: '{json:params}' }, '{"method":"set","params":"on"}'), ['on']);
});
