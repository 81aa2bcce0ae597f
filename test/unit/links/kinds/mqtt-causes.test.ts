import t from 'tap';
import {
  closedCause,
  connackCause,
  disconnectCause,
  type Phase,
  reasonText,
  socketCause,
  timeoutCause,
} from '../../../../src/links/kinds/mqtt-causes.js';

const far = 'cloud:8883';
const systemError = (code: string, message = code) => Object.assign(new Error(message), { code });

t.test('failures of the socket by phase', async (t) => {
  const cases: readonly [code: string, Phase, expected: string, hint?: RegExp][] = [
    ['ECONNREFUSED', 'tcp', 'LINK_UNREACHABLE', /nothing listens/],
    ['ENOTFOUND', 'tcp', 'LINK_UNREACHABLE', /host name/],
    ['EAI_AGAIN', 'tcp', 'LINK_UNREACHABLE', /name server/],
    ['ETIMEDOUT', 'tcp', 'LINK_UNREACHABLE', /host and port/],
    ['ECONNRESET', 'tls', 'LINK_TLS'],
    ['CERT_HAS_EXPIRED', 'tls', 'LINK_TLS', /clock/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'mqtt', 'LINK_TLS'],
    ['ECONNRESET', 'mqtt', 'LINK_LOST'],
    ['EPIPE', 'up', 'LINK_LOST'],
  ];
  for (const [code, phase, expected, hint] of cases) {
    const error = socketCause(systemError(code), phase, far);
    t.match(error, { code: expected, fault: 'peer', details: { far, code } }, `${code} in ${phase}`);
    if (hint !== undefined) t.match(error.hint, hint);
  }
  t.match(socketCause(systemError('ECONNREFUSED', ''), 'tcp', far).message, /cannot be reached: ECONNREFUSED/);
});

t.test('silence and a closed connection by phase', async (t) => {
  const phases: readonly [Phase, closed: string, silent: string][] = [
    ['tcp', 'LINK_UNREACHABLE', 'LINK_UNREACHABLE'],
    ['tls', 'LINK_TLS', 'LINK_TLS'],
    ['mqtt', 'LINK_PROTOCOL', 'LINK_PROTOCOL'],
    ['up', 'LINK_LOST', 'LINK_PROTOCOL'],
  ];
  for (const [phase, closed, silent] of phases) {
    t.equal(closedCause(phase, far).code, closed);
    t.match(timeoutCause(phase, far, 10_000), { code: silent, message: /10000 ms/, details: { timeoutMs: 10_000 } });
  }
});

t.test('reason codes of CONNACK [MQTT 3.1.1 §3.2.2.3] [MQTT 5.0 §3.2.2.2]', async (t) => {
  const cases: readonly [number, string][] = [
    [1, 'LINK_PROTOCOL'],
    [2, 'LINK_REFUSED'],
    [3, 'LINK_REFUSED'],
    [4, 'LINK_AUTH'],
    [5, 'LINK_AUTH'],
    [0x84, 'LINK_PROTOCOL'],
    [0x85, 'LINK_REFUSED'],
    [0x86, 'LINK_AUTH'],
    [0x87, 'LINK_AUTH'],
    [0x8a, 'LINK_AUTH'],
    [0x97, 'LINK_REFUSED'],
    [0x9a, 'LINK_REFUSED'],
    [0xff, 'LINK_REFUSED'],
  ];
  for (const [reasonCode, expected] of cases) {
    t.match(connackCause(reasonCode, undefined, far), { code: expected, details: { reasonCode } }, `${reasonCode}`);
  }
  t.equal(reasonText(0x97, 'too many clients'), 'quota exceeded (0x97): too many clients');
  t.equal(reasonText(0xff), 'unknown reason (0xff)');
});

t.test('DISCONNECT of the far side [MQTT 5.0 §3.14.2.1]', async (t) => {
  t.match(disconnectCause({ reasonCode: 0x8e }, far), { code: 'LINK_TAKEN_OVER', hint: /its own client id/ });
  t.match(disconnectCause({ reasonCode: 0x8b, reasonString: 'bye' }, far), {
    code: 'LINK_LOST',
    message: /server shutting down \(0x8b\): bye/,
  });
  const moved = { reasonCode: 0x9d, serverReference: 'mqtt.example.org:1883' };
  t.match(disconnectCause(moved, far), {
    code: 'LINK_LOST',
    message: /server moved \(0x9d\); it names mqtt\.example\.org:1883/,
    details: { serverReference: 'mqtt.example.org:1883' },
  });
  t.match(connackCause(0x9c, { ...moved, reasonString: 'full' }, far), {
    code: 'LINK_REFUSED',
    message: /use another server \(0x9c\): full; it names mqtt\.example\.org:1883/,
    hint: /url/,
  });
});
