/** Recordings: only whole, fitting frames are taken; what was not recorded does not exist. */
import { once } from 'node:events';
import t from 'tap';
import { replay } from '../../../../adapters/modbus/replay.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const exchange = (request: string, response: string) => ({ request: hex(request), response: hex(response) });
const VOLTS = exchange('01 04 00 00 00 02 71 cb', '01 04 04 43 66 33 34 1b 38');

t.test('frames that are none, or no pair, are refused', async (t) => {
  const cases: readonly (readonly [framing: string, request: string, response: string, message: RegExp])[] = [
    ['can', '01', '02', /tcp or rtu, not can/],
    ['rtu', '01 04 00 00 00 02 71 cc', '01 04 04 43 66 33 34 1b 38', /request 1 is no rtu frame: its CRC/],
    ['rtu', '01 04 00 00 00 02 71 cb', '01 04 04 43 66 33 34 1b 39', /response 1 is no rtu frame: its CRC/],
    ['rtu', '01 04 00 00 00 02 71 cb', '01 04 02 00 00 b9 30', /does not carry the 2 values/],
    ['tcp', '00 01 00 00 00 06 01 03 00 00 00 01', '00 02 00 00 00 05 01 03 02 00 00', /another transaction/],
    ['tcp', '00 01 00 00 00 06 01 03 00 00 00 01', '00 01 00 00 00 05 02 03 02 00 00', /another unit/],
    ['tcp', '00 01 00 00 00 06 01 06 00 00 00 01', '00 01 00 00 00 06 01 06 00 00 00 01', /no read/],
    ['tcp', '00 01 00 00 00 06 01 03 00 00', '00 01 00 00 00 05 01 03 02 00 00', /shorter than it says/],
    ['tcp', '00 01 00 00 00 06 01 03 00 00 00 01 ff', '00 01 00 00 00 05 01 03 02 00 00', /longer than it says/],
  ];
  for (const [framing, request, response, message] of cases) {
    t.throws(() => replay({ framing, exchanges: [exchange(request, response)] }), {
      code: 'MODBUS_BAD_FRAME',
      message,
    });
  }
  const other = exchange('02 04 00 00 00 02 71 f8', '02 04 04 43 66 33 34 28 38');
  t.throws(() => replay({ framing: 'rtu', exchanges: [VOLTS, other] }), /exactly one unit|CRC/);
});

t.test('a question that was recorded gets its answer, a part of one the registers, another exception 2', async (t) => {
  const { wire, repeated, device, port } = replay({ framing: 'rtu', exchanges: [VOLTS] });
  t.strictSame([device, port], [{ unit: 1 }, { framing: 'rtu' }]);
  const ask = async (request: string) => {
    wire.write(hex(request));
    const [answer] = (await once(wire, 'data')) as [Buffer];
    return answer.toString('hex');
  };
  t.equal(await ask('01 04 00 01 00 01 60 0a'), '0104023334ac17');
  t.equal(repeated(), 0);
  t.equal(await ask('01 04 00 00 00 02 71 cb'), '010404436633341b38');
  t.equal(repeated(), 1);
  t.match(await ask('01 04 00 02 00 01 90 0a'), /^018402/);
  wire.destroy();
});
