import { Judge } from "./judge.js";
const SMALL_PACKET = 100;
const SMALL_WINDOW = 20;
const MIN_PUBLISH = 6;
const WILL_FLAG = 4;
function factsOf(scenario, step) {
  const facts = /* @__PURE__ */ new Set();
  const judges = [];
  const hasWill = [];
  const filters = /* @__PURE__ */ new Set();
  const clientIds = /* @__PURE__ */ new Set();
  for (const one of scenario.steps.slice(0, step + 1)) {
    if (one.does === "open") judges[one.slot] = new Judge();
    if (!("bytes" in one)) continue;
    const judge = judges[one.slot];
    const found = judge?.feed(one.bytes) ?? [];
    if (one.bytes.includes("$share/")) facts.add("share");
    if (judge !== void 0 && judge.maximumPacketSize < SMALL_PACKET) facts.add("small-packets");
    if (judge !== void 0 && judge.receiveMaximum < SMALL_WINDOW) facts.add("small-window");
    together(found, facts);
    for (const { name, version, bytes } of found) {
      if (name === "CONNECT") {
        const flagsAt = 2 + 2 + (version === 3 ? 6 : 4) + 1;
        hasWill[one.slot] = ((bytes[flagsAt] ?? 0) & WILL_FLAG) !== 0;
        const clientId = judge?.clientId ?? "";
        if (clientIds.has(clientId) && hasWill.includes(true)) facts.add("will-and-take-over");
        clientIds.add(clientId);
        if (judge?.isWillDelayed) facts.add("will-delayed");
      }
      const code = bytes[2] ?? 0;
      if (name === "DISCONNECT" && hasWill[one.slot] && code !== 0 && code !== 4) facts.add("will-and-failure-code");
      if (name !== "SUBSCRIBE") continue;
      for (const filter of filtersIn(bytes, version)) {
        if (filters.has(filter)) facts.add("subscribed-again");
        filters.add(filter);
      }
    }
  }
  return facts;
}
function together(found, facts) {
  const identifiers = /* @__PURE__ */ new Set();
  for (const { name, bytes } of found) {
    if (bytes.length < MIN_PUBLISH) continue;
    if (name !== "PUBLISH" || (bytes[0] & 6) !== 4) continue;
    if (found.length > 1) facts.add("qos2-among-others");
    let body = 1;
    while (bytes[body] >= 128) body++;
    if (body + 3 > bytes.length) continue;
    const topicBytes = bytes.readUInt16BE(body + 1);
    if (body + 3 + topicBytes + 2 > bytes.length) continue;
    const identifier = bytes.readUInt16BE(body + 3 + topicBytes);
    if (identifiers.has(identifier)) facts.add("qos2-id-in-use");
    identifiers.add(identifier);
  }
}
function filtersIn(bytes, version) {
  let at = 1;
  while (at < bytes.length && bytes[at] >= 128) at++;
  at += 3;
  if (version === 5) at += 1 + (bytes[at] ?? 0);
  const filters = [];
  while (at + 2 <= bytes.length) {
    const length = bytes.readUInt16BE(at);
    if (at + 2 + length > bytes.length) break;
    filters.push(bytes.toString("utf8", at + 2, at + 2 + length));
    at += 3 + length;
  }
  return filters;
}
export {
  factsOf
};
//# sourceMappingURL=facts.js.map
