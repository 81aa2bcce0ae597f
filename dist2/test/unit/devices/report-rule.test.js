import t from "tap";
import { GatewayError } from "../../../src/core/errors.js";
import { ReportRule } from "../../../src/devices/report-rule.js";
const good = (value) => ({
  value,
  quality: "good",
  at: 0,
  error: void 0
});
const bad = (code) => ({
  value: void 0,
  quality: "bad",
  at: 0,
  error: new GatewayError(code, { fault: "device", hint: "h" }, "m")
});
const rule = (mode, deadband = 0, maxSilence = 6e4, every = 1) => new ReportRule({ mode, deadband, maxSilence }, every);
t.test("always reports every reading", async (t2) => {
  const always = rule("always");
  t2.ok(always.accepts(good(1), 0));
  t2.ok(always.accepts(good(1), 1));
});
t.test("change reports the first reading and then only another value", async (t2) => {
  const change = rule("change");
  t2.ok(change.accepts(good(1), 0));
  t2.notOk(change.accepts(good(1), 1));
  t2.ok(change.accepts(good(2), 2));
  t2.ok(change.accepts(good("x"), 3));
  t2.ok(change.accepts(good(true), 4));
  t2.notOk(change.accepts(good(true), 5));
  t2.ok(change.accepts(good(1n), 6));
  t2.ok(change.accepts(good(2n), 7));
});
t.test("dead band: against what was reported, so that a creeping value is reported in time", async (t2) => {
  const change = rule("change", 0.2);
  t2.ok(change.accepts(good(71.4), 0));
  t2.notOk(change.accepts(good(71.5), 1));
  t2.ok(change.accepts(good(71.6), 2), "a change of exactly the dead band counts");
  t2.notOk(change.accepts(good(71.5), 3));
  const wide = rule("change", 10);
  t2.ok(wide.accepts(good(2n ** 60n), 0));
  t2.notOk(wide.accepts(good(2n ** 60n + 9n), 1));
  t2.ok(wide.accepts(good(2n ** 60n - 10n), 2));
});
t.test("maxSilence: reported again although unchanged", async (t2) => {
  const change = rule("change", 5, 1e3);
  t2.ok(change.accepts(good(1), 0));
  t2.notOk(change.accepts(good(1), 999));
  t2.ok(change.accepts(good(1), 1e3));
  t2.notOk(change.accepts(good(1), 1999));
});
t.test(
  "maxSilence: at least this often, also when a reading comes a hair early or the next would be too late",
  async (t2) => {
    const tenth = rule("change", 0, 1e4, 1e3);
    t2.ok(tenth.accepts(good(1), 5));
    t2.notOk(tenth.accepts(good(1), 9040), "there is time for another one");
    t2.ok(tenth.accepts(good(1), 10002), "9.997 s later, and the next comes after 10.997 s");
    const odd = rule("change", 0, 1e4, 4e3);
    t2.ok(odd.accepts(good(1), 0));
    t2.notOk(odd.accepts(good(1), 4e3));
    t2.ok(odd.accepts(good(1), 8e3), "the next would come after 12 s");
  }
);
t.test("a change of quality or of the error is always reported, and repeated failures only once", async (t2) => {
  const change = rule("change", 100);
  t2.ok(change.accepts(good(1), 0));
  t2.ok(change.accepts(bad("A"), 1));
  t2.notOk(change.accepts(bad("A"), 2));
  t2.ok(change.accepts(bad("B"), 3));
  t2.ok(change.accepts(good(1), 4));
});
t.test("forced: someone waits for it", async (t2) => {
  const change = rule("change");
  t2.ok(change.accepts(good(1), 0));
  t2.ok(change.accepts(good(1), 1, true));
});
//# sourceMappingURL=report-rule.test.js.map
