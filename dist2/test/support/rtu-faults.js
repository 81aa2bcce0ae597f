import { writeSingleCoil, writeSingleRegister } from "../../adapters/modbus/pdu.js";
import { encodeRtu } from "../../adapters/modbus/rtu-frame.js";
import { answerTo, execute, readRegisters } from "./rtu-line.js";
async function settled(line, work) {
  let done = false;
  const watched = work.finally(() => {
    done = true;
  });
  while (!done) await line.pass(5);
  return watched;
}
async function readInTurn(line, count, ms = 100, quantity = 1) {
  const results = [];
  for (let n = 1; n <= count; n++) results.push(await settled(line, readRegisters(line, n * 100, quantity, ms)));
  return results;
}
const first = (fault) => (asked, send, after) => {
  if (asked.index === 0) fault(asked, send, after);
  else send(answerTo(asked));
};
function rtuFaults(t, open) {
  t.test("a late answer is thrown away, and the next request waits for it", async (t2) => {
    const line = await open(
      t2,
      first((asked, send, after) => void after(150, () => send(answerTo(asked))))
    );
    t2.strictSame(await readInTurn(line, 3), ["MODBUS_TIMEOUT", [200], [300]]);
    t2.equal(line.master.discarded, 1);
  });
  t.test("every answer late: never a value of another read, and no request on top of another", async (t2) => {
    const line = await open(t2, (asked, send, after) => void after(130, () => send(answerTo(asked))));
    for (const result of await readInTurn(line, 4)) t2.match(result, /MODBUS_(TIMEOUT|NOT_SENT)/);
    t2.strictSame(await settled(line, readRegisters(line, 500, 1, 1e3)), [500]);
  });
  t.test("a unit that stays silent is asked again after the late window, its neighbour at once", async (t2) => {
    const line = await open(t2, (asked, send) => {
      if (asked.unit !== 3 || asked.index > 1) send(answerTo(asked));
    });
    t2.strictSame(await settled(line, readRegisters(line, 100, 1, 100, 3)), "MODBUS_TIMEOUT");
    t2.strictSame(await settled(line, readRegisters(line, 100, 1, 100, 4)), [100]);
    t2.strictSame(await settled(line, readRegisters(line, 200, 1, 100, 3)), "MODBUS_NOT_SENT", "still waiting");
    t2.equal(line.asked.length, 2, "what was given up in the queue never went out");
    t2.strictSame(await settled(line, readRegisters(line, 300, 1, 400, 3)), [300]);
  });
  t.test("a late answer while a neighbour is asked belongs to nobody", async (t2) => {
    const line = await open(t2, (asked, send, after) => {
      if (asked.index === 0) after(110, () => send(answerTo(asked)));
      else if (asked.index === 1) after(40, () => send(answerTo(asked)));
      else send(answerTo(asked));
    });
    t2.strictSame(await settled(line, readRegisters(line, 100, 1, 100, 3)), "MODBUS_TIMEOUT");
    t2.strictSame(await settled(line, readRegisters(line, 700, 1, 100, 4)), [700]);
    t2.strictSame(await settled(line, readRegisters(line, 200, 1, 400, 3)), [200]);
  });
  t.test("a truncated frame costs one time-out", async (t2) => {
    const line = await open(
      t2,
      first((asked, send) => send(answerTo(asked).subarray(0, 5)))
    );
    t2.strictSame(await readInTurn(line, 3), ["MODBUS_TIMEOUT", [200], [300]]);
  });
  t.test("a noise byte in front is passed over", async (t2) => {
    const line = await open(
      t2,
      first((asked, send) => send(Buffer.concat([Buffer.of(247), answerTo(asked)])))
    );
    t2.strictSame(await readInTurn(line, 2), [[100], [200]]);
    t2.equal(line.master.discarded, 1);
  });
  t.test("a noise byte that looks like the unit is passed over", async (t2) => {
    const line = await open(
      t2,
      first((asked, send) => send(Buffer.concat([Buffer.of(3, 3), answerTo(asked)])))
    );
    t2.strictSame(await readInTurn(line, 2), [[100], [200]]);
  });
  t.test("a flipped bit costs one time-out", async (t2) => {
    const garble = (asked, send) => {
      const frame = answerTo(asked);
      frame[4] ^= 16;
      send(frame);
    };
    const line = await open(t2, first(garble));
    t2.strictSame(await readInTurn(line, 3), ["MODBUS_TIMEOUT", [200], [300]]);
  });
  t.test("an answer of another unit is not ours", async (t2) => {
    const foreign = (asked, send, after) => {
      send(answerTo({ ...asked, unit: 9, start: 7 }));
      after(30, () => send(answerTo(asked)));
    };
    const line = await open(t2, foreign);
    t2.strictSame(await readInTurn(line, 2), [[100], [200]]);
  });
  t.test("only an answer of another unit: a time-out", async (t2) => {
    const line = await open(
      t2,
      first((asked, send) => send(answerTo({ ...asked, unit: 9 })))
    );
    t2.strictSame(await readInTurn(line, 1), ["MODBUS_TIMEOUT"]);
    t2.strictSame(await settled(line, readRegisters(line, 200, 1, 500)), [200]);
  });
  t.test("answers to another request (length, function) are not ours, nor is an unknown function", async (t2) => {
    const line = await open(t2, (asked, send) => {
      send(answerTo({ ...asked, quantity: asked.quantity + 1 }));
      send(answerTo({ ...asked, functionCode: 4 }));
      send(encodeRtu(asked.unit, Buffer.of(65, 1, 2, 3)));
      send(answerTo(asked));
    });
    t2.strictSame(await readInTurn(line, 3), [[100], [200], [300]]);
  });
  t.test("a short answer (one register where two were asked) is none", async (t2) => {
    const line = await open(
      t2,
      first((asked, send) => send(answerTo({ ...asked, quantity: 1 })))
    );
    t2.strictSame(await settled(line, readRegisters(line, 100, 2)), "MODBUS_TIMEOUT");
    t2.strictSame(await settled(line, readRegisters(line, 200, 2, 500)), [200, 201]);
  });
  t.test("an answer in single bytes is put together", async (t2) => {
    const line = await open(t2, (asked, send, after) => {
      for (const [index, byte] of answerTo(asked).entries()) after(index * 2, () => send(Buffer.of(byte)));
    });
    t2.strictSame(await readInTurn(line, 2, 500, 4), [
      [100, 101, 102, 103],
      [200, 201, 202, 203]
    ]);
  });
  t.test("a frame inside the data of an answer is data", async (t2) => {
    const trap = encodeRtu(3, Buffer.of(131, 2));
    const pdu = Buffer.concat([Buffer.of(3, 6), trap, Buffer.of(9)]);
    const frame = encodeRtu(3, pdu);
    const line = await open(t2, (_asked, send, after) => {
      send(frame.subarray(0, 8));
      after(10, () => send(frame.subarray(8)));
    });
    const answer = await settled(line, readRegisters(line, 100, 3));
    t2.strictSame(answer, [899, trap.readUInt16BE(2), trap[4] << 8 | 9]);
  });
  t.test("a line that echoes: reads and writes work, the echo confirms nothing", async (t2) => {
    const line = await open(t2, (asked, send, after) => {
      send(asked.frame);
      if (asked.index < 3) after(10, () => send(answerTo(asked)));
    });
    t2.strictSame(await readInTurn(line, 1), [[100]]);
    const write = writeSingleRegister(5, 42);
    t2.strictSame(await settled(line, execute(line, 3, write, 100)), write.pdu);
    t2.strictSame(await settled(line, execute(line, 3, writeSingleCoil(5, true), 100)), writeSingleCoil(5, true).pdu);
    t2.strictSame(await settled(line, execute(line, 3, write, 100)), "MODBUS_TIMEOUT", "only the echo came");
    t2.equal(line.asked.length, 4);
  });
  t.test("the first request on a line that may echo is never a write that its echo could confirm", async (t2) => {
    const line = await open(t2, (asked, send) => send(asked.frame));
    t2.strictSame(await settled(line, execute(line, 3, writeSingleRegister(5, 42), 100)), "MODBUS_NOT_SENT");
    t2.strictSame(
      line.asked.map(({ functionCode }) => functionCode),
      [3],
      "it was a read"
    );
  });
  t.test("a write on a line that does not echo is preceded by one read, once", async (t2) => {
    const line = await open(t2, (asked, send) => {
      send(asked.functionCode === 3 ? encodeRtu(3, Buffer.of(131, 2)) : asked.frame);
    });
    const write = writeSingleRegister(5, 42);
    t2.strictSame(await settled(line, execute(line, 3, write, 100)), write.pdu);
    t2.strictSame(await settled(line, execute(line, 3, write, 100)), write.pdu);
    t2.strictSame(
      line.asked.map(({ functionCode }) => functionCode),
      [3, 6, 6]
    );
  });
  t.test("a line that babbles carries no request, and works when it is quiet again", async (t2) => {
    let babbling = true;
    const line = await open(t2, (asked, send) => send(answerTo(asked)));
    const babble = () => {
      if (!babbling) return;
      line.far.write(Buffer.of(85, 170));
      line.clock.after(2, babble);
    };
    babble();
    await line.pass(10);
    const work = settled(line, readRegisters(line, 100, 1, 60));
    line.clock.after(300, () => {
      babbling = false;
    });
    const outcome = await work;
    t2.match(String(outcome), /^(MODBUS_NOT_SENT|MODBUS_TIMEOUT|100)$/, "an error, or the right value");
    while (babbling) await line.pass(20);
    await line.pass(300);
    t2.strictSame(await settled(line, readRegisters(line, 200, 1, 500)), [200]);
  });
}
export {
  rtuFaults
};
//# sourceMappingURL=rtu-faults.js.map
