/** The server against good, bad and random packets. */
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { encodeRtu } from '../../../../adapters/modbus/rtu-frame.js';
import { MemoryImage, type RegisterImage } from '../../../../adapters/modbus/server/image.js';
import { serveModbus } from '../../../../adapters/modbus/server/serve.js';
import { duplexPair } from '../../../support/duplex-pair.js';
import { ManualClock, settle } from '../../../support/manual-clock.js';

function open(t: Test, framing: 'tcp' | 'rtu', units?: ReadonlyMap<number, RegisterImage>) {
  const image = new MemoryImage({ coil: 10_000, discrete: 10_000, holding: 10_000, input: 10_000 });
  for (let n = 0; n < 10_000; n++) image.tables.holding[n] = n;
  const [near, far]: readonly [Duplex, Duplex] = duplexPair();
  const clock = new ManualClock();
  const stop = new AbortController();
  const served = serveModbus(far, { framing, units: units ?? new Map([[1, image]]), clock, signal: stop.signal });
  let received = Buffer.alloc(0);
  near.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
  });
  t.teardown(async () => {
    stop.abort();
    await served;
  });
  /** Sends bytes; resolves with what came back within 100 ms, hex. */
  const ask = async (...chunks: readonly string[]): Promise<string> => {
    received = Buffer.alloc(0);
    for (const hex of chunks) {
      near.write(Buffer.from(hex, 'hex'));
      await settle();
    }
    await clock.advance(100);
    return received.toString('hex');
  };
  return { ask, near, far, image, clock, stop, served };
}

const word = (n: number) => n.toString(16).padStart(4, '0');
const mbap = (id: number, unit: number, pdu: string) =>
  `${word(id)}0000${word(pdu.length / 2 + 1)}${unit.toString(16).padStart(2, '0')}${pdu}`;
const rtu = (unit: number, pdu: string) => encodeRtu(unit, Buffer.from(pdu, 'hex')).toString('hex');

/** Request PDU → response PDU. Addresses 0 to 9999 exist, holding registers hold their address. */
const CASES: readonly (readonly [name: string, request: string, response: string])[] = [
  ['FC 3, two registers', '03000a0002', '0304000a000b'],
  ['FC 3 beyond the end: exception 2', `03${word(9_999)}0005`, '8302'],
  ['FC 3 far beyond the end: exception 2', `03${word(20_000)}0002`, '8302'],
  ['FC 3 over the end of the address space: exception 2', '03ffff0002', '8302'],
  ['FC 3, quantity 0: exception 3', '0300000000', '8303'],
  ['FC 3, quantity 126: exception 3', '030000007e', '8303'],
  ['FC 3, quantity 2000: exception 3', '03000007d0', '8303'],
  ['FC 1, quantity 2001: exception 3', '01000007d1', '8103'],
  ['FC 1, 10 coils in 2 bytes', '010000000a', '01020000'],
  ['FC 6 first beyond the end: exception 2', `06${word(10_000)}0001`, '8602'],
  ['FC 5 far beyond the end: exception 2', `05${word(20_000)}ff00`, '8502'],
  ['FC 5, a value that is neither: exception 3', '0500011234', '8503'],
  ['FC 15 over the end: exception 2', `0f${word(9_999)}000801ff`, '8f02'],
  ['FC 15, byte count too small: exception 3', '0f0000000901ff', '8f03'],
  ['FC 16, byte count against quantity: exception 3', '100000000202' + '0001', '9003'],
  ['FC 16, data shorter than its byte count: exception 3', '100000000204' + '0001', '9003'],
  ['FC 16 over the end: exception 2', `10${word(9_999)}00020400010002`, '9002'],
  ['FC 16, quantity 124: exception 3', `100000007cf8${'00'.repeat(247)}`, '9003'],
  ['FC 22: bits of a register', '16001400ff1200', '16001400ff1200'],
  ['what FC 22 left', '0300140001', '03021214'],
  ['FC 22 beyond the end: exception 2', `16${word(10_000)}00ff0000`, '9602'],
  ['FC 23: first the write, then the read', '17001500020016000102' + 'beef', '17040015beef'],
  ['FC 23, byte count against quantity: exception 3', '17000000020000000201' + '0001', '9703'],
  ['FC 23, nothing to write: exception 3', '17000000020000000000', '9703'],
  ['FC 23, reads 126: exception 3', '170000007e0000000102' + '0001', '9703'],
  ['FC 23 over the end: exception 2', `17${word(9_999)}000200000001020000`, '9702'],
  ['FC 43/14 without identity: exception 1', '2b0e0100', 'ab01'],
  ['FC 17: exception 1', '11', '9101'],
  ['FC 80: exception 1', '500102', 'd001'],
];

t.test('TCP', async (t) => {
  const { ask, image } = open(t, 'tcp');
  for (const [name, request, response] of CASES) {
    t.equal(await ask(mbap(0x1234, 1, request)), mbap(0x1234, 1, response), name);
  }
  t.equal(await ask(mbap(1, 1, '0300')), mbap(1, 1, '8303'), 'a PDU cut short: exception 3');
  t.equal(await ask(mbap(1, 77, '03000a0001')), mbap(1, 77, '830b'), 'a unit that is not there: exception 11');

  const inOrder = [mbap(1, 1, '0600050001'), mbap(2, 1, '0600050002'), mbap(3, 1, '0300050001')];
  t.equal(
    await ask(inOrder.join('')),
    [mbap(1, 1, '0600050001'), mbap(2, 1, '0600050002'), mbap(3, 1, '03020002')].join(''),
    'requests in one segment are carried out and answered in order',
  );
  t.equal(image.tables.holding[5], 2);
  t.equal(
    await ask(...(mbap(7, 1, '03000a0001').match(/../g) ?? [])),
    mbap(7, 1, '0302000a'),
    'a request in single bytes',
  );
});

for (const [name, hex] of [
  ['protocol 1', '000100010006010300000001'],
  ['length 0', '000100000000010300000001'],
  ['length 255', '0001000000ff0103'],
] as const) {
  t.test(`TCP: a header with ${name} closes the connection`, async (t) => {
    const { ask, near, served } = open(t, 'tcp');
    t.equal(await ask(hex), '');
    await served;
    t.ok(near.destroyed);
  });
}

t.test('TCP: a master that does not read its answers is not read from, and loses nothing', async (t) => {
  const { near, clock, far } = open(t, 'tcp');
  near.pause();
  const write = far._write.bind(far);
  const held: (() => void)[] = [];
  far._write = (chunk, encoding, callback) => write(chunk, encoding, (error) => void held.push(() => callback(error)));
  for (let id = 0; id < 2_000; id++) near.write(Buffer.from(mbap(id, 1, '030000007d'), 'hex'));
  await clock.advance(10);
  t.ok(far.writableLength < 100_000, 'what waits to be sent is limited');
  const chunks: Buffer[] = [];
  near.on('data', (chunk: Buffer) => void chunks.push(chunk));
  near.resume();
  while (held.length > 0) {
    for (const release of held.splice(0)) release();
    await settle();
  }
  t.equal(Buffer.concat(chunks).length, 2_000 * 259);
});

t.test('an image that fails or returns too little: exception 4, and the server lives', async (t) => {
  const broken: RegisterImage = {
    read: (_table, start) => {
      if (start === 0) throw new Error('broken');
      return start === 1 ? [1] : 6;
    },
    write: () => {
      throw new Error('broken');
    },
  };
  const { ask } = open(t, 'tcp', new Map([[1, broken]]));
  t.equal(await ask(mbap(1, 1, '0300000001')), mbap(1, 1, '8304'));
  t.equal(await ask(mbap(1, 1, '0300010002')), mbap(1, 1, '8304'));
  t.equal(await ask(mbap(1, 1, '0300020001')), mbap(1, 1, '8306'));
  t.equal(await ask(mbap(1, 1, '0600000001')), mbap(1, 1, '8604'));
});

t.test('RTU', async (t) => {
  const { ask, image } = open(t, 'rtu');
  for (const [name, request, response] of CASES) {
    const known = /byte count|data shorter|124|nothing to write/.test(name);
    if (!known) t.equal(await ask(rtu(1, request)), rtu(1, response), name);
  }
  t.equal(await ask(rtu(1, '100000000202' + '0001')), rtu(1, '9003'), 'byte count against quantity: exception 3');
  t.equal(await ask(rtu(9, '03000a0001')), '', 'another unit: silence');
  t.equal(await ask(`f7${rtu(1, '03000a0001')}`), rtu(1, '0302000a'), 'noise in front');
  t.equal(await ask(`01${rtu(1, '03000a0001')}`), rtu(1, '0302000a'), 'noise that looks like the unit');
  t.equal(await ask(`0110${rtu(1, '03000a0001')}`), rtu(1, '0302000a'), 'noise that looks like a long request');
  t.equal(await ask(rtu(1, '03000a0001').slice(0, 10)), '', 'a cut request: silence');
  t.equal(await ask(rtu(1, '03000a0001')), rtu(1, '0302000a'), 'and the next is served');
  t.equal(await ask(`${rtu(1, '03000a0001').slice(0, 14)}00`), '', 'a wrong CRC: silence');
  t.equal(await ask(...(rtu(1, '03000a0001').match(/../g) ?? [])), rtu(1, '0302000a'), 'single bytes');
  t.equal(await ask(rtu(0, '0600070063')), '', 'a broadcast is not answered');
  t.equal(image.tables.holding[7], 99, 'but carried out');
  t.equal(await ask(rtu(0, '0300070001')), '', 'a broadcast read is nothing');
});

t.test('RTU: a master that asks on without waiting gets no more than 16 answers at once', async (t) => {
  const { ask, image, stop, served } = open(t, 'rtu');
  const request = rtu(1, '03000a0001');
  t.equal(await ask(`${request.repeat(40)}${rtu(1, '0600070063')}`), rtu(1, '0302000a').repeat(16));
  t.equal(image.tables.holding[7], 7, 'what is not answered is not done either');
  t.equal(await ask(request), rtu(1, '0302000a'));
  stop.abort();
  t.equal(await served, 25, 'what was not served is counted');
});

for (const framing of ['tcp', 'rtu'] as const) {
  t.test(`${framing}: random bytes never stop it, and the end of the wire or the signal does`, async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), async (chunks) => {
        const { near, clock, served } = open(t, framing);
        for (const chunk of chunks) if (near.writable) near.write(Buffer.from(chunk));
        await clock.advance(100);
        near.destroy();
        await served;
        return clock.pending === 0;
      }),
      { numRuns: 100 },
    );
    const { near, stop, served, clock } = open(t, framing);
    stop.abort();
    await served;
    await settle();
    t.ok(near.destroyed);
    t.equal(clock.pending, 0);
  });

  t.test(`${framing}: random PDUs are answered with their function or its exception`, async (t) => {
    const { ask } = open(t, framing);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 253 }), async (bytes) => {
        const pdu = Buffer.from(bytes).toString('hex');
        const answer = await ask(framing === 'tcp' ? mbap(1, 1, pdu) : rtu(1, pdu));
        if (framing === 'rtu') return answer === '' || answer.startsWith('01');
        return (Number.parseInt(answer.slice(14, 16), 16) & 0x7f) === (bytes[0]! & 0x7f);
      }),
      { numRuns: 200 },
    );
    t.pass('200 requests');
  });
}

/** An image whose answers come when they are told to. */
function slowImage() {
  const waiting: ((value: number) => void)[] = [];
  const image: RegisterImage = {
    read: () => new Promise((resolve) => waiting.push((value) => resolve([value]))),
    write: async () => undefined,
    identity: ['ACME', 'B-7', '1.4', '', 'Pump', 'x'.repeat(240)],
  };
  return { image, waiting };
}

t.test('TCP: answers from elsewhere come in the order of the requests, other masters do not wait', async (t) => {
  const { image, waiting } = slowImage();
  const units = new Map([[1, image]]);
  const first = open(t, 'tcp', units);
  const second = open(t, 'tcp', units);
  t.equal(await first.ask(mbap(1, 1, '0300000001') + mbap(2, 1, '0600050001') + mbap(3, 1, '0300000001')), '');
  t.equal(waiting.length, 1, 'one request at a time');
  t.equal(await second.ask(mbap(9, 1, '0600050001')), mbap(9, 1, '0600050001'));
  waiting[0]!(7);
  t.equal(await first.ask(''), mbap(1, 1, '03020007') + mbap(2, 1, '0600050001'));
  waiting[1]!(8);
  t.equal(await first.ask(''), mbap(3, 1, '03020008'));
});

for (const framing of ['tcp', 'rtu'] as const) {
  t.test(`${framing}: random bytes, with answers from elsewhere, early and late`, async (t) => {
    const frames = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('hex')),
      fc
        .constantFrom('0300000001', '0600050001', '16000500ff0000', '17000000020000000102' + '0001', '2b0e0200')
        .map((pdu) => (framing === 'tcp' ? mbap(1, 1, pdu) : rtu(1, pdu))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(frames, fc.boolean(), fc.boolean()), { maxLength: 12 }), async (steps) => {
        const { image, waiting } = slowImage();
        const { near, clock, served, stop } = open(t, framing, new Map([[1, image]]));
        for (const [hex, answers, fails] of steps) {
          if (near.writable) near.write(Buffer.from(hex, 'hex'));
          await settle();
          // One number where more were asked for is an image that fails.
          if (answers) waiting.splice(0).forEach((answer) => void answer(fails ? 70_000 : 7));
        }
        await clock.advance(100);
        near.destroy();
        stop.abort();
        for (const answer of waiting) answer(0);
        await served;
        await settle();
        return clock.pending === 0;
      }),
      { numRuns: 100 },
    );
    t.pass();
  });
}

t.test('RTU: an answer that comes after the line has spoken again is not sent', async (t) => {
  const { image, waiting } = slowImage();
  const { ask, stop, served } = open(t, 'rtu', new Map([[1, image]]));
  t.equal(await ask(rtu(1, '0300000001')), '');
  waiting[0]!(7);
  t.equal(await ask(''), rtu(1, '03020007'), 'late, but nobody else spoke');
  t.equal(await ask(rtu(1, '0300000001')), '');
  t.equal(await ask(rtu(1, '0300090001')), '', 'the master has given up and asks for something else');
  waiting[1]!(1);
  t.equal(await ask(''), '', 'the old answer would be taken for that of the new question');
  waiting[2]!(2);
  t.equal(await ask(''), rtu(1, '03020002'));
  stop.abort();
  t.equal(await served, 1, 'and it is counted');
});

t.test('43/14: basic, regular, one object, and what does not fit one answer', async (t) => {
  const { ask } = open(t, 'tcp', new Map([[1, slowImage().image]]));
  const text = (hex: string) => Buffer.from(hex.slice(14), 'hex').toString('latin1');
  const basic = await ask(mbap(1, 1, '2b0e0100'));
  t.equal(
    basic.slice(14),
    `2b0e0182000003${'0004'}${Buffer.from('ACME').toString('hex')}0103${Buffer.from('B-7').toString('hex')}0203${Buffer.from('1.4').toString('hex')}`,
  );
  t.match(text(await ask(mbap(1, 1, '2b0e0404'))), /Pump$/);
  t.equal((await ask(mbap(1, 1, '2b0e0410'))).slice(14), 'ab02', 'no such object');
  t.equal((await ask(mbap(1, 1, '2b0e0500'))).slice(14), 'ab03', 'no such code');
  t.equal((await ask(mbap(1, 1, '2b0d0000'))).slice(14), 'ab01', 'CANopen');
  const regular = Buffer.from((await ask(mbap(1, 1, '2b0e0200'))).slice(14), 'hex');
  t.strictSame([regular[4], regular[5], regular[6]], [0xff, 5, 5], 'more follows from object 5 on');
  const rest = Buffer.from((await ask(mbap(1, 1, '2b0e0205'))).slice(14), 'hex');
  t.strictSame([rest[4], rest[6], rest.length], [0, 1, 249]);
  const beyond = Buffer.from((await ask(mbap(1, 1, '2b0e0177'))).slice(14), 'hex');
  t.equal(beyond[7], 0, 'a stream from an object that is not there begins anew');
});
