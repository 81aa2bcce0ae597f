import fc from "fast-check";
import t from "tap";
import { topicNameFault } from "../../../src/core/topic.js";
import { compileRoutes, routeFault, targetsOf } from "../../../src/links/rules.js";
const route = (more = {}) => ({
  direction: "out",
  filter: "a/#",
  to: "{topic}",
  qos: 1,
  ...more
});
t.test("templates rename topics", async (t2) => {
  const cases = [
    ["{topic}", "a/b/c", "a/b/c"],
    ["plants/7/{topic}", "a/b/c", "plants/7/a/b/c"],
    ["{topic:1}", "a/b/c", "b/c"],
    ["{topic:2}", "a/b/c", "c"],
    ["{topic:3}", "a/b/c", void 0],
    ["x/{topic:3}", "a/b/c", void 0],
    ["{topic:2}", "a/b/", void 0],
    ["x/{topic:2}", "a/b/", "x/"],
    ["{gateway}/{topic:1}", "a/b", "plant-7/b"],
    ["{topic:1}/from/{gateway}", "a/b", "b/from/plant-7"],
    ["all", "a/b", "all"],
    ["$aws/things/{gateway}/{topic:1}", "a/shadow", "$aws/things/plant-7/shadow"],
    ["{topic:1}", "a//b", "/b"]
  ];
  for (const [to, topic, expected] of cases) {
    const { out } = compileRoutes([route({ to })], "plant-7");
    t2.equal(out[0].map(topic), expected, `${topic} by ${to}`);
  }
});
t.test("what comes in cannot reach topics with $ unless the route says so", async (t2) => {
  const incoming = (to) => compileRoutes([route({ direction: "in", to })], "plant-7").in[0];
  t2.equal(incoming("{topic:1}").map("a/$link/cloud/token"), void 0);
  t2.equal(incoming("{topic:1}").map("a/$SYS/broker/uptime"), void 0);
  t2.equal(incoming("$far/{topic:1}").map("a/x"), "$far/x");
  t2.equal(incoming("{topic:1}").map("a/hpmq/$state"), "hpmq/$state");
});
t.test("faults of a route are named", async (t2) => {
  const cases = [
    [{}, void 0],
    [{ direction: "both" }, void 0],
    [{ to: "x/{topic:12}/{gateway}" }, void 0],
    [{ filter: "" }, /filter is empty/],
    [{ filter: "a/#/b" }, /filter wildcard is misplaced/],
    [{ filter: "$share/group/a/#" }, /shared subscriptions/],
    [{ to: "" }, /template is empty/],
    [{ to: "{topics}" }, /"\{topics\}" is not one of/],
    [{ to: "{topic:0}" }, /is not one of/],
    [{ to: "{topic:x}" }, /is not one of/],
    [{ to: "{topic" }, /brace/],
    [{ to: "topic}" }, /brace/],
    [{ to: "a/+/{topic}" }, /contains a wildcard/],
    [{ to: "a/\0" }, /contains U\+0000/],
    [{ direction: "both", to: "x/{topic}" }, /cannot be reversed; write two routes/]
  ];
  for (const [more, expected] of cases) {
    const fault = routeFault(route(more));
    if (expected === void 0) t2.equal(fault, void 0, JSON.stringify(more));
    else t2.match(fault, expected, JSON.stringify(more));
  }
});
t.test("directions", async (t2) => {
  const rules = compileRoutes(
    [route(), route({ direction: "in", filter: "b/#" }), route({ direction: "both", filter: "c/#" })],
    "g"
  );
  t2.strictSame(
    rules.out.map(({ filter }) => filter),
    ["a/#", "c/#"]
  );
  t2.strictSame(
    rules.in.map(({ filter }) => filter),
    ["b/#", "c/#"]
  );
});
t.test("several rules: each target once, with the highest QoS; what cannot be mapped is counted", async (t2) => {
  const { out } = compileRoutes(
    [
      route({ qos: 0 }),
      route({ filter: "a/b", qos: 2 }),
      route({ filter: "a/+", to: "x/{topic:5}" }),
      route({ to: "y" })
    ],
    "g"
  );
  let unmapped = 0;
  const targets = targetsOf(out, "a/b", () => unmapped++);
  t2.strictSame(targets, [
    { topic: "a/b", qos: 2 },
    { topic: "y", qos: 1 }
  ]);
  t2.equal(unmapped, 1);
  t2.strictSame(
    targetsOf(out, "z", () => unmapped++),
    []
  );
});
t.test("a valid route gives legal Topic Names or nothing (property)", async (t2) => {
  const level = fc.constantFrom("a", "b", "", "$x", "\xFC", "{", "plants");
  const topics = fc.array(level, { minLength: 1, maxLength: 6 }).map((levels) => levels.join("/"));
  const parts = fc.constantFrom("{topic}", "{topic:1}", "{topic:3}", "{gateway}", "/", "x", "$y", "{", "+");
  const templates = fc.array(parts, { maxLength: 5 }).map((list) => list.join(""));
  let compiled = 0;
  fc.assert(
    fc.property(templates, topics, (to, topic) => {
      if (routeFault(route({ to })) !== void 0) return;
      compiled++;
      const mapped = compileRoutes([route({ to })], "g").out[0].map(topic);
      if (mapped !== void 0 && topicNameFault(mapped) !== void 0) throw new Error(`${topic} by ${to}: ${mapped}`);
    }),
    { numRuns: 2e3 }
  );
  t2.ok(compiled > 200, `${compiled} valid routes were tried`);
});
//# sourceMappingURL=rules.test.js.map
