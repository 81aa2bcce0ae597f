import { z } from "zod";
import { say, topicFilter } from "./values.js";
const ACTIONS = ["publish", "subscribe", "receive", "all"];
const ACTIONS_OF = {
  publish: ["publish"],
  subscribe: ["subscribe"],
  receive: ["receive"],
  all: ["publish", "subscribe"]
};
function oneOrMore(one) {
  return z.union([one, z.array(one).min(1)]);
}
const action = z.enum(ACTIONS);
const names = oneOrMore(z.string().min(1).max(256));
const ruleSchema = z.strictObject({
  allow: oneOrMore(action).optional().describe("what is allowed: publish, subscribe (which includes receive), receive, all"),
  deny: oneOrMore(action).optional().describe("what is refused, whatever other rules allow"),
  topics: oneOrMore(topicFilter).describe("topic filters; %u is the user, %c the client id, %cn the common name"),
  users: names.optional().describe("only these users; * at the end of a name is any continuation"),
  roles: names.optional().describe("only users with one of these roles; anonymous and authenticated are roles, too"),
  clientIds: names.optional().describe("only these client ids; * at the end is any continuation"),
  commonNames: names.optional().describe("only clients whose verified certificate has this common name")
}).superRefine((rule, context) => {
  if (rule.allow === void 0 !== (rule.deny === void 0)) return;
  const both = rule.allow !== void 0;
  context.addIssue({
    code: "custom",
    path: both ? ["deny"] : [],
    message: say(
      both ? "a rule either allows or denies" : "the rule says neither allow nor deny",
      both ? "make two rules of it" : "add `allow: all`, or publish, subscribe, receive"
    )
  });
});
function toRuleConfig(rule) {
  const actions = listOf(rule.allow ?? rule.deny ?? []).flatMap((one) => ACTIONS_OF[one]);
  return {
    effect: rule.deny === void 0 ? "allow" : "deny",
    actions: [...new Set(actions)],
    topics: listOf(rule.topics),
    users: optionalList(rule.users),
    roles: optionalList(rule.roles),
    clientIds: optionalList(rule.clientIds),
    commonNames: optionalList(rule.commonNames)
  };
}
function listOf(value) {
  return Array.isArray(value) ? value : [value];
}
function optionalList(value) {
  return value === void 0 ? void 0 : listOf(value);
}
export {
  ruleSchema,
  toRuleConfig
};
//# sourceMappingURL=rules.js.map
