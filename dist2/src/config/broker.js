import { z } from "zod";
import { authSchema, toAccessConfig, toAuthConfig } from "./access.js";
import { limits } from "./limits.js";
import { isLocal } from "./listener-rules.js";
import { listenerSchema, toListenerConfig } from "./listeners.js";
import { isPlain } from "./merge.js";
function brokerSchema(inputs) {
  return z.strictObject({
    listeners: z.array(listenerSchema(inputs)).prefault([{ type: "tcp", host: "127.0.0.1", port: 1883 }]).describe("where MQTT clients connect"),
    auth: authSchema(inputs).prefault({}),
    limits: limits.prefault({}),
    serverReference: z.string().min(1).max(1024).optional().describe(
      'named to 5.0 clients that are sent away, at the limit of connections and at a stop: "other.example:1883"'
    ),
    moved: z.boolean().default(false).describe("every client is sent to serverReference, for good"),
    responseInformation: z.string().min(1).max(1024).optional().describe('where answers to requests may be sent, for 5.0 clients that ask; %c is the client id: "answers/%c"'),
    payloadFormatCheck: z.boolean().default(false).describe("a payload that its publisher says is UTF-8, and is not, is refused")
  });
}
function toBrokerConfig(parsed) {
  const { listeners, auth, limits: limits2, serverReference, moved, responseInformation, payloadFormatCheck } = parsed;
  const areLocal = listeners.every(isLocal);
  const names = /* @__PURE__ */ new Set();
  return {
    listeners: listeners.map((one) => {
      const listener = toListenerConfig(one);
      return { ...listener, name: uniqueName(listener.name, names), auth: toAuthConfig(auth, one.auth, areLocal) };
    }),
    access: toAccessConfig(auth),
    limits: limits2,
    serverReference,
    moved,
    responseInformation,
    payloadFormatCheck
  };
}
function checkReferral(value, report) {
  if (!isPlain(value) || value.moved !== true || value.serverReference !== void 0) return;
  report(
    ["broker", "moved"],
    "clients would be sent away without being told where to",
    "name the other server in `broker.serverReference`, or remove `moved`"
  );
}
function uniqueName(name, taken) {
  let unique = name;
  for (let count = 2; taken.has(unique); count++) unique = `${name}#${count}`;
  taken.add(unique);
  return unique;
}
export {
  brokerSchema,
  checkReferral,
  toBrokerConfig
};
//# sourceMappingURL=broker.js.map
