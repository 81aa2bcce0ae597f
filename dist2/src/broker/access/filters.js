const ANY = null;
const PLACEHOLDER = /%(?:cn|c|u)/;
const PLACEHOLDERS = /%(cn|c|u)/g;
function parseFilter(text) {
  return toFilter(text.split("/").map((level) => level === "+" ? ANY : level));
}
function dependsOnClientId(pattern) {
  return [...pattern.matchAll(PLACEHOLDERS)].some(([, name]) => name === "c");
}
function fillPattern(pattern, effect, names) {
  const levels = [];
  for (const level of pattern.split("/")) {
    if (level === "+" || !PLACEHOLDER.test(level)) {
      levels.push(level === "+" ? ANY : level);
      continue;
    }
    let isKnown = true;
    const text = level.replace(PLACEHOLDERS, (_, name) => {
      const value = name === "u" ? names.user : name === "c" ? names.clientId : names.commonName;
      if (value === void 0 || value === "" || effect === "allow" && /[/+#]/.test(value)) isKnown = false;
      return value ?? "";
    });
    if (!isKnown || /[+#]/.test(text)) return void 0;
    levels.push(...text.split("/"));
  }
  return toFilter(levels);
}
function toFilter(levels) {
  const isMultiLevel = levels.at(-1) === "#";
  if (isMultiLevel) levels.pop();
  return { levels: levels.length === 0 ? [ANY] : levels, isMultiLevel };
}
function isHidden(filter, first) {
  return filter.levels[0] === ANY && typeof first === "string" && first.startsWith("$");
}
function matches(filter, topic) {
  const { levels, isMultiLevel } = filter;
  if (topic.length < levels.length || topic.length > levels.length && !isMultiLevel) return false;
  if (isHidden(filter, topic[0])) return false;
  for (let i = 0; i < levels.length; i++) if (levels[i] !== ANY && levels[i] !== topic[i]) return false;
  return true;
}
function covers(outer, inner) {
  const { levels, isMultiLevel } = outer;
  if (inner.levels.length < levels.length) return false;
  if (!isMultiLevel && (inner.isMultiLevel || inner.levels.length > levels.length)) return false;
  if (isHidden(outer, inner.levels[0])) return false;
  for (let i = 0; i < levels.length; i++) if (levels[i] !== ANY && levels[i] !== inner.levels[i]) return false;
  return true;
}
function overlaps(a, b) {
  if (a.levels.length > b.levels.length ? !b.isMultiLevel : a.levels.length < b.levels.length && !a.isMultiLevel) {
    return false;
  }
  if (isHidden(a, b.levels[0]) || isHidden(b, a.levels[0])) return false;
  for (let i = 0; i < Math.min(a.levels.length, b.levels.length); i++) {
    const [one, other] = [a.levels[i], b.levels[i]];
    if (one !== ANY && other !== ANY && one !== other) return false;
  }
  return true;
}
export {
  covers,
  dependsOnClientId,
  fillPattern,
  matches,
  overlaps,
  parseFilter
};
//# sourceMappingURL=filters.js.map
