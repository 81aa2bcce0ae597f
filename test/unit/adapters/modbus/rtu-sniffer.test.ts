/** Frames between other masters and their units, however they come, with noise and without answers. */
import t from 'tap';
import { type RtuFrame, RtuSniffer } from '../../../../adapters/modbus/listen/rtu-sniffer.js';
import { encodeRtu } from '../../../../adapters/modbus/rtu-frame.js';
import { Choice } from '../../../support/random.js';

const frame = (unit: number, pdu: string) => encodeRtu(unit, Buffer.from(pdu.replaceAll(' ', ''), 'hex'));
const textOf = ({ isRequest, unit, pdu }: RtuFrame) => `${isRequest ? '>' : '<'}${unit} ${pdu.toString('hex')}`;

/** Application protocol V1.1b3: the examples of 6.1, 6.3, 6.5, 6.6, 6.12, 6.16, 6.17, 6.21, and an exception. */
const talk: readonly (readonly [question: string, answer: string])[] = [
  ['01 0013 0013', '01 03 cd6b05'],
  ['03 006b 0003', '03 06 022b00000064'],
  ['04 0008 0001', '04 02 000a'],
  ['05 00ac ff00', '05 00ac ff00'],
  ['06 0001 0003', '06 0001 0003'],
  ['10 0001 0002 04 000a0102', '10 0001 0002'],
  ['16 0004 00f2 0025', '16 0004 00f2 0025'],
  ['17 0003 0006 000e 0003 06 00ff00ff00ff', '17 0c 00fe0acd00010003000d00ff'],
  ['2b 0e 01 00', '2b 0e 01 01 00 00 01 00 04 41424344'],
  ['03 ffff 0001', '83 02'],
];
const expected = talk.flatMap(([question, answer]) =>
  [`>3 ${question}`, `<3 ${answer}`].map((one) => one.slice(0, 3) + one.slice(3).replaceAll(' ', '')),
);
const stream = talk.flatMap(([question, answer]) => [frame(3, question), frame(3, answer)]);

t.test('questions and answers are told apart', async (t) => {
  const whole = new RtuSniffer();
  t.strictSame(stream.flatMap((one, i) => whole.push(one, i * 20_000)).map(textOf), expected, 'frame by frame');
  const burst = new RtuSniffer();
  t.strictSame(burst.push(Buffer.concat(stream), 0).map(textOf), expected, 'in one burst');
  const single = new RtuSniffer();
  const bytes = [...Buffer.concat(stream)].flatMap((byte, i) => single.push(Buffer.of(byte), i * 500));
  t.strictSame(bytes.map(textOf), expected, 'byte by byte');
  t.equal(whole.discarded + burst.discarded + single.discarded, 0);
  const [, answer] = whole.push(Buffer.concat([frame(9, '03 0001 0001'), frame(9, '03 02 0007')]), 1e6);
  t.equal(answer?.request?.pdu.toString('hex'), '0300010001', 'an answer knows its question');
});

t.test('what fits no question is no answer', async (t) => {
  const sniffer = new RtuSniffer();
  const found = [
    ...sniffer.push(frame(3, '03 0000 0002'), 0),
    // Another unit, the wrong number of registers, a wrong CRC, and too late.
    ...sniffer.push(frame(4, '03 04 00010002'), 10_000),
    ...sniffer.push(frame(3, '03 02 0001'), 200_000),
    ...sniffer.push(Buffer.concat([frame(3, '03 04 00010002').subarray(0, -1), Buffer.of(0)]), 400_000),
    ...sniffer.push(frame(3, '03 04 00010002'), 6_000_000),
  ];
  t.strictSame(found.map(textOf), ['>3 0300000002']);
  t.ok(sniffer.discarded > 0);
});

t.test('noise between and inside frames costs those frames only', async (t) => {
  const choice = new Choice(7);
  const sniffer = new RtuSniffer();
  let at = 0;
  let good = 0;
  let found = 0;
  for (let round = 0; round < 300; round++) {
    at += 200_000;
    if (choice.chance(0.5))
      found += sniffer.push(Buffer.from(Array.from({ length: choice.below(20) }, () => choice.below(256))), at).length;
    at += 200_000;
    const value = choice.below(65_536).toString(16).padStart(4, '0');
    const pair = Buffer.concat([frame(3, '03 0064 0001'), frame(3, `03 02 ${value}`)]);
    const frames = sniffer.push(pair, at);
    found += frames.length;
    if (frames.some((one) => textOf(one) === `<3 0302${value}`)) good++;
  }
  t.equal(good, 300, 'each answer after noise and silence is found');
  t.equal(found, 600, 'and nothing else');
});
