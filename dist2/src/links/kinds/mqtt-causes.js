import { linkError } from "../errors.js";
const NETWORK_HINTS = {
  ECONNREFUSED: "nothing listens there: check the port, and that the broker at the far side runs",
  ENOTFOUND: "the host name is unknown: check it, and the name server of this gateway",
  EAI_AGAIN: "the name server does not answer: check the network and the name server of this gateway",
  EHOSTUNREACH: "there is no way to the host: check the network and the default route",
  ENETUNREACH: "there is no way to the network: check the network and the default route"
};
const TLS_CODES = /^(ERR_(SSL|TLS|OSSL)|EPROTO|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|HOSTNAME_MISMATCH)/;
function socketCause(error, phase, far) {
  const code = typeof error.code === "string" ? error.code : "";
  const options = { cause: error, details: { far, code } };
  if (phase === "tls" || TLS_CODES.test(code)) {
    return linkError("LINK_TLS", `no TLS connection to ${far}: ${error.message}`, options);
  }
  if (phase === "tcp") {
    const hint = NETWORK_HINTS[code];
    return linkError("LINK_UNREACHABLE", `${far} cannot be reached: ${reasonOf(error, code)}`, {
      ...options,
      ...hint === void 0 ? {} : { hint }
    });
  }
  return linkError("LINK_LOST", `the connection to ${far} failed: ${reasonOf(error, code)}`, options);
}
function reasonOf(error, code) {
  return error.message || code || "unknown";
}
function closedCause(phase, far) {
  switch (phase) {
    case "tcp":
      return linkError("LINK_UNREACHABLE", `${far} closed the connection at once`, { details: { far } });
    case "tls":
      return linkError("LINK_TLS", `${far} closed the connection during the TLS handshake`, { details: { far } });
    case "mqtt":
      return linkError("LINK_PROTOCOL", `${far} closed the connection without answering CONNECT`, {
        details: { far },
        hint: "check the port (TLS or not) and the protocolVersion of the link"
      });
    case "up":
      return linkError("LINK_LOST", `${far} closed the connection`, { details: { far } });
  }
}
function timeoutCause(phase, far, ms) {
  const details = { far, timeoutMs: ms };
  switch (phase) {
    case "tcp":
      return linkError("LINK_UNREACHABLE", `${far} did not answer within ${ms} ms`, { details });
    case "tls":
      return linkError("LINK_TLS", `${far} did not finish the TLS handshake within ${ms} ms`, { details });
    case "mqtt":
      return linkError("LINK_PROTOCOL", `${far} did not answer CONNECT within ${ms} ms`, {
        details,
        hint: "check the port (TLS or not), and that an MQTT broker listens there"
      });
    case "up":
      return linkError("LINK_PROTOCOL", `${far} did not answer SUBSCRIBE within ${ms} ms`, { details });
  }
}
const REASONS = {
  1: "unacceptable protocol version",
  2: "client identifier rejected",
  3: "server unavailable",
  4: "bad user name or password",
  5: "not authorized",
  128: "unspecified error",
  129: "malformed packet",
  130: "protocol error",
  131: "implementation specific error",
  132: "unsupported protocol version",
  133: "client identifier not valid",
  134: "bad user name or password",
  135: "not authorized",
  136: "server unavailable",
  137: "server busy",
  138: "banned",
  139: "server shutting down",
  140: "bad authentication method",
  141: "keep alive timeout",
  142: "session taken over",
  143: "topic filter invalid",
  144: "topic name invalid",
  147: "receive maximum exceeded",
  149: "packet too large",
  150: "message rate too high",
  151: "quota exceeded",
  152: "administrative action",
  153: "payload format invalid",
  154: "retain not supported",
  155: "QoS not supported",
  156: "use another server",
  157: "server moved",
  158: "shared subscriptions not supported",
  159: "connection rate exceeded",
  160: "maximum connect time",
  161: "subscription identifiers not supported",
  162: "wildcard subscriptions not supported"
};
function reasonText(reasonCode, reasonString) {
  const words = REASONS[reasonCode] ?? "unknown reason";
  const hex = `0x${reasonCode.toString(16).padStart(2, "0")}`;
  return reasonString === void 0 ? `${words} (${hex})` : `${words} (${hex}): ${reasonString}`;
}
function connackCause(reasonCode, reasonString, far) {
  const message = `${far} refused the connection: ${reasonText(reasonCode, reasonString)}`;
  const details = { far, reasonCode };
  switch (reasonCode) {
    case 4:
    case 5:
    case 134:
    case 135:
    case 138:
    case 140:
      return linkError("LINK_AUTH", message, { details });
    case 1:
    case 132:
      return linkError("LINK_PROTOCOL", message, { details, hint: "change the protocolVersion of the link" });
    case 2:
    case 133:
      return linkError("LINK_REFUSED", message, { details, hint: "change the clientId of the link" });
    default:
      return linkError("LINK_REFUSED", message, { details });
  }
}
function disconnectCause(reasonCode, reasonString, far) {
  const message = `${far} ended the connection: ${reasonText(reasonCode, reasonString)}`;
  const code = reasonCode === 142 ? "LINK_TAKEN_OVER" : "LINK_LOST";
  return linkError(code, message, { details: { far, reasonCode } });
}
export {
  closedCause,
  connackCause,
  disconnectCause,
  reasonText,
  socketCause,
  timeoutCause
};
//# sourceMappingURL=mqtt-causes.js.map
