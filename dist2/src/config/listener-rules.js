import { isIPv4 } from "node:net";
import { hasMethod } from "./access.js";
import { isPlain } from "./merge.js";
function isLoopback(address) {
  return address === "localhost" || address === "::1" || isIPv4(address) && address.startsWith("127.");
}
const ANY = /* @__PURE__ */ new Set(["0.0.0.0", "::"]);
function isLocal(one) {
  if (one.proxyProtocol === true || one.systemd !== void 0) return false;
  return one.type === "unix" || typeof one.host === "string" && isLoopback(one.host);
}
function overlap(a, b) {
  if (a.systemd !== void 0 || b.systemd !== void 0) return a.systemd === b.systemd;
  if (a.type === "unix" || b.type === "unix") return a.type === b.type && a.path === b.path;
  return a.port === b.port && a.port !== 0 && (a.host === b.host || ANY.has(String(a.host)) || ANY.has(String(b.host)));
}
function placeText(one) {
  if (one.systemd !== void 0) return `the socket ${one.systemd} of systemd`;
  return one.type === "unix" ? String(one.path) : `${one.host}:${one.port}`;
}
function isComplete(one) {
  if (one.systemd !== void 0) return typeof one.systemd === "string";
  return one.type === "unix" ? typeof one.path === "string" : typeof one.host === "string" && typeof one.port === "number";
}
function isUnguarded(auth, own) {
  const said = [own, auth].map((one) => isPlain(one) ? one.anonymous : void 0);
  return said.find((one) => one !== void 0) !== true && !hasMethod(auth, own);
}
function checkListeners(value, report) {
  if (!isPlain(value) || !Array.isArray(value.listeners)) return;
  const seen = /* @__PURE__ */ new Map();
  const names = /* @__PURE__ */ new Map();
  for (const [index, one] of value.listeners.entries()) {
    if (!isPlain(one)) continue;
    const at = ["broker", "listeners", index];
    if (one.name !== void 0) {
      const other2 = names.get(one.name);
      if (other2 !== void 0) {
        report([...at, "name"], `broker.listeners[${other2}] has this name already`, "give every listener its own name");
      } else names.set(one.name, index);
    }
    if (!isComplete(one)) continue;
    if (!isLocal(one) && isUnguarded(value.auth, one.auth)) reportOpen(one, at, report);
    const other = [...seen].find(([, before]) => overlap(before, one));
    if (other !== void 0) {
      report(
        at,
        `${placeText(one)} overlaps with broker.listeners[${other[0]}] (${placeText(other[1])})`,
        `give every listener its own ${one.systemd === void 0 && one.type !== "unix" ? "port" : "socket"}, or remove one of the two`
      );
    }
    seen.set(index, one);
  }
}
function reportOpen(one, at, report) {
  if (one.systemd !== void 0 || one.proxyProtocol === true) {
    const key = one.systemd === void 0 ? "proxyProtocol" : "systemd";
    const who = one.systemd === void 0 ? "whoever the proxy lets through" : "whoever systemd lets through";
    report(
      [...at, key],
      `${placeText(one)} would serve ${who} without authentication`,
      "add `broker.auth.users: users.yaml`, or accept it with `broker.auth.anonymous: true`"
    );
    return;
  }
  report(
    [...at, "host"],
    `${placeText(one)} would be reachable from the network without authentication`,
    "listen on 127.0.0.1, add `broker.auth.users: users.yaml`, or accept it with `broker.auth.anonymous: true`"
  );
}
export {
  checkListeners,
  isLocal,
  isLoopback
};
//# sourceMappingURL=listener-rules.js.map
