/** Identification: what units answer to 43/14 and 17, told apart from what they do not offer. */
import fc from 'fast-check';
import t from 'tap';
import { exceptionError } from '../../../../adapters/modbus/errors.js';
import { identifyUnit } from '../../../../adapters/modbus/identify.js';
import {
  answerLength,
  judge,
  type Request,
  readDeviceIdentification,
  reportServerId,
} from '../../../../adapters/modbus/pdu.js';

type Answer = Buffer | number | undefined;

/** A unit that answers from a table of request → answer; a number is an exception, nothing is silence. */
async function identify(answers: Readonly<Record<string, Answer>>) {
  const asked: string[] = [];
  const ask = async (request: Request) => {
    const key = request.pdu.toString('hex');
    asked.push(key);
    const answer = answers[key];
    if (answer === undefined) throw new Error(`silence at ${key}`);
    if (typeof answer === 'number') throw exceptionError(1, request.functionCode, answer);
    if (judge(request, answer) !== 'answer') throw new Error(`foreign ${answer.toString('hex')}`);
    return answer;
  };
  return { identity: await identifyUnit(ask), asked };
}

const object = (id: number, text: string) => Buffer.concat([Buffer.of(id, text.length), Buffer.from(text, 'latin1')]);
const answer = (code: number, level: number, more: number, next: number, ...objects: Buffer[]) =>
  Buffer.concat([Buffer.of(0x2b, 0x0e, code, level, more, next, objects.length), ...objects]);

t.test('the example of the specification [V1.1b3 §6.21]', async (t) => {
  const example = Buffer.concat([
    Buffer.from('2b0e0101000003', 'hex'),
    object(0, 'Company identification'),
    object(1, 'Product code XX'),
    object(2, 'V2.11'),
  ]);
  const { identity, asked } = await identify({ '2b0e0100': example });
  t.same(identity, {
    source: 'function 43/14',
    fields: { vendorName: 'Company identification', productCode: 'Product code XX', majorMinorRevision: 'V2.11' },
  });
  t.same(asked, ['2b0e0100'], 'a unit of basic conformity is asked for no more');
});

t.test('what follows is asked for, all categories, and not for ever', async (t) => {
  const { identity } = await identify({
    '2b0e0100': answer(1, 0x83, 0xff, 1, object(0, 'ACME')),
    '2b0e0101': answer(1, 0x83, 0, 0, object(1, 'X\0 '), object(2, '1')),
    '2b0e0203': answer(2, 0x83, 0, 0, object(4, 'Pump')),
    '2b0e0380': answer(3, 0x83, 0, 0, object(0x80, '\x01\x02')),
  });
  t.same(identity.fields, {
    vendorName: 'ACME',
    productCode: 'X',
    majorMinorRevision: '1',
    productName: 'Pump',
    object128: '0x0102',
  });
  const circle = await identify({ '2b0e0100': answer(1, 1, 0xff, 0, object(0, 'ACME')) });
  t.same(circle.asked, ['2b0e0100'], 'a unit that points back is left at that');
  const boast = await identify({ '2b0e0100': answer(1, 2, 0, 0, object(0, 'ACME')), '2b0e0203': 2 });
  t.same(boast.identity.fields, { vendorName: 'ACME' }, 'what it has counts, even if it announced more');
});

t.test('without 43/14 the server id is asked for; without both that is said; silence is no answer', async (t) => {
  t.same((await identify({ '2b0e0100': 1, '11': Buffer.from('1105b4ff4c4d42', 'hex') })).identity, {
    source: 'function 17',
    fields: { serverId: '0xb4', running: 'yes', additional: 'LMB' },
  });
  t.same((await identify({ '2b0e0100': 1, '11': Buffer.from('1103414243', 'hex') })).identity.fields, {
    serverId: 'ABC',
  });
  t.same((await identify({ '2b0e0100': 1, '11': Buffer.from('1100', 'hex') })).identity.fields, {});
  await t.rejects(identify({ '2b0e0100': 1, '11': 1 }), { code: 'MODBUS_NO_IDENTITY', fault: 'device' });
  await t.rejects(identify({ '2b0e0100': 11 }), { code: 'MODBUS_EXCEPTION' });
  await t.rejects(identify({}), /silence/);
});

t.test('the length of such an answer is known as soon as it says it, and never short of what is there', async (t) => {
  const request = readDeviceIdentification(1, 0);
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 30 }), { maxLength: 6 }), fc.nat(), (texts, cut) => {
      const whole = answer(1, 1, 0, 0, ...texts.map((text, id) => object(id, text)));
      const part = whole.subarray(0, cut % whole.length);
      return answerLength(request, whole) === whole.length && answerLength(request, part) > part.length;
    }),
  );
  t.equal(answerLength(reportServerId(), Buffer.of(0x11)), 2);
  t.equal(answerLength(reportServerId(), Buffer.of(0x11, 9)), 11);
});
