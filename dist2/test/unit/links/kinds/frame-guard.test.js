import fc from "fast-check";
import { generate } from "mqtt-packet";
import t from "tap";
import { FrameGuard } from "../../../../src/links/kinds/frame-guard.js";
t.test("packets within the limit pass, however they are cut (property)", async (t2) => {
  const sizes = fc.array(fc.integer({ min: 0, max: 2e4 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(sizes, fc.array(fc.integer({ min: 1, max: 5e3 }), { minLength: 1 }), (payloads, cuts) => {
      const stream = Buffer.concat(
        payloads.map(
          (size) => generate({ cmd: "publish", topic: "a", payload: Buffer.alloc(size, 255), qos: 0 })
        )
      );
      const guard = new FrameGuard(20100);
      for (let at = 0, i = 0; at < stream.length; i++) {
        const end = at + cuts[i % cuts.length];
        if (guard.check(stream.subarray(at, end)) !== void 0) throw new Error(`stopped at ${at}`);
        at = end;
      }
      if (guard.check(Buffer.from([48, 133, 157, 1])) !== 20101) throw new Error("out of step");
    }),
    { numRuns: 200 }
  );
  t2.pass("200 streams");
});
t.test("a packet beyond the limit is found in its header, byte by byte [MQTT 5.0 \xA72.1.4]", async (t2) => {
  const guard = new FrameGuard(100);
  t2.equal(guard.check(Buffer.from([48])), void 0);
  t2.equal(guard.check(Buffer.from([229])), void 0);
  t2.equal(guard.check(Buffer.from([0])), 101);
  t2.equal(new FrameGuard(100).check(Buffer.from([48, 100])), void 0);
});
t.test("a Remaining Length of five bytes is malformed [MQTT 5.0 \xA71.5.5]", async (t2) => {
  const guard = new FrameGuard(Number.MAX_SAFE_INTEGER);
  t2.equal(guard.check(Buffer.from([48, 255, 255, 255, 255, 1])), Number.POSITIVE_INFINITY);
  t2.equal(new FrameGuard(1e9).check(Buffer.from([48, 255, 255, 255, 127])), void 0);
});
//# sourceMappingURL=frame-guard.test.js.map
