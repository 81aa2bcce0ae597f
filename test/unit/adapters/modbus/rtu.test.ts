/** The RTU master against scripted slaves, on wires in memory. */
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { asciiFraming } from '../../../../adapters/modbus/ascii-frame.js';
import { readRequest, writeSingleRegister } from '../../../../adapters/modbus/pdu.js';
import { SerialMaster } from '../../../../adapters/modbus/serial.js';
import { duplexPair } from '../../../support/duplex-pair.js';
import { ManualClock, settle } from '../../../support/manual-clock.js';
import { rtuFaults } from '../../../support/rtu-faults.js';
import { answerTo, execute, readRegisters, type Script, scriptedLine } from '../../../support/rtu-line.js';

async function open(t: Test, script: Script, lateWindowMs?: number) {
  const clock = new ManualClock();
  const line = scriptedLine(duplexPair(), clock, (ms) => clock.advance(ms), script, lateWindowMs);
  t.teardown(() => line.close());
  return { ...line, clock };
}

rtuFaults(t, open);

t.test('ASCII', async (t) => {
  const openAscii = async (t: Test, script: Script, lateWindowMs?: number) => {
    const clock = new ManualClock();
    const pass = (ms: number) => clock.advance(ms);
    const line = scriptedLine(duplexPair(), clock, pass, script, lateWindowMs, asciiFraming());
    t.teardown(() => line.close());
    return { ...line, clock };
  };
  rtuFaults(t, openAscii, true);
});

t.test('600 reads at once: each gets its own registers, one after the other', async (t) => {
  const line = await open(t, (asked, send, after) => void after(1, () => send(answerTo(asked))));
  const reads = Array.from({ length: 600 }, (_, n) => readRegisters(line, n, 1, 60_000));
  await line.clock.advance(10_000);
  t.strictSame(
    await Promise.all(reads),
    Array.from({ length: 600 }, (_, n) => [n]),
  );
  t.equal(line.clock.pending, 0, 'no timer is left');
});

t.test('more requests than the queue takes are refused', async (t) => {
  const line = await open(t, () => {});
  const reads = Array.from({ length: 1_030 }, (_, n) => readRegisters(line, n, 1, 1_000));
  await line.clock.advance(1_000);
  const results = await Promise.all(reads);
  t.equal(results.filter((code) => code === 'MODBUS_QUEUE_FULL').length, 6);
  t.equal(results.filter((code) => code === 'MODBUS_TIMEOUT').length, 1);
  t.equal(results.filter((code) => code === 'MODBUS_NOT_SENT').length, 1_023);
});

t.test('frames are four milliseconds apart, also after an answer', async (t) => {
  const times: number[] = [];
  const line = await open(t, (asked, send) => {
    times.push(line.clock.monotonic());
    send(answerTo(asked));
  });
  const reads = [readRegisters(line, 1), readRegisters(line, 2)];
  await line.clock.advance(50);
  t.strictSame(await Promise.all(reads), [[1], [2]]);
  t.strictSame(times, [4, 8]);
});

t.test('the connection is lost: the one in flight and all that wait fail at once', async (t) => {
  const line = await open(t, () => {});
  const reads = [1, 2, 3].map((n) => readRegisters(line, n, 1, 60_000));
  await line.clock.advance(10);
  line.far.destroy();
  await settle();
  t.strictSame(await Promise.all(reads), ['MODBUS_DISCONNECTED', 'MODBUS_DISCONNECTED', 'MODBUS_DISCONNECTED']);
  t.equal(await readRegisters(line, 4), 'MODBUS_DISCONNECTED');
  await line.clock.advance(60_000);
  t.equal(line.clock.pending, 0);
});

t.test('closing fails what waits and leaves the wire to its owner', async (t) => {
  const [near, far] = duplexPair();
  const clock = new ManualClock();
  const master = new SerialMaster(near, { clock, silenceMs: 4, lateWindowMs: undefined });
  const lost = t.rejects(master.execute(1, readRequest('coil', 0, 1), new AbortController().signal), {
    code: 'MODBUS_DISCONNECTED',
  });
  master.close();
  await lost;
  t.notOk(near.destroyed);
  t.equal(near.listenerCount('data'), 0);
  t.equal(clock.pending, 0);
  far.destroy();
});

t.test('a deadline that has passed already sends nothing; the message says the unit and the time', async (t) => {
  const line = await open(t, () => {});
  await t.rejects(line.master.execute(7, readRequest('coil', 0, 1), AbortSignal.abort()), {
    code: 'MODBUS_NOT_SENT',
    message: 'unit 7 was not asked: the line was not free within 0 ms',
  });
  const read = execute(line, 7, readRequest('coil', 0, 1), 250);
  const timeout = t.rejects(line.master.execute(7, readRequest('coil', 0, 1), new AbortController().signal), {
    code: 'MODBUS_DISCONNECTED',
  });
  await line.clock.advance(250);
  t.equal(await read, 'MODBUS_TIMEOUT');
  await line.close();
  await timeout;
});

t.test('a time-out says unit, ms and what came instead', async (t) => {
  const line = await open(t, (_asked, send) => send(Buffer.from('0102', 'hex')));
  const deadline = new AbortController();
  line.clock.after(250, () => deadline.abort());
  const late = t.rejects(line.master.execute(7, readRequest('coil', 0, 1), deadline.signal), {
    code: 'MODBUS_TIMEOUT',
    fault: 'device',
    message: 'unit 7 did not answer within 250 ms; something else came once',
    details: { unit: 7, timeoutMs: 250, sent: true, discarded: 1 },
  });
  await line.clock.advance(250);
  await late;
});

t.test('a request that the wire did not take by its deadline must not go out later: the wire is closed', async (t) => {
  const [near, far] = duplexPair();
  const clock = new ManualClock();
  near._write = () => {};
  const master = new SerialMaster(near, { clock, silenceMs: 4, lateWindowMs: undefined });
  const deadline = new AbortController();
  const read = t.rejects(master.execute(1, readRequest('coil', 0, 1), deadline.signal), { code: 'MODBUS_TIMEOUT' });
  await clock.advance(10);
  deadline.abort();
  await read;
  const next = t.rejects(master.execute(2, readRequest('coil', 0, 1), new AbortController().signal), {
    code: 'MODBUS_DISCONNECTED',
    details: { sent: false },
  });
  await clock.advance(249);
  t.notOk(near.destroyed, 'a busy machine may need a moment');
  await clock.advance(1);
  t.ok(near.destroyed);
  await next;
  t.equal(clock.pending, 0);
  far.destroy();
});

t.test('the late window of the configuration counts', async (t) => {
  const silentFirst: Script = (asked, send) => {
    if (asked.index > 0) send(answerTo(asked));
  };
  const line = await open(t, silentFirst, 2_000);
  const lost = readRegisters(line, 100);
  await line.clock.advance(100);
  t.equal(await lost, 'MODBUS_TIMEOUT');
  const next = readRegisters(line, 200, 1, 5_000);
  await line.clock.advance(1_990);
  t.equal(line.asked.length, 1);
  await line.clock.advance(20);
  t.strictSame(await next, [200]);
  t.strictSame(
    line.asked.map(({ start, quantity }) => [start, quantity]),
    [
      [100, 1],
      [200, 2],
      [200, 1],
    ],
    'the first answer may still come: what is asked next cannot be taken for it',
  );
});

t.test('a late answer in one piece with the answer of a neighbour settles both', async (t) => {
  const late: Buffer[] = [];
  const line = await open(t, (asked, send) => {
    if (asked.index === 0) late.push(answerTo(asked));
    else send(Buffer.concat([...late.splice(0), answerTo(asked)]));
  });
  const lost = readRegisters(line, 100, 1, 100, 3);
  await line.clock.advance(100);
  t.equal(await lost, 'MODBUS_TIMEOUT');
  const neighbour = readRegisters(line, 700, 1, 100, 4);
  await line.clock.advance(10);
  t.strictSame(await neighbour, [700]);
  const next = readRegisters(line, 200, 1, 100, 3);
  await line.clock.advance(10);
  t.strictSame(await next, [200], 'the unit owes nothing any more');
});

t.test('an echo once heard is expected from then on, also after one that noise spoiled', async (t) => {
  const line = await open(t, (asked, send) => {
    if (asked.index !== 1) send(asked.frame);
    if (asked.index < 2) send(answerTo(asked));
  });
  for (const start of [100, 200]) {
    const read = readRegisters(line, start);
    await line.clock.advance(20);
    t.strictSame(await read, [start]);
  }
  const write = execute(line, 3, writeSingleRegister(1, 1), 100);
  await line.clock.advance(100);
  t.equal(await write, 'MODBUS_TIMEOUT', 'only its echo came');
});

t.test('random bytes never throw and never become an answer', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), async (chunks) => {
      const line = await open(t, () => {});
      const read = readRegisters(line, 100, 2, 100);
      const write = execute(line, 3, writeSingleRegister(1, 1), 100);
      await line.clock.advance(5);
      for (const chunk of chunks) line.far.write(Buffer.from(chunk));
      await line.clock.advance(100);
      const outcomes = await Promise.all([read, write]);
      await line.close();
      return outcomes.every((outcome) => typeof outcome === 'string');
    }),
    { numRuns: 100 },
  );
  t.pass('100 lines of noise');
});
