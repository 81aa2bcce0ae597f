import fc from "fast-check";
import t from "tap";
import { mergeSpans, Plan } from "../../../src/devices/planner.js";
import { ManualClock } from "../../support/manual-clock.js";
const at = (id, start, length = 1, space = "holding", limit = 125) => ({
  id,
  span: { space, start, length, limit }
});
const ids = (runs) => runs.map((run) => run.map(({ id }) => id).join(" "));
t.test("spans that touch or overlap are one exchange, others are not", async (t2) => {
  t2.strictSame(ids(mergeSpans([at("b", 2, 2), at("a", 0, 2), at("c", 5), at("d", 3)])), ["a b d", "c"]);
  t2.strictSame(ids(mergeSpans([at("a", 0), at("b", 1, 1, "input")])), ["a", "b"], "tables do not mix");
  t2.strictSame(ids(mergeSpans([at("a", 0), at("b", 2), at("c", 5)], 1)), ["a b", "c"], "gaps by parameter");
  t2.strictSame(ids(mergeSpans([{ id: "x", span: void 0 }, at("a", 0), { id: "y", span: void 0 }])), [
    "a",
    "x",
    "y"
  ]);
});
t.test("the limit of the protocol is kept, also by one span inside another", async (t2) => {
  const many = Array.from({ length: 300 }, (_, i) => at(`p${i}`, i));
  t2.strictSame(
    mergeSpans(many).map((run) => run.length),
    [125, 125, 50]
  );
  t2.strictSame(ids(mergeSpans([at("long", 0, 10, "s", 12), at("in", 2, 2, "s", 12), at("out", 10, 4, "s", 12)])), [
    "long in",
    "out"
  ]);
});
const span = fc.record({
  space: fc.constantFrom("coil", "holding"),
  start: fc.integer({ min: 0, max: 200 }),
  length: fc.integer({ min: 1, max: 8 }),
  limit: fc.constantFrom(8, 20, 125)
});
const points = fc.array(fc.option(span, { nil: void 0, freq: 8 }), { maxLength: 60 }).map((spans) => spans.map((s, i) => ({ id: `p${i}`, span: s })));
t.test("property: every point exactly once, limits and gaps kept", async (t2) => {
  fc.assert(
    fc.property(points, fc.integer({ min: 0, max: 5 }), (list, maxGap) => {
      const runs = mergeSpans(list, maxGap);
      const covered = runs.flat().map(({ id }) => id);
      if (covered.length !== list.length || new Set(covered).size !== list.length) return false;
      return runs.every((run) => {
        if (run.some((point) => point.span === void 0)) return run.length === 1;
        const spans = run.map((point) => point.span);
        const start = Math.min(...spans.map((s) => s.start));
        let end = start;
        for (const s of spans.toSorted((a, b) => a.start - b.start)) {
          if (s.start > end + maxGap) return false;
          end = Math.max(end, s.start + s.length);
        }
        return new Set(spans.map((s) => s.space)).size === 1 && spans.every((s) => end - start <= s.limit);
      });
    })
  );
  t2.pass("held for all inputs");
});
function readAll(plan, isBad) {
  const good = /* @__PURE__ */ new Set();
  const queue = [...plan.pieces()];
  let exchanges = 0;
  for (let piece = queue.shift(); piece !== void 0; piece = queue.shift()) {
    exchanges++;
    if (piece.points.some(({ id }) => isBad(id))) queue.unshift(...plan.refused(piece));
    else {
      plan.answered(piece);
      for (const { id } of piece.points) good.add(id);
    }
  }
  return { good, exchanges };
}
t.test("property: whatever is bad, all others are read, every point stays in exactly one exchange", async (t2) => {
  fc.assert(
    fc.property(points, fc.array(fc.integer({ min: 0, max: 59 }), { maxLength: 6 }), (list, holes) => {
      const bad = new Set(holes.map((i) => `p${i}`));
      const plan = new Plan(list, new ManualClock());
      for (let round = 0; round < 3; round++) {
        const { good } = readAll(plan, (id) => bad.has(id));
        if (!list.every(({ id }) => good.has(id) !== bad.has(id))) return false;
        const covered = plan.pieces().flatMap((piece) => piece.points.map(({ id }) => id));
        if (covered.length !== list.length || new Set(covered).size !== list.length) return false;
      }
      return true;
    })
  );
  t2.pass("held for all inputs");
});
t.test("a hole is found in few exchanges, remembered, and asked for again after an hour", async (t2) => {
  const clock = new ManualClock();
  const plan = new Plan(
    Array.from({ length: 100 }, (_, i) => at(`p${i}`, i)),
    clock
  );
  const isBad = (id) => id === "p37";
  t2.ok(readAll(plan, isBad).exchanges <= 15);
  const { exchanges, good } = readAll(plan, isBad);
  t2.equal(good.size, 99);
  t2.ok(exchanges <= 8, `${exchanges} exchanges from then on`);
  t2.equal(plan.pieceOf(plan.pieces()[0].points[0]), plan.pieces()[0]);
  await clock.advance(36e5);
  t2.equal(readAll(plan, () => false).exchanges, 1, "whole again when the device has learned");
});
t.test("a device that refuses everything is asked whole again, and cut again only after a while", async (t2) => {
  const clock = new ManualClock();
  const plan = new Plan(
    Array.from({ length: 10 }, (_, i) => at(`p${i}`, i)),
    clock
  );
  t2.equal(readAll(plan, () => true).exchanges, 19);
  t2.equal(readAll(plan, () => true).exchanges, 1);
  t2.equal(readAll(plan, () => false).exchanges, 1);
  await clock.advance(6e5);
  t2.equal(readAll(plan, (id) => id === "p3").good.size, 9);
});
t.test("an exchange that is no longer part of the plan changes nothing", async (t2) => {
  const plan = new Plan([at("a", 0), at("b", 1)], new ManualClock());
  const [whole] = plan.pieces();
  t2.equal(plan.refused(whole).length, 2);
  t2.equal(plan.refused(whole).length, 0);
  t2.equal(plan.refused({ points: [] }).length, 0);
});
//# sourceMappingURL=planner.test.js.map
