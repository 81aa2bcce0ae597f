import { readRequest } from "../../adapters/modbus/pdu.js";
import { RtuMaster } from "../../adapters/modbus/rtu.js";
import { encodeRtu } from "../../adapters/modbus/rtu-frame.js";
function answerTo({ unit, functionCode, start, quantity, frame }) {
  if (functionCode >= 5) return frame;
  const registers = Array.from({ length: quantity }, (_, index) => start + index);
  const pdu = Buffer.alloc(2 + 2 * quantity);
  pdu[0] = functionCode;
  pdu[1] = 2 * quantity;
  for (const [index, value] of registers.entries()) pdu.writeUInt16BE(value, 2 + 2 * index);
  return encodeRtu(unit, pdu);
}
function scriptedLine([near, far], clock, pass, script, lateWindowMs) {
  const asked = [];
  let bytes = Buffer.alloc(0);
  far.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 8) {
      const frame = Buffer.from(bytes.subarray(0, 8));
      bytes = bytes.subarray(8);
      const request = {
        index: asked.length,
        unit: frame[0],
        functionCode: frame[1],
        start: frame.readUInt16BE(2),
        quantity: frame.readUInt16BE(4),
        frame
      };
      asked.push(request);
      script(
        request,
        (reply) => far.writable && void far.write(reply),
        (ms, callback) => clock.after(ms, callback)
      );
    }
  });
  const master = new RtuMaster(near, { clock, silenceMs: 4, lateWindowMs });
  return {
    clock,
    master,
    far,
    asked,
    pass,
    close: async () => {
      master.close();
      near.destroy();
      far.destroy();
      await pass(1);
    }
  };
}
async function readRegisters(line, start, quantity = 1, ms = 100, unit = 3) {
  const outcome = execute(line, unit, readRequest("holding", start, quantity), ms).then(
    (result) => typeof result === "string" ? result : Array.from({ length: quantity }, (_, i) => result.readUInt16BE(2 + 2 * i))
  );
  return outcome;
}
async function execute({ master, clock }, unit, request, ms) {
  const deadline = new AbortController();
  using _timer = clock.after(ms, () => deadline.abort(new Error("deadline")));
  try {
    return await master.execute(unit, request, deadline.signal);
  } catch (error) {
    return error.code;
  }
}
export {
  answerTo,
  execute,
  readRegisters,
  scriptedLine
};
//# sourceMappingURL=rtu-line.js.map
