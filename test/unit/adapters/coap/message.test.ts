/** The form of messages on the wire, with the examples of the RFCs. */
import t from 'tap';
import {
  Code,
  code,
  codeText,
  decode,
  encode,
  isMalformed,
  type Message,
  NO_PAYLOAD,
  NO_TOKEN,
} from '../../../../adapters/coap/message/message.js';
import {
  blockOf,
  blockOption,
  OptionNumber,
  pathOf,
  textsOf,
  uintOf,
  uriOptions,
} from '../../../../adapters/coap/message/options.js';

const hex = (text: string) => Buffer.from(text.replace(/\s+/g, ''), 'hex');

function decoded(text: string): Message {
  const message = decode(hex(text));
  if (isMalformed(message)) throw new Error(message.fault);
  return message;
}

t.test('a GET with one option [RFC 7252 appendix A, figure 16]', async (t) => {
  const message = decoded('40 01 7d 34 bb 74656d7065726174757265');
  t.match(message, { type: 'CON', code: Code.GET, messageId: 0x7d34 });
  t.equal(pathOf(message), '/temperature');
  t.ok(encode(message).equals(hex('40 01 7d 34 bb 74656d7065726174757265')));
});

t.test('the piggybacked response to it [RFC 7252 appendix A, figure 16]', async (t) => {
  const message = decoded('60 45 7d 34 ff 32322e332043');
  t.match(message, { type: 'ACK', code: code(2, 5), messageId: 0x7d34, options: [] });
  t.equal(message.payload.toString(), '22.3 C');
  t.equal(codeText(message.code), '2.05');
  t.ok(encode(message).equals(hex('60 45 7d 34 ff 32322e332043')));
});

t.test('with a token [RFC 7252 appendix A, figure 17]', async (t) => {
  const message = decoded('41 01 7d 35 20 bb 74656d7065726174757265');
  t.ok(message.token.equals(hex('20')));
  t.ok(encode(message).equals(hex('41 01 7d 35 20 bb 74656d7065726174757265')));
});

t.test('an Empty message, a Reset [RFC 7252 §4.1, §4.3]', async (t) => {
  t.match(decoded('40 00 00 01'), { type: 'CON', code: 0, messageId: 1 });
  t.match(decoded('70 00 7d 34'), { type: 'RST', code: 0, messageId: 0x7d34 });
});

t.test('what is no message [RFC 7252 §3, §4.1]', async (t) => {
  const faults: readonly (readonly [string, string, boolean])[] = [
    ['', 'shorter than a header', false],
    ['40 01 7d', 'shorter than a header', false],
    ['80 01 7d 34', 'version 2', false],
    ['49 01 7d 34', 'token length 9', true],
    ['42 01 7d 34 20', 'ends within the token', true],
    ['41 00 7d 34 20', 'an Empty message that is not empty', true],
    ['40 01 7d 34 f1', 'a bad option delta', true],
    ['40 01 7d 34 1f', 'a bad option length', true],
    ['40 01 7d 34 d1', 'a bad option delta', true],
    ['40 01 7d 34 e1 00', 'a bad option delta', true],
    ['40 01 7d 34 bb 74', 'ends within an option', true],
    ['40 01 7d 34 e0 ffff', 'an option number beyond 65535', true],
    ['40 01 7d 34 ff', 'a payload marker without a payload', true],
  ];
  for (const [bytes, fault, hasHeader] of faults) {
    const message = decode(hex(bytes));
    t.ok(isMalformed(message), bytes);
    if (isMalformed(message)) {
      t.equal(message.fault, fault, bytes);
      t.equal(message.header !== undefined, hasHeader, bytes);
    }
  }
});

t.test('deltas and lengths of one and two bytes more [RFC 7252 §3.1]', async (t) => {
  const options = [
    { number: 12, value: Buffer.alloc(12, 1) },
    { number: 25, value: Buffer.alloc(13, 2) },
    { number: 293, value: Buffer.alloc(268, 3) },
    { number: 562, value: Buffer.alloc(269, 4) },
    { number: 65_535, value: Buffer.alloc(1_000, 5) },
  ];
  const message = {
    type: 'NON',
    code: Code.POST,
    messageId: 7,
    token: hex('0102'),
    options,
    payload: hex('ff'),
  } as const;
  const bytes = encode(message);
  t.equal(bytes.subarray(6, 7).toString('hex'), 'cc');
  t.equal(bytes.subarray(19, 21).toString('hex'), 'dd00', 'delta 13, length 13');
  t.strictSame(decode(bytes), message);
});

t.test('options are written in the order of their numbers, those of one number in their own', async (t) => {
  const options = [...(uriOptions('/a/b?c=d&e') as []), { number: 1, value: hex('ab') }];
  const message = { type: 'CON', code: 1, messageId: 1, token: NO_TOKEN, options, payload: NO_PAYLOAD } as const;
  const back = decode(encode(message)) as Message;
  t.strictSame(
    back.options.map(({ number }) => number),
    [1, 11, 11, 15, 15],
  );
  t.strictSame(textsOf(back, OptionNumber.URI_PATH), ['a', 'b']);
  t.strictSame(textsOf(back, OptionNumber.URI_QUERY), ['c=d', 'e']);
});

t.test('paths of URIs [RFC 7252 §6.4]', async (t) => {
  const texts = (path: string) => (uriOptions(path) as []).map(({ value }: { value: Buffer }) => value.toString());
  t.strictSame(texts('/'), []);
  t.strictSame(texts('/a%2Fb/%C3%BC'), ['a/b', 'ü']);
  t.strictSame(texts('/a/'), ['a', '']);
  t.type(uriOptions('a'), 'string');
  t.type(uriOptions('/%zz'), 'string');
  t.type(uriOptions(`/${'x'.repeat(256)}`), 'string');
});

t.test('blocks [RFC 7959 §2.2, figure 2 and the examples of §3]', async (t) => {
  const block = (number: number, more: boolean, szx: number) => ({ number, more, szx });
  const cases = [
    ['', block(0, false, 0)],
    ['0e', block(0, true, 6)],
    ['13', block(1, false, 3)],
    ['05ae', block(90, true, 6)],
    ['fffff6', block(0xfffff, false, 6)],
  ] as const;
  for (const [bytes, expected] of cases) {
    const value = hex(bytes);
    t.strictSame(blockOf({ options: [{ number: 23, value }] }, 23), expected);
    t.ok(blockOption(23, expected).value.equals(value), bytes);
  }
  t.equal(blockOf({ options: [] }, 23), undefined);
  t.equal(blockOf({ options: [{ number: 23, value: hex('07') }] }, 23), 'bad', 'SZX 7 is reserved');
  t.equal(blockOf({ options: [{ number: 23, value: hex('01020304') }] }, 23), 'bad');
});

t.test('integers have no leading zeros, and may be empty [RFC 7252 §3.2]', async (t) => {
  for (const [bytes, value] of [
    ['', 0],
    ['00', 0],
    ['3c', 60],
    ['012c', 300],
    ['ffffffff', 0xffffffff],
  ] as const) {
    t.equal(uintOf({ options: [{ number: 14, value: hex(bytes) }] }, 14), value);
  }
  t.equal(uintOf({ options: [{ number: 14, value: hex('0102030405') }] }, 14), undefined);
});
