import { topicFilterFault, topicMatches, topicNameFault } from "../core/topic.js";
const PLACEHOLDER = /\{([^{}]*)\}/g;
function parseTemplate(template) {
  if (template === "") return "the template is empty";
  const parts = [];
  let end = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    if (match.index > end) parts.push({ literal: template.slice(end, match.index) });
    end = match.index + match[0].length;
    const levels = /^topic(?::([1-9]\d{0,3}))?$/.exec(match[1]);
    if (levels !== null) parts.push({ dropLevels: Number(levels[1] ?? 0) });
    else if (match[1] === "gateway") parts.push("gateway");
    else return `"${match[0]}" is not one of {topic}, {topic:N}, {gateway}`;
  }
  if (end < template.length) parts.push({ literal: template.slice(end) });
  for (const part of parts) {
    if (part === "gateway" || !("literal" in part)) continue;
    if (/[{}]/.test(part.literal)) return "a brace is not closed or not opened";
    const fault = topicNameFault(part.literal);
    if (fault !== void 0) return `the template ${fault}`;
  }
  return parts;
}
function routeFault(route) {
  const filter = topicFilterFault(route.filter);
  if (filter !== void 0) return `the filter ${filter === "empty" ? "is empty" : filter}`;
  if (route.filter.startsWith("$share/")) return "shared subscriptions cannot be used in a route";
  const template = parseTemplate(route.to);
  if (typeof template === "string") return template;
  if (route.direction === "both" && route.to !== "{topic}") {
    return `direction "both" needs to: "{topic}", because "${route.to}" cannot be reversed; write two routes`;
  }
  return void 0;
}
function dropLevels(topic, levels) {
  let start = 0;
  for (let i = 0; i < levels; i++) {
    const slash = topic.indexOf("/", start);
    if (slash < 0) return void 0;
    start = slash + 1;
  }
  return topic.slice(start);
}
function compileTemplate(template, gatewayId) {
  const parts = parseTemplate(template);
  if (typeof parts === "string") throw new RangeError(`route was not checked: ${parts}`);
  return (topic) => {
    let result = "";
    for (const part of parts) {
      if (part === "gateway") result += gatewayId;
      else if ("literal" in part) result += part.literal;
      else {
        const rest = dropLevels(topic, part.dropLevels);
        if (rest === void 0) return void 0;
        result += rest;
      }
    }
    return topicNameFault(result) === void 0 ? result : void 0;
  };
}
function compileRoutes(routes, gatewayId) {
  const rules = { out: [], in: [] };
  for (const { direction, filter, to, qos } of routes) {
    const rename = compileTemplate(to, gatewayId);
    if (direction !== "in") rules.out.push({ filter, qos, map: rename });
    if (direction !== "out") {
      const ours = to.startsWith("$");
      rules.in.push({
        filter,
        qos,
        // Topics with `$` are the gateway's own ($SYS, reply topics): the far side reaches them only when the route says so.
        map: (topic) => {
          const name = rename(topic);
          return name?.startsWith("$") && !ours ? void 0 : name;
        }
      });
    }
  }
  return rules;
}
function targetsOf(rules, topic, unmapped) {
  const targets = [];
  for (const rule of rules) {
    if (!topicMatches(rule.filter, topic)) continue;
    const mapped = rule.map(topic);
    if (mapped === void 0) {
      unmapped();
      continue;
    }
    const known = targets.findIndex((target) => target.topic === mapped);
    if (known < 0) targets.push({ topic: mapped, qos: rule.qos });
    else if (targets[known].qos < rule.qos) targets[known] = { topic: mapped, qos: rule.qos };
  }
  return targets;
}
export {
  compileRoutes,
  routeFault,
  targetsOf
};
//# sourceMappingURL=rules.js.map
