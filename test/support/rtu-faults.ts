/** Faults of a serial line, with RTU or ASCII frames. The same on wires in memory with a clock that tests move, and on pseudo terminals. */
import type { Test } from 'tap';
import { encodeAscii } from '../../adapters/modbus/ascii-frame.js';
import { writeSingleCoil, writeSingleRegister } from '../../adapters/modbus/pdu.js';
import { encodeRtu } from '../../adapters/modbus/rtu-frame.js';
import { answerTo, execute, type Line, readRegisters, type Script } from './rtu-line.js';

export type OpenLine = (t: Test, script: Script, lateWindowMs?: number) => Promise<Line>;

/** Awaits reads while time passes in steps, until they are settled. */
async function settled<T>(line: Line, work: Promise<T>): Promise<T> {
  let done = false;
  const watched = work.finally(() => {
    done = true;
  });
  while (!done) await line.pass(5);
  return watched;
}

/** Reads 100, 200, 300 … one after the other. */
async function readInTurn(line: Line, count: number, ms = 100, quantity = 1): Promise<unknown[]> {
  const results: unknown[] = [];
  for (let n = 1; n <= count; n++) results.push(await settled(line, readRegisters(line, n * 100, quantity, ms)));
  return results;
}

const first =
  (fault: Script): Script =>
  (asked, send, after) => {
    if (asked.index === 0) fault(asked, send, after);
    else send(answerTo(asked));
  };

/** @param isAscii - the lines that are opened have ASCII frames */
export function rtuFaults(t: Test, open: OpenLine, isAscii = false): void {
  /** Of a frame: unit and function. */
  const headBytes = isAscii ? 5 : 2;
  /** Of an answer: up to its byte count, which no echo has. */
  const cutBytes = isAscii ? 7 : 5;

  t.test('a late answer is thrown away, and the next request waits for it', async (t) => {
    const line = await open(
      t,
      first((asked, send, after) => void after(150, () => send(answerTo(asked)))),
    );
    t.strictSame(await readInTurn(line, 3), ['MODBUS_TIMEOUT', [200], [300]]);
    t.equal(line.master.discarded, 1);
  });

  t.test('every answer late: never a value of another read, and no request on top of another', async (t) => {
    const line = await open(t, (asked, send, after) => void after(130, () => send(answerTo(asked))));
    for (const result of await readInTurn(line, 4)) t.match(result, /MODBUS_(TIMEOUT|NOT_SENT)/);
    t.strictSame(await settled(line, readRegisters(line, 500, 1, 1_000)), [500]);
  });

  t.test('a unit that stays silent is asked again after the late window, its neighbour at once', async (t) => {
    const line = await open(t, (asked, send) => {
      if (asked.unit !== 3 || asked.index > 1) send(answerTo(asked));
    });
    t.strictSame(await settled(line, readRegisters(line, 100, 1, 100, 3)), 'MODBUS_TIMEOUT');
    t.strictSame(await settled(line, readRegisters(line, 100, 1, 100, 4)), [100]);
    t.strictSame(await settled(line, readRegisters(line, 200, 1, 100, 3)), 'MODBUS_NOT_SENT', 'still waiting');
    t.equal(line.asked.length, 2, 'what was given up in the queue never went out');
    t.strictSame(await settled(line, readRegisters(line, 300, 1, 400, 3)), [300]);
  });

  t.test('a late answer while a neighbour is asked belongs to nobody', async (t) => {
    const line = await open(t, (asked, send, after) => {
      if (asked.index === 0) after(110, () => send(answerTo(asked)));
      else if (asked.index === 1) after(40, () => send(answerTo(asked)));
      else send(answerTo(asked));
    });
    t.strictSame(await settled(line, readRegisters(line, 100, 1, 100, 3)), 'MODBUS_TIMEOUT');
    t.strictSame(await settled(line, readRegisters(line, 700, 1, 100, 4)), [700]);
    t.strictSame(await settled(line, readRegisters(line, 200, 1, 400, 3)), [200]);
  });

  for (const isSlow of [false, true]) {
    const title = isSlow ? 'and so does the one after it' : 'while the next is answered at once';
    t.test(`an answer comes even after the late window, ${title}: it is never taken for another`, async (t) => {
      let freeAt = 0;
      const line = await open(
        t,
        (asked, send, after) => {
          // Units answer in turn: behind a slow answer the next ones wait.
          const ms = asked.index === 0 ? 700 : 5;
          freeAt = Math.max(isSlow ? freeAt : 0, line.clock.monotonic()) + ms;
          after(freeAt - line.clock.monotonic(), () => send(answerTo(asked)));
        },
        50,
      );
      t.strictSame(await settled(line, readRegisters(line, 100, 2, 100)), 'MODBUS_TIMEOUT');
      const results = [];
      for (const start of [200, 300, 400, 500]) results.push(await settled(line, readRegisters(line, start, 2, 2_000)));
      t.strictSame(results, [
        [200, 201],
        [300, 301],
        [400, 401],
        [500, 501],
      ]);
      t.ok(line.asked.length <= 6, 'one more request than was asked for');
    });
  }

  t.test('a truncated frame costs one time-out', async (t) => {
    const line = await open(
      t,
      first((asked, send) => send(answerTo(asked).subarray(0, cutBytes))),
    );
    t.strictSame(await readInTurn(line, 3), ['MODBUS_TIMEOUT', [200], [300]]);
  });

  t.test('a noise byte in front is passed over', async (t) => {
    const line = await open(
      t,
      first((asked, send) => send(Buffer.concat([Buffer.of(0xf7), answerTo(asked)]))),
    );
    t.strictSame(await readInTurn(line, 2), [[100], [200]]);
    t.equal(line.master.discarded, 1);
  });

  t.test('a noise byte that looks like the unit is passed over', async (t) => {
    const line = await open(
      t,
      first((asked, send) => send(Buffer.concat([answerTo(asked).subarray(0, headBytes), answerTo(asked)]))),
    );
    t.strictSame(await readInTurn(line, 2), [[100], [200]]);
  });

  t.test('a flipped bit costs one time-out', async (t) => {
    const garble: Script = (asked, send) => {
      const frame = answerTo(asked);
      frame[isAscii ? 8 : 4]! ^= 0x10;
      send(frame);
    };
    const line = await open(t, first(garble));
    t.strictSame(await readInTurn(line, 3), ['MODBUS_TIMEOUT', [200], [300]]);
  });

  t.test('an answer of another unit is not ours', async (t) => {
    const foreign: Script = (asked, send, after) => {
      send(answerTo({ ...asked, unit: 9, start: 7 }));
      after(30, () => send(answerTo(asked)));
    };
    const line = await open(t, foreign);
    t.strictSame(await readInTurn(line, 2), [[100], [200]]);
  });

  t.test('only an answer of another unit: a time-out', async (t) => {
    const line = await open(
      t,
      first((asked, send) => send(answerTo({ ...asked, unit: 9 }))),
    );
    t.strictSame(await readInTurn(line, 1), ['MODBUS_TIMEOUT']);
    t.strictSame(await settled(line, readRegisters(line, 200, 1, 500)), [200]);
  });

  t.test('answers to another request (length, function) are not ours, nor is an unknown function', async (t) => {
    const line = await open(t, (asked, send) => {
      send(answerTo({ ...asked, quantity: asked.quantity + 1 }));
      send(answerTo({ ...asked, functionCode: 4 }));
      send(asked.framing.encode(asked.unit, Buffer.of(0x41, 1, 2, 3)));
      send(answerTo(asked));
    });
    t.strictSame(await readInTurn(line, 3), [[100], [200], [300]]);
  });

  t.test('a short answer (one register where two were asked) is none', async (t) => {
    const line = await open(
      t,
      first((asked, send) => send(answerTo({ ...asked, quantity: 1 }))),
    );
    t.strictSame(await settled(line, readRegisters(line, 100, 2)), 'MODBUS_TIMEOUT');
    t.strictSame(await settled(line, readRegisters(line, 200, 2, 500)), [200, 201]);
  });

  t.test('an answer in single bytes is put together', async (t) => {
    const line = await open(t, (asked, send, after) => {
      for (const [index, byte] of answerTo(asked).entries()) after(index * 2, () => send(Buffer.of(byte)));
    });
    t.strictSame(await readInTurn(line, 2, 500, 4), [
      [100, 101, 102, 103],
      [200, 201, 202, 203],
    ]);
  });

  t.test('a line that echoes: reads and writes work, the echo confirms nothing', async (t) => {
    const line = await open(t, (asked, send, after) => {
      send(asked.frame);
      if (asked.index < 3) after(10, () => send(answerTo(asked)));
    });
    t.strictSame(await readInTurn(line, 1), [[100]]);
    const write = writeSingleRegister(5, 42);
    t.strictSame(await settled(line, execute(line, 3, write, 100)), write.pdu);
    t.strictSame(await settled(line, execute(line, 3, writeSingleCoil(5, true), 100)), writeSingleCoil(5, true).pdu);
    t.strictSame(await settled(line, execute(line, 3, write, 100)), 'MODBUS_TIMEOUT', 'only the echo came');
    t.equal(line.asked.length, 4);
  });

  t.test('the first request on a line that may echo is never a write that its echo could confirm', async (t) => {
    const line = await open(t, (asked, send) => send(asked.frame));
    t.strictSame(await settled(line, execute(line, 3, writeSingleRegister(5, 42), 100)), 'MODBUS_NOT_SENT');
    t.strictSame(
      line.asked.map(({ functionCode }) => functionCode),
      [3],
      'it was a read',
    );
  });

  t.test('a write on a line that does not echo is preceded by one read, once', async (t) => {
    const line = await open(t, (asked, send) => {
      send(asked.functionCode === 3 ? asked.framing.encode(3, Buffer.of(0x83, 2)) : asked.frame);
    });
    const write = writeSingleRegister(5, 42);
    t.strictSame(await settled(line, execute(line, 3, write, 100)), write.pdu);
    t.strictSame(await settled(line, execute(line, 3, write, 100)), write.pdu);
    t.strictSame(
      line.asked.map(({ functionCode }) => functionCode),
      [3, 6, 6],
    );
  });

  t.test('a line that babbles carries no request, and works when it is quiet again', async (t) => {
    let babbling = true;
    const line = await open(t, (asked, send) => send(answerTo(asked)));
    const babble = () => {
      if (!babbling) return;
      line.far.write(Buffer.of(0x55, 0xaa));
      line.clock.after(2, babble);
    };
    babble();
    await line.pass(10);
    const work = settled(line, readRegisters(line, 100, 1, 60));
    line.clock.after(300, () => {
      babbling = false;
    });
    const outcome = await work;
    t.match(String(outcome), /^(MODBUS_NOT_SENT|MODBUS_TIMEOUT|100)$/, 'an error, or the right value');
    while (babbling) await line.pass(20);
    await line.pass(300);
    t.strictSame(await settled(line, readRegisters(line, 200, 1, 500)), [200]);
  });

  if (isAscii) asciiFaults(t, open);
  else rtuOnly(t, open);
}

function rtuOnly(t: Test, open: OpenLine): void {
  t.test('a frame inside the data of an answer is data', async (t) => {
    const trap = encodeRtu(3, Buffer.of(0x83, 2));
    const pdu = Buffer.concat([Buffer.of(3, 6), trap, Buffer.of(9)]);
    const frame = encodeRtu(3, pdu);
    const line = await open(t, (_asked, send, after) => {
      send(frame.subarray(0, 8));
      after(10, () => send(frame.subarray(8)));
    });
    const answer = await settled(line, readRegisters(line, 100, 3));
    t.strictSame(answer, [0x0383, trap.readUInt16BE(2), (trap[4]! << 8) | 9]);
  });
}

function asciiFaults(t: Test, open: OpenLine): void {
  const ascii = (pdu: Buffer) => encodeAscii(3, pdu);

  t.test('a digit that became another digit: the LRC says so', async (t) => {
    for (const at of [8, 10, 12]) {
      const line = await open(
        t,
        first((asked, send) => {
          const frame = answerTo(asked);
          frame[at] = frame[at] === 0x30 ? 0x31 : 0x30;
          send(frame);
        }),
      );
      t.strictSame(await readInTurn(line, 2, 100, 2), ['MODBUS_TIMEOUT', [200, 201]]);
    }
  });

  t.test('a colon begins a new frame: what was before it is thrown away', async (t) => {
    const line = await open(
      t,
      first((asked, send) => send(Buffer.concat([answerTo(asked).subarray(0, 9), answerTo(asked)]))),
    );
    t.strictSame(await readInTurn(line, 2), [[100], [200]]);
    t.equal(line.master.discarded, 1);
  });

  t.test('a frame without CR, without its end, with half a byte: none', async (t) => {
    const cuts: ((frame: Buffer) => Buffer)[] = [
      (frame) => Buffer.concat([frame.subarray(0, -2), frame.subarray(-1)]),
      (frame) => frame.subarray(0, -1),
      (frame) => Buffer.concat([frame.subarray(0, 5), frame.subarray(6)]),
    ];
    for (const cut of cuts) {
      const line = await open(
        t,
        first((asked, send) => send(cut(answerTo(asked)))),
      );
      t.strictSame(await readInTurn(line, 2), ['MODBUS_TIMEOUT', [200]]);
    }
  });

  t.test('digits in lower case are read', async (t) => {
    const line = await open(t, (_asked, send) => {
      send(
        Buffer.from(
          ascii(Buffer.of(3, 2, 0xab, 0xcd))
            .toString('latin1')
            .toLowerCase(),
          'latin1',
        ),
      );
    });
    t.strictSame(await settled(line, readRegisters(line, 100)), [0xabcd]);
  });

  t.test('a gap of more than a second inside of a frame: none; before it: an answer', async (t) => {
    const line = await open(t, (asked, send, after) => {
      const frame = answerTo(asked);
      if (asked.index === 0) {
        send(frame.subarray(0, 7));
        after(1_200, () => send(frame.subarray(7)));
      } else {
        send(asked.frame);
        after(1_200, () => send(frame));
      }
    });
    t.strictSame(await settled(line, readRegisters(line, 100, 1, 2_000)), 'MODBUS_TIMEOUT');
    t.strictSame(await settled(line, readRegisters(line, 200, 1, 2_000)), [200]);
  });
}
