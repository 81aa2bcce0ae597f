import t from "tap";
import { Policy } from "../../../../src/broker/access/policy.js";
const rule = (effect, actions, topics, who = {}) => ({
  effect,
  actions,
  topics,
  users: void 0,
  roles: void 0,
  clientIds: void 0,
  commonNames: void 0,
  ...who
});
const both = ["publish", "subscribe"];
function ask(rules, subject = {}, subscriptions = "inside") {
  return new Policy({ rules, subscriptions }).rulesFor({
    user: "anna",
    clientId: "c1",
    commonName: void 0,
    roles: [],
    tokenRules: void 0,
    isLocal: false,
    ...subject
  });
}
t.test("without rules: a user may do everything; anonymous clients from the network do not see $SYS", async (t2) => {
  for (const subject of [{}, { user: void 0, isLocal: true }]) {
    const rules2 = ask([], subject);
    t2.ok(
      rules2.mayPublish("a") && rules2.maySubscribe("#") && rules2.maySubscribe("$SYS/#") && rules2.mayReceive("$SYS/x")
    );
  }
  const rules = ask([], { user: void 0 });
  t2.ok(rules.mayPublish("a") && rules.maySubscribe("#") && rules.mayReceive("a"));
  for (const filter of ["$SYS", "$SYS/#", "$SYS/+/x"]) t2.notOk(rules.maySubscribe(filter), filter);
  t2.notOk(rules.mayReceive("$SYS/broker/version"));
  t2.ok(rules.mayReceive("$SYSTEM/x"));
});
t.test("with rules: deny beats allow whatever their order, and the rest is refused", async (t2) => {
  const list = [
    rule("deny", ["publish"], ["plant/safe/#"]),
    rule("allow", both, ["plant/#"]),
    rule("deny", ["receive"], ["plant/+/secret"])
  ];
  for (const rules of [ask(list), ask(list.toReversed())]) {
    t2.ok(rules.mayPublish("plant/a"));
    t2.notOk(rules.mayPublish("plant/safe"));
    t2.notOk(rules.mayPublish("plant/safe/a"));
    t2.ok(rules.mayReceive("plant/safe/a"));
    t2.notOk(rules.mayReceive("plant/a/secret"));
    t2.notOk(rules.mayPublish("other"));
    t2.notOk(rules.mayReceive("other"));
    t2.notOk(rules.mayReceive("$SYS/x"), "# does not reach $-topics, nor does anything here");
  }
});
t.test("subscribe includes receive; receive alone subscribes to nothing", async (t2) => {
  const reading = ask([rule("allow", ["subscribe"], ["a/#"])]);
  t2.ok(reading.maySubscribe("a/#") && reading.mayReceive("a/b"));
  t2.notOk(reading.mayPublish("a/b"));
  const getting = ask([rule("allow", ["receive"], ["a/#"])]);
  t2.notOk(getting.maySubscribe("a/b"));
  t2.ok(getting.mayReceive("a/b"));
  const denied = ask([rule("allow", both, ["#"]), rule("deny", ["subscribe"], ["secret/#"])]);
  t2.ok(denied.maySubscribe("#"), "granted \u2026");
  t2.notOk(denied.mayReceive("secret/x"), "\u2026 and what is denied does not come");
  t2.ok(denied.mayReceive("x"));
});
t.test("a filter must lie inside one rule, and inside no denial", async (t2) => {
  const rules = ask([
    rule("allow", ["subscribe"], ["plant/+/temperature", "home/#"]),
    rule("deny", ["subscribe"], ["home/private/#"])
  ]);
  for (const filter of ["plant/1/temperature", "plant/+/temperature", "home/#", "home/+", "home", "home/+/x"])
    t2.ok(rules.maySubscribe(filter), filter);
  for (const filter of [
    "#",
    "+",
    "plant/#",
    "plant/+/+",
    "plant/+/temperature/#",
    "home/private",
    "home/private/+",
    "$SYS/#"
  ])
    t2.notOk(rules.maySubscribe(filter), filter);
  const wide = ask(
    [rule("allow", ["subscribe"], ["home/#"]), rule("deny", ["subscribe"], ["home/private/#"])],
    {},
    "overlapping"
  );
  for (const filter of ["#", "+/+", "home/+"]) t2.ok(wide.maySubscribe(filter), filter);
  for (const filter of ["other/#", "home/private/#", "$SYS/#"]) t2.notOk(wide.maySubscribe(filter), filter);
  t2.ok(wide.mayReceive("home/a"));
  t2.notOk(wide.mayReceive("other"));
});
t.test("whom a rule concerns: every list that is there must fit", async (t2) => {
  const allowed = (who, subject) => ask([rule("allow", ["publish"], ["a"], who)], subject).mayPublish("a");
  t2.ok(allowed({ users: ["anna", "bert"] }, {}));
  t2.notOk(allowed({ users: ["bert"] }, {}));
  t2.notOk(allowed({ users: ["*"] }, { user: void 0 }), "nobody is not a user");
  t2.ok(allowed({ users: ["an*"] }, {}));
  t2.notOk(allowed({ users: ["an"] }, {}));
  t2.ok(allowed({ roles: ["operator"] }, { roles: ["operator"] }));
  t2.notOk(allowed({ roles: ["operator"] }, {}));
  t2.ok(allowed({ roles: ["authenticated"] }, {}));
  t2.notOk(allowed({ roles: ["anonymous"] }, {}));
  t2.ok(allowed({ roles: ["anonymous"] }, { user: void 0 }));
  t2.ok(allowed({ clientIds: ["meter-*"] }, { clientId: "meter-7" }));
  t2.notOk(allowed({ clientIds: ["meter-*"] }, { clientId: "xmeter-7" }));
  t2.ok(allowed({ commonNames: ["line-3"] }, { commonName: "line-3" }));
  t2.notOk(allowed({ commonNames: ["*"] }, {}), "no certificate");
  t2.notOk(allowed({ users: ["anna"], clientIds: ["c2"] }, {}));
});
t.test("%u, %c and %cn: as a level and as a part of one; never a wildcard", async (t2) => {
  const list = [rule("allow", both, ["u/%u/#", "c/x-%c", "n/%cn/#", "m/%u-%c"])];
  const rules = ask(list, { commonName: "line-3" });
  t2.ok(rules.mayPublish("u/anna/x") && rules.mayPublish("c/x-c1") && rules.mayPublish("n/line-3/x"));
  t2.ok(rules.mayPublish("m/anna-c1") && rules.maySubscribe("u/anna/#"));
  for (const topic of ["u/bert/x", "c/x-c2", "n/line-4", "u/%u/x", "m/anna-c"]) t2.notOk(rules.mayPublish(topic), topic);
  for (const user of ["+", "#", "anna/..", "a/b", "", "+/#", "%c"]) {
    const hostile = ask(list, { user });
    for (const topic of ["u/anna/x", "u/a/b", "u/bert", "u/anna", "u", "u/c1/x"])
      t2.notOk(hostile.mayPublish(topic), `${user}: ${topic}`);
    for (const filter of ["u/+/#", "u/#", "#", "u/a/b/#", `u/${user}/#`])
      if (user !== "%c") t2.notOk(hostile.maySubscribe(filter), `${user}: ${filter}`);
  }
  for (const clientId of ["+", "#", "a/b"]) t2.notOk(ask(list, { clientId }).maySubscribe(`c/x-${clientId}`), clientId);
  t2.notOk(ask(list).mayPublish("n/undefined/x"), "without a certificate");
});
t.test("what a token says is added; denials of the configuration stay", async (t2) => {
  const tokenRules = [rule("allow", both, ["t/%u/#"])];
  const alone = ask([], { tokenRules });
  t2.ok(alone.mayPublish("t/anna/x"));
  t2.notOk(alone.mayPublish("x"), "with a token that names topics, the rest is refused");
  t2.notOk(ask([], { tokenRules: [] }).mayPublish("x"));
  t2.notOk(ask([rule("deny", ["publish"], ["t/#"])], { tokenRules }).mayPublish("t/anna/x"));
});
//# sourceMappingURL=policy.test.js.map
