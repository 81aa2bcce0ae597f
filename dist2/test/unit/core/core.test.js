import t from "tap";
import { backoffDelays } from "../../../src/core/backoff.js";
import { errorsOf, errorView, GatewayError, toGatewayError } from "../../../src/core/errors.js";
import { Ring } from "../../../src/core/ring.js";
import { characterTimeMs, endpointName } from "../../../src/core/transport.js";
t.test("an error carries who acts, what to do and its cause", async (t2) => {
  const error = errorsOf({ LOST: { fault: "device", hint: "check the cable" } });
  const cause = new Error("EIO");
  const lost = error("LOST", "unit 3 is gone", { cause, details: { unit: 3 } });
  t2.equal(lost.cause, cause);
  t2.strictSame(errorView(lost), {
    code: "LOST",
    fault: "device",
    message: "unit 3 is gone",
    hint: "check the cable",
    details: { unit: 3 }
  });
  t2.equal(error("LOST", "x", { hint: "look again" }).hint, "look again");
  t2.notOk("details" in errorView(error("LOST", "x")));
  t2.equal(toGatewayError(lost), lost);
  const bug = toGatewayError(new TypeError("x is undefined"));
  t2.type(bug, GatewayError);
  t2.match(bug, { code: "INTERNAL", fault: "bug", message: "x is undefined", cause: TypeError });
});
t.test("a ring keeps the newest", async (t2) => {
  const ring = new Ring(3);
  t2.strictSame([...ring], []);
  for (let i = 1; i <= 5; i++) ring.push(i);
  t2.strictSame([...ring], [3, 4, 5]);
  t2.equal(ring.size, 3);
  t2.throws(() => new Ring(0), RangeError);
});
t.test("retries grow to their limit, with jitter in the upper half", async (t2) => {
  const first = (random, n) => backoffDelays({ first: 100, max: 1e3 }, () => random).take(n).toArray();
  t2.strictSame(first(1, 6), [100, 200, 400, 800, 1e3, 1e3]);
  t2.strictSame(first(0, 3), [50, 100, 200]);
});
t.test("endpoints as people read them", async (t2) => {
  const line = {
    type: "serial",
    path: "/dev/ttyS1",
    baudRate: 19200,
    dataBits: 8,
    parity: "even",
    stopBits: 1
  };
  t2.equal(endpointName(line), "/dev/ttyS1 19200 8E1");
  t2.equal(endpointName({ type: "tcp", host: "10.0.0.7", port: 502 }), "10.0.0.7:502");
  t2.equal(endpointName({ type: "tcp", host: "::1", port: 502 }), "[::1]:502");
  t2.equal(characterTimeMs(line), 11e3 / 19200, "11 bits: start, 8 data, parity, stop");
});
//# sourceMappingURL=core.test.js.map
