import { covers, dependsOnClientId, fillPattern, matches, overlaps, parseFilter } from "./filters.js";
const INCLUDED = {
  publish: ["publish"],
  subscribe: ["subscribe", "receive"],
  receive: ["receive"]
};
class Policy {
  #config;
  /** The rules say the same of every Client Identifier of a user. */
  isSharedByClients;
  constructor(config) {
    this.#config = config;
    this.isSharedByClients = !config.rules.some(
      (rule) => rule.clientIds !== void 0 || rule.topics.some(dependsOnClientId)
    );
  }
  rulesFor(subject) {
    const { rules, subscriptions } = this.#config;
    if (rules.length === 0 && subject.tokenRules === void 0) {
      return subject.user !== void 0 || subject.isLocal ? everything : everythingButSys;
    }
    const own = [...rules, ...subject.tokenRules ?? []].filter((rule) => concerns(rule, subject));
    const [publish, subscribe, receive] = ["publish", "subscribe", "receive"].map(
      (action) => compile(own, action, subject)
    );
    const isWithin = subscriptions === "inside" ? covers : overlaps;
    return {
      isFree: false,
      mayPublish: (topic) => decide(publish, topic),
      mayReceive: (topic) => decide(receive, topic),
      maySubscribe(text) {
        const filter = parseFilter(text);
        if (subscribe.deny.some((one) => covers(one, filter))) return false;
        return subscribe.allow.some((one) => isWithin(one, filter));
      }
    };
  }
}
const isSys = (topic) => topic.startsWith("$SYS") && (topic.length === 4 || topic[4] === "/");
const everything = { isFree: true, mayPublish: () => true, maySubscribe: () => true, mayReceive: () => true };
const everythingButSys = {
  isFree: true,
  mayPublish: () => true,
  maySubscribe: (filter) => !isSys(filter),
  mayReceive: (topic) => !isSys(topic)
};
function decide({ allow, deny }, topic) {
  const levels = topic.split("/");
  for (const filter of deny) if (matches(filter, levels)) return false;
  for (const filter of allow) if (matches(filter, levels)) return true;
  return false;
}
function concerns(rule, subject) {
  const { users, roles, clientIds, commonNames } = rule;
  const own = [...subject.roles, subject.user === void 0 ? "anonymous" : "authenticated"];
  return (users === void 0 || subject.user !== void 0 && fitsOne(users, subject.user)) && (roles === void 0 || own.some((role) => roles.includes(role))) && (clientIds === void 0 || fitsOne(clientIds, subject.clientId)) && (commonNames === void 0 || subject.commonName !== void 0 && fitsOne(commonNames, subject.commonName));
}
function fitsOne(patterns, name) {
  return patterns.some((one) => one.endsWith("*") ? name.startsWith(one.slice(0, -1)) : name === one);
}
function compile(rules, action, names) {
  const filtersOf = (effect) => rules.filter((rule) => rule.effect === effect && rule.actions.some((one) => INCLUDED[one].includes(action))).flatMap((rule) => rule.topics.flatMap((pattern) => fillPattern(pattern, effect, names) ?? []));
  return { allow: filtersOf("allow"), deny: filtersOf("deny") };
}
export {
  Policy,
  fitsOne
};
//# sourceMappingURL=policy.js.map
