import t from "tap";
import {
  closedCause,
  connackCause,
  disconnectCause,
  reasonText,
  socketCause,
  timeoutCause
} from "../../../../src/links/kinds/mqtt-causes.js";
const far = "cloud:8883";
const systemError = (code, message = code) => Object.assign(new Error(message), { code });
t.test("failures of the socket by phase", async (t2) => {
  const cases = [
    ["ECONNREFUSED", "tcp", "LINK_UNREACHABLE", /nothing listens/],
    ["ENOTFOUND", "tcp", "LINK_UNREACHABLE", /host name/],
    ["EAI_AGAIN", "tcp", "LINK_UNREACHABLE", /name server/],
    ["ETIMEDOUT", "tcp", "LINK_UNREACHABLE", /host and port/],
    ["ECONNRESET", "tls", "LINK_TLS"],
    ["CERT_HAS_EXPIRED", "tls", "LINK_TLS", /clock/],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "mqtt", "LINK_TLS"],
    ["ECONNRESET", "mqtt", "LINK_LOST"],
    ["EPIPE", "up", "LINK_LOST"]
  ];
  for (const [code, phase, expected, hint] of cases) {
    const error = socketCause(systemError(code), phase, far);
    t2.match(error, { code: expected, fault: "peer", details: { far, code } }, `${code} in ${phase}`);
    if (hint !== void 0) t2.match(error.hint, hint);
  }
  t2.match(socketCause(systemError("ECONNREFUSED", ""), "tcp", far).message, /cannot be reached: ECONNREFUSED/);
});
t.test("silence and a closed connection by phase", async (t2) => {
  const phases = [
    ["tcp", "LINK_UNREACHABLE", "LINK_UNREACHABLE"],
    ["tls", "LINK_TLS", "LINK_TLS"],
    ["mqtt", "LINK_PROTOCOL", "LINK_PROTOCOL"],
    ["up", "LINK_LOST", "LINK_PROTOCOL"]
  ];
  for (const [phase, closed, silent] of phases) {
    t2.equal(closedCause(phase, far).code, closed);
    t2.match(timeoutCause(phase, far, 1e4), { code: silent, message: /10000 ms/, details: { timeoutMs: 1e4 } });
  }
});
t.test("reason codes of CONNACK [MQTT 3.1.1 \xA73.2.2.3] [MQTT 5.0 \xA73.2.2.2]", async (t2) => {
  const cases = [
    [1, "LINK_PROTOCOL"],
    [2, "LINK_REFUSED"],
    [3, "LINK_REFUSED"],
    [4, "LINK_AUTH"],
    [5, "LINK_AUTH"],
    [132, "LINK_PROTOCOL"],
    [133, "LINK_REFUSED"],
    [134, "LINK_AUTH"],
    [135, "LINK_AUTH"],
    [138, "LINK_AUTH"],
    [151, "LINK_REFUSED"],
    [154, "LINK_REFUSED"],
    [255, "LINK_REFUSED"]
  ];
  for (const [reasonCode, expected] of cases) {
    t2.match(connackCause(reasonCode, void 0, far), { code: expected, details: { reasonCode } }, `${reasonCode}`);
  }
  t2.equal(reasonText(151, "too many clients"), "quota exceeded (0x97): too many clients");
  t2.equal(reasonText(255), "unknown reason (0xff)");
});
t.test("DISCONNECT of the far side [MQTT 5.0 \xA73.14.2.1]", async (t2) => {
  t2.match(disconnectCause(142, void 0, far), { code: "LINK_TAKEN_OVER", hint: /its own client id/ });
  t2.match(disconnectCause(139, "bye", far), { code: "LINK_LOST", message: /server shutting down \(0x8b\): bye/ });
});
//# sourceMappingURL=mqtt-causes.test.js.map
