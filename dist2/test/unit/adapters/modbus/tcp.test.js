import { Duplex } from "node:stream";
import fc from "fast-check";
import t, {} from "tap";
import { encodeMbap, MbapSplitter } from "../../../../adapters/modbus/mbap.js";
import {
  readRequest,
  writeMultipleRegisters,
  writeSingleRegister
} from "../../../../adapters/modbus/pdu.js";
import { TcpMaster } from "../../../../adapters/modbus/tcp.js";
import { duplexPair } from "../../../support/duplex-pair.js";
import { ManualClock, settle } from "../../../support/manual-clock.js";
import { eventually } from "../../../support/peers.js";
function answer({ id, unit, start, quantity }, change = {}) {
  const pdu = Buffer.alloc(2 + 2 * quantity);
  pdu[0] = change.fc ?? 3;
  pdu[1] = 2 * quantity;
  for (let n = 0; n < quantity; n++) pdu.writeUInt16BE(start + n, 2 + 2 * n);
  return encodeMbap(change.id ?? id, change.unit ?? unit, pdu);
}
function open(t2, script) {
  const [near, far] = duplexPair();
  const clock = new ManualClock();
  const splitter = new MbapSplitter();
  const asked = [];
  far.on("data", (chunk) => {
    splitter.push(chunk);
    for (let frame = splitter.next(); frame !== void 0; frame = splitter.next()) {
      const { transactionId: id, unit, pdu } = frame;
      const start = pdu.readUInt16BE(1);
      const quantity = pdu.readUInt16BE(3);
      const request = { index: asked.length, id, unit, start, quantity, pdu };
      asked.push(request);
      script(request, (bytes) => void far.write(bytes));
    }
  });
  const master = new TcpMaster(near, clock);
  t2.teardown(() => {
    master.close();
    near.destroy();
  });
  const execute = async (request, ms, unit) => {
    const deadline = new AbortController();
    using _timer = clock.after(ms, () => deadline.abort());
    try {
      return await master.execute(unit, request, deadline.signal);
    } catch (error) {
      return error.code;
    }
  };
  const read = async (start, quantity = 1, ms = 100) => {
    const pdu = await execute(readRequest("holding", start, quantity), ms, 1);
    return typeof pdu === "string" ? pdu : Array.from({ length: quantity }, (_, n) => pdu.readUInt16BE(2 + 2 * n));
  };
  return { near, far, clock, asked, master, execute, read };
}
t.test("600 reads at once, answered in reverse: each gets its own registers", async (t2) => {
  const held = [];
  const { read, clock, far, master } = open(t2, (asked) => void held.push(answer(asked)));
  const reads = Array.from({ length: 600 }, (_, n) => read(n, 1, 1e3));
  await eventually(() => held.length === 600);
  far.write(Buffer.concat(held.reverse()));
  t2.strictSame(
    await Promise.all(reads),
    Array.from({ length: 600 }, (_, n) => [n])
  );
  t2.equal(master.discarded, 0);
  t2.equal(clock.pending, 0);
});
t.test("an answer that is late answers nothing, whatever is asked then", async (t2) => {
  const { read, clock, master } = open(t2, (asked, send) => {
    clock.after(asked.index === 0 ? 150 : 20, () => send(answer(asked)));
  });
  const first = read(1111);
  await clock.advance(100);
  t2.equal(await first, "MODBUS_TIMEOUT");
  const second = read(2222);
  await clock.advance(100);
  t2.strictSame(await second, [2222]);
  t2.equal(master.discarded, 1);
});
t.test("an id in use is not given again when the 16 bits wrap", async (t2) => {
  const ids = [];
  const wire = new Duplex({
    read() {
    },
    write(chunk, _encoding, done) {
      const id = chunk.readUInt16BE(0);
      ids.push(id);
      if (ids.length > 1) wire.push(encodeMbap(id, 1, Buffer.concat([Buffer.of(3, 2), chunk.subarray(8, 10)])));
      done();
    }
  });
  const master = new TcpMaster(wire, new ManualClock());
  const never = new AbortController().signal;
  const held = t2.rejects(master.execute(1, readRequest("holding", 7, 1), never), { code: "MODBUS_DISCONNECTED" });
  for (let round = 0; round < 66; round++) {
    const reads = Array.from({ length: 1e3 }, (_, n) => master.execute(1, readRequest("holding", n, 1), never));
    const wrong2 = (await Promise.all(reads)).filter((pdu, n) => pdu.readUInt16BE(2) !== n);
    t2.equal(wrong2.length, 0);
  }
  t2.equal(ids.length, 66001);
  t2.equal(ids.lastIndexOf(ids[0]), 0, "the first id stays reserved");
  master.close();
  wire.destroy();
  await held;
});
const wrong = [
  ["another unit", (asked) => answer(asked, { unit: 9 })],
  ["another function", (asked) => answer(asked, { fc: 4 })],
  ["an unknown function", (asked) => answer(asked, { fc: 65 })],
  ["fewer registers", (asked) => answer({ ...asked, quantity: 1 }), 2],
  ["more registers", (asked) => answer({ ...asked, quantity: 3 }), 2],
  ["a byte count that lies", ({ id, unit }) => encodeMbap(id, unit, Buffer.from("0304000000", "hex")), 2],
  ["an exception of another function", ({ id, unit }) => encodeMbap(id, unit, Buffer.of(132, 2))],
  ["an exception without a code", ({ id, unit }) => encodeMbap(id, unit, Buffer.of(131))]
];
for (const [name, change, quantity = 1] of wrong) {
  t.test(`an answer with ${name} is an error at once, and the next read works`, async (t2) => {
    const { read, clock } = open(t2, (asked, send) => send(asked.index === 0 ? change(asked) : answer(asked)));
    const first = read(5, quantity);
    await clock.advance(5);
    t2.equal(await first, "MODBUS_BAD_FRAME");
    const second = read(6, quantity);
    await clock.advance(5);
    t2.strictSame((await second)[0], 6);
  });
}
t.test("unsolicited frames of any function are passed over", async (t2) => {
  const { read, clock, master } = open(t2, (asked, send) => {
    send(encodeMbap(9999, 1, Buffer.of(65, 1, 2, 3)));
    send(answer(asked, { id: asked.id + 1 }));
    send(answer(asked));
  });
  const first = read(5);
  await clock.advance(5);
  t2.strictSame(await first, [5]);
  t2.equal(master.discarded, 2);
});
t.test("an echo of a write that differs confirms nothing", async (t2) => {
  const { execute, clock } = open(t2, ({ id, unit, pdu }, send) => {
    const echo = Buffer.from(pdu.subarray(0, 5));
    echo[4] ^= 1;
    send(encodeMbap(id, unit, echo));
  });
  const single = execute(writeSingleRegister(5, 42), 100, 1);
  const many = execute(writeMultipleRegisters(5, Buffer.alloc(4)), 100, 1);
  await clock.advance(5);
  t2.strictSame(await Promise.all([single, many]), ["MODBUS_BAD_FRAME", "MODBUS_BAD_FRAME"]);
});
t.test("answers in single bytes are put together", async (t2) => {
  const { read, clock, far } = open(t2, (asked) => {
    for (const [n, byte] of answer(asked).entries()) clock.after(n, () => void far.write(Buffer.of(byte)));
  });
  const first = read(500, 3);
  await clock.advance(50);
  t2.strictSame(await first, [500, 501, 502]);
});
t.test("an exception is an error with its code and what to do", async (t2) => {
  const { master, clock } = open(t2, ({ id, unit }, send) => send(encodeMbap(id, unit, Buffer.of(131, 2))));
  const refused = t2.rejects(master.execute(3, readRequest("holding", 1, 1), new AbortController().signal), {
    code: "MODBUS_EXCEPTION",
    message: "unit 3 refused function 3 with exception 2 (illegal data address)",
    hint: /count from 0/,
    details: { unit: 3, functionCode: 3, exceptionCode: 2 }
  });
  await clock.advance(1);
  await refused;
});
const badHeaders = ["0001000100060103", "0001000000000103", "0001000000010103", "000100000100010300"];
for (const hex of badHeaders) {
  t.test(`a header that cannot be one (${hex}) drops the connection and fails all that waits`, async (t2) => {
    const { read, clock, far, near, master } = open(t2, () => {
    });
    const reads = [read(1), read(2)];
    await clock.advance(1);
    far.write(Buffer.from(hex, "hex"));
    await clock.advance(1);
    t2.strictSame(await Promise.all(reads), ["MODBUS_DISCONNECTED", "MODBUS_DISCONNECTED"]);
    t2.ok(near.destroyed);
    await t2.rejects(master.execute(1, readRequest("coil", 0, 1), new AbortController().signal), {
      code: "MODBUS_DISCONNECTED",
      cause: { code: "MODBUS_BAD_FRAME" }
    });
  });
}
for (const how of ["end", "destroy"]) {
  t.test(`the peer closes (${how}) with requests in flight: they fail at once`, async (t2) => {
    const { read, clock, far } = open(t2, () => {
    });
    const reads = [read(1, 1, 1e6), read(2, 1, 1e6)];
    await clock.advance(1);
    far[how]();
    await settle();
    t2.strictSame(await Promise.all(reads), ["MODBUS_DISCONNECTED", "MODBUS_DISCONNECTED"]);
    t2.equal(clock.pending, 0);
  });
}
t.test("a deadline that passed before sends nothing; too many at once are refused", async (t2) => {
  const { master, read, asked, clock } = open(t2, () => {
  });
  await t2.rejects(master.execute(1, readRequest("coil", 0, 1), AbortSignal.abort()), { code: "MODBUS_NOT_SENT" });
  const reads = Array.from({ length: 1025 }, (_, n) => read(n));
  await eventually(() => asked.length === 1024);
  await clock.advance(100);
  t2.equal((await Promise.all(reads)).filter((code) => code === "MODBUS_QUEUE_FULL").length, 1);
});
t.test(
  "a request the wire did not take by its deadline must not be carried out later: the wire is closed",
  async (t2) => {
    const { near, read, clock } = open(t2, () => {
    });
    near._write = () => {
    };
    const first = read(1);
    await clock.advance(100);
    t2.equal(await first, "MODBUS_TIMEOUT");
    await clock.advance(249);
    t2.notOk(near.destroyed, "a busy machine may need a moment");
    await clock.advance(1);
    t2.ok(near.destroyed);
    t2.equal(clock.pending, 0);
  }
);
t.test("random bytes never throw and never become an answer", async (t2) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), async (chunks) => {
      const { read, clock, far, near } = open(t2, () => {
      });
      const first = read(100, 2);
      for (const chunk of chunks) far.write(Buffer.from(chunk));
      await clock.advance(100);
      near.destroy();
      return typeof await first === "string";
    }),
    { numRuns: 100 }
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 253 }), async (pdu) => {
      const { read, clock } = open(t2, ({ id, unit }, send) => send(encodeMbap(id, unit, Buffer.from(pdu))));
      const first = read(100, 2);
      await clock.advance(100);
      const outcome = await first;
      return typeof outcome === "string" || pdu.length === 6 && pdu[0] === 3 && pdu[1] === 4;
    }),
    { numRuns: 100 }
  );
  t2.pass("200 connections of noise");
});
//# sourceMappingURL=tcp.test.js.map
