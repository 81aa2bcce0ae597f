import { isUtf8 } from "node:buffer";
import { topicFilterFault } from "../core/topic.js";
import { ReasonCode, Refusal } from "./reason-codes.js";
import { isShared, parseShared, plainFilter } from "./shared-filter.js";
const MAX_TOPIC_LEVELS = 200;
const OF_THE_BROKER = new Refusal(ReasonCode.notAuthorized, "$SYS belongs to the broker");
const TOO_DEEP = new Refusal(ReasonCode.topicNameInvalid, `the topic has more than ${MAX_TOPIC_LEVELS} levels`);
function topicRefusal(topic) {
  if (topic.startsWith("$SYS/") || topic === "$SYS") return OF_THE_BROKER;
  return hasTooManyLevels(topic) ? TOO_DEEP : void 0;
}
const MALFORMED_FILTER = new Refusal(ReasonCode.topicFilterInvalid, "a Topic Filter is malformed");
const MALFORMED_SHARE = new Refusal(
  ReasonCode.topicFilterInvalid,
  "a Shared Subscription is not $share/{ShareName}/{filter}"
);
const FILTER_TOO_DEEP = new Refusal(
  ReasonCode.topicFilterInvalid,
  `a Topic Filter has more than ${MAX_TOPIC_LEVELS} levels`
);
function filterRefusal(filter) {
  const plain = isShared(filter) ? parseShared(filter)?.filter : filter;
  if (plain === void 0) return MALFORMED_SHARE;
  if (topicFilterFault(filter) !== void 0) return MALFORMED_FILTER;
  return hasTooManyLevels(plain) ? FILTER_TOO_DEEP : void 0;
}
const OVER_LIMIT = new Refusal(
  ReasonCode.topicNameInvalid,
  "the topic is longer or has more levels than are allowed here"
);
const FILTER_OVER_LIMIT = new Refusal(
  ReasonCode.topicFilterInvalid,
  "a Topic Filter is longer or has more levels than are allowed here"
);
function topicLimitFault(topic, limits) {
  return exceeds(topic, limits) ? OVER_LIMIT : void 0;
}
function filterLimitFault(filter, limits) {
  return exceeds(plainFilter(filter), limits) ? FILTER_OVER_LIMIT : void 0;
}
function exceeds(topic, { topicBytes, topicLevels }) {
  if (topic.length * 3 > topicBytes && Buffer.byteLength(topic) > topicBytes) return true;
  return topicLevels < MAX_TOPIC_LEVELS && hasTooManyLevels(topic, topicLevels);
}
function hasTooManyLevels(topic, limit = MAX_TOPIC_LEVELS) {
  if (topic.length < limit) return false;
  let levels = 1;
  for (let at = topic.indexOf("/"); at >= 0; at = topic.indexOf("/", at + 1)) levels++;
  return levels > limit;
}
function hasPayloadFault(properties, payload) {
  return properties?.payloadFormatIndicator === true && !isUtf8(payload);
}
export {
  MAX_TOPIC_LEVELS,
  filterLimitFault,
  filterRefusal,
  hasPayloadFault,
  hasTooManyLevels,
  topicLimitFault,
  topicRefusal
};
//# sourceMappingURL=topic-rules.js.map
