import fc from 'fast-check';
import t from 'tap';
import { GatewayError } from '../../../src/core/errors.js';
import {
  correlationText,
  jsonValue,
  parseValue,
  parseValues,
  reportJson,
  resultJson,
  stateJson,
} from '../../../src/devices/payload.js';

const at = 1_763_841_600_123;

t.test('a reading as JSON, byte for byte', async (t) => {
  const good = { value: 71.4, quality: 'good', at, unit: '°C', code: undefined } as const;
  t.equal(reportJson(good), '{"v":71.4,"q":"good","t":1763841600123,"u":"°C"}');
  t.equal(
    reportJson({ value: undefined, quality: 'bad', at, unit: undefined, code: 'MODBUS_TIMEOUT' }),
    '{"v":null,"q":"bad","t":1763841600123,"e":"MODBUS_TIMEOUT"}',
  );
  t.equal(
    reportJson({ value: 18_446_744_073_709_551_615n, quality: 'good', at, unit: undefined, code: undefined }),
    '{"v":18446744073709551615,"q":"good","t":1763841600123}',
  );
  t.equal(jsonValue('a"b'), '"a\\"b"');
  t.equal(stateJson('offline', at, 'PORT_REFUSED'), `{"state":"offline","since":${at},"reason":"PORT_REFUSED"}`);
  t.equal(stateJson('online', at, undefined), `{"state":"online","since":${at}}`);
});

t.test('a result as JSON', async (t) => {
  t.equal(
    resultJson({ status: 'verified', value: 42, at, error: undefined }, 'c"1'),
    `{"status":"verified","v":42,"t":${at},"correlation":"c\\"1"}`,
  );
  const error = new GatewayError('X_Y', { fault: 'caller', hint: 'do this' }, 'it was wrong');
  t.strictSame(JSON.parse(resultJson({ status: 'refused', value: undefined, at, error }, undefined)), {
    status: 'refused',
    v: null,
    t: at,
    code: 'X_Y',
    message: 'it was wrong',
    hint: 'do this',
  });
});

t.test('Correlation Data is text where it is printable, else base64', async (t) => {
  t.equal(correlationText(Buffer.from('order-7 ✓')), 'order-7 ✓');
  t.equal(correlationText(Buffer.from([0, 1, 255])), 'AAH/');
  t.equal(correlationText(Buffer.from('a\nb')), 'YQpi');
});

t.test('integers beyond 2^53 in a command stay exact', async (t) => {
  t.equal(parseValue(Buffer.from('9007199254740993')), 9_007_199_254_740_993n);
  t.equal(parseValue(Buffer.from('{"v":-9223372036854775808}')), -(2n ** 63n));
  t.equal(parseValue(Buffer.from('1e20')), 1e20);
  t.strictSame(
    [...parseValues(Buffer.from('{"a":18446744073709551615,"b":{"v":1}}'))],
    [
      ['a', 18_446_744_073_709_551_615n],
      ['b', 1],
    ],
  );
});

t.test('property: any bytes give a value or COMMAND_MALFORMED', async (t) => {
  const tame = (parse: () => unknown) => {
    try {
      parse();
      return true;
    } catch (error) {
      return error instanceof GatewayError && error.code === 'COMMAND_MALFORMED';
    }
  };
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array)),
    fc.json().map((text) => Buffer.from(text)),
    fc.string().map((text) => Buffer.from(text)),
  );
  fc.assert(fc.property(bytes, (payload) => tame(() => parseValue(payload)) && tame(() => parseValues(payload))));
  t.pass('held for all inputs');
});

t.test('property: a value survives its own JSON', async (t) => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n }),
    fc.boolean(),
    fc.string(),
  );
  fc.assert(
    fc.property(value, (v) => {
      const read = parseValue(Buffer.from(`{"v":${jsonValue(v)}}`));
      // An integer beyond 2^53 that came as a double is the same number as bigint.
      return typeof read === 'bigint' && typeof v === 'number' ? Number(read) === v : read === v;
    }),
  );
  t.pass('held for all inputs');
});
