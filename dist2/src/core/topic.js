const MAX_TOPIC_BYTES = 65535;
function stringFault(text) {
  if (text.length === 0) return "empty";
  if (text.includes("\0")) return "contains U+0000";
  if (!text.isWellFormed()) return "is not valid Unicode";
  if (text.length * 3 > MAX_TOPIC_BYTES && Buffer.byteLength(text) > MAX_TOPIC_BYTES) return "too long";
  return void 0;
}
function topicNameFault(topic) {
  const fault = stringFault(topic);
  if (fault !== void 0) return fault;
  return topic.includes("+") || topic.includes("#") ? "contains a wildcard" : void 0;
}
function topicFilterFault(filter) {
  const fault = stringFault(filter);
  if (fault !== void 0) return fault;
  const levels = filter.split("/");
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i];
    if (level.includes("#") && (level !== "#" || i !== levels.length - 1)) return "wildcard is misplaced";
    if (level.includes("+") && level !== "+") return "wildcard is misplaced";
  }
  return void 0;
}
function topicMatches(filter, topic) {
  if (topic.startsWith("$") && (filter.startsWith("+") || filter.startsWith("#"))) return false;
  const pattern = filter.split("/");
  const levels = topic.split("/");
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === "#") return true;
    if (i >= levels.length) return false;
    if (pattern[i] !== "+" && pattern[i] !== levels[i]) return false;
  }
  return pattern.length === levels.length;
}
export {
  MAX_TOPIC_BYTES,
  topicFilterFault,
  topicMatches,
  topicNameFault
};
//# sourceMappingURL=topic.js.map
