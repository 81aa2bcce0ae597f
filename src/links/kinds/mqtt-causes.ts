/** From what sockets, TLS and MQTT report to errors by cause, each with the hint that fits. */
import type { GatewayError } from '../../core/errors.js';
import { linkError } from '../errors.js';

/** How far the connection had come. */
export type Phase = 'tcp' | 'tls' | 'web' | 'mqtt' | 'up';

const NETWORK_HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: check the port, and that the broker at the far side runs',
  ENOTFOUND: 'the host name is unknown: check it, and the name server of this gateway',
  EAI_AGAIN: 'the name server does not answer: check the network and the name server of this gateway',
  EHOSTUNREACH: 'there is no way to the host: check the network and the default route',
  ENETUNREACH: 'there is no way to the network: check the network and the default route',
};

interface SystemError extends Error {
  readonly code?: unknown;
}

/** OpenSSL's and Node's names of certificate problems do not follow one pattern. */
const TLS_CODES =
  /^(ERR_(SSL|TLS|OSSL)|EPROTO|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|HOSTNAME_MISMATCH)/;

/** The peer closed while something was on its way there: what it said last may be lost with it. */
export function isReset(error: SystemError): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}

/** The socket failed. */
export function socketCause(error: SystemError, phase: Phase, far: string): GatewayError {
  const code = typeof error.code === 'string' ? error.code : '';
  const options = { cause: error, details: { far, code } };
  if (phase === 'tls' || TLS_CODES.test(code)) {
    return linkError('LINK_TLS', `no TLS connection to ${far}: ${error.message}`, options);
  }
  if (phase === 'web') {
    return linkError('LINK_PROTOCOL', `no WebSocket at ${far}: ${reasonOf(error, code)}`, {
      ...options,
      hint: 'check the path of the url, and that the far side offers MQTT over WebSocket there',
    });
  }
  if (phase === 'tcp') {
    const hint = NETWORK_HINTS[code];
    return linkError('LINK_UNREACHABLE', `${far} cannot be reached: ${reasonOf(error, code)}`, {
      ...options,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  return linkError('LINK_LOST', `the connection to ${far} failed: ${reasonOf(error, code)}`, options);
}

/** Connecting to a name with several addresses fails with an AggregateError that has no message of its own. */
function reasonOf(error: Error, code: string): string {
  return error.message || code || 'unknown';
}

/**
 * The far side closed the connection without a word.
 *
 * @param hasCertificate - we showed one, which is judged after our end of the handshake (TLS 1.3)
 */
export function closedCause(phase: Phase, far: string, hasCertificate: boolean): GatewayError {
  switch (phase) {
    case 'tcp':
      return linkError('LINK_UNREACHABLE', `${far} closed the connection at once`, { details: { far } });
    case 'tls':
      return linkError('LINK_TLS', `${far} closed the connection during the TLS handshake`, { details: { far } });
    case 'web':
      return linkError('LINK_PROTOCOL', `${far} closed the connection during the WebSocket handshake`, {
        details: { far },
      });
    case 'mqtt':
      return linkError('LINK_PROTOCOL', `${far} closed the connection without answering CONNECT`, {
        details: { far },
        hint: hasCertificate
          ? 'check that the far side accepts the certificate of the link, and its protocolVersion'
          : 'check the port (TLS or not) and the protocolVersion of the link, and whether a client certificate is wanted',
      });
    case 'up':
      return linkError('LINK_LOST', `${far} closed the connection`, { details: { far } });
  }
}

/** Nothing came within the time for connecting. */
export function timeoutCause(phase: Phase, far: string, ms: number): GatewayError {
  const details = { far, timeoutMs: ms };
  switch (phase) {
    case 'tcp':
      return linkError('LINK_UNREACHABLE', `${far} did not answer within ${ms} ms`, { details });
    case 'tls':
      return linkError('LINK_TLS', `${far} did not finish the TLS handshake within ${ms} ms`, { details });
    case 'web':
      return linkError('LINK_PROTOCOL', `${far} did not answer the WebSocket handshake within ${ms} ms`, { details });
    case 'mqtt':
      return linkError('LINK_PROTOCOL', `${far} did not answer CONNECT within ${ms} ms`, {
        details,
        hint: 'check the port (TLS or not), and that an MQTT broker listens there',
      });
    case 'up':
      return linkError('LINK_PROTOCOL', `${far} did not answer SUBSCRIBE within ${ms} ms`, { details });
  }
}

/** MQTT 3.1.1 §3.2.2.3 and MQTT 5.0 §2.4. */
const REASONS: Readonly<Record<number, string>> = {
  1: 'unacceptable protocol version',
  2: 'client identifier rejected',
  3: 'server unavailable',
  4: 'bad user name or password',
  5: 'not authorized',
  128: 'unspecified error',
  129: 'malformed packet',
  130: 'protocol error',
  131: 'implementation specific error',
  132: 'unsupported protocol version',
  133: 'client identifier not valid',
  134: 'bad user name or password',
  135: 'not authorized',
  136: 'server unavailable',
  137: 'server busy',
  138: 'banned',
  139: 'server shutting down',
  140: 'bad authentication method',
  141: 'keep alive timeout',
  142: 'session taken over',
  143: 'topic filter invalid',
  144: 'topic name invalid',
  147: 'receive maximum exceeded',
  149: 'packet too large',
  150: 'message rate too high',
  151: 'quota exceeded',
  152: 'administrative action',
  153: 'payload format invalid',
  154: 'retain not supported',
  155: 'QoS not supported',
  156: 'use another server',
  157: 'server moved',
  158: 'shared subscriptions not supported',
  159: 'connection rate exceeded',
  160: 'maximum connect time',
  161: 'subscription identifiers not supported',
  162: 'wildcard subscriptions not supported',
};

/** The reason code in words, with the Reason String of the far side where it gave one. */
export function reasonText(reasonCode: number, reasonString?: string): string {
  const words = REASONS[reasonCode] ?? 'unknown reason';
  const hex = `0x${reasonCode.toString(16).padStart(2, '0')}`;
  return reasonString === undefined ? `${words} (${hex})` : `${words} (${hex}): ${reasonString}`;
}

/** CONNACK with a reason code other than success. */
export function connackCause(reasonCode: number, properties: Told | undefined, far: string): GatewayError {
  const { reasonString, serverReference } = properties ?? {};
  const message = `${far} refused the connection: ${reasonText(reasonCode, reasonString)}${elsewhere(serverReference)}`;
  const details = { far, reasonCode, ...(serverReference === undefined ? {} : { serverReference }) };
  switch (reasonCode) {
    case 4:
    case 5:
    case 134:
    case 135:
    case 138:
    case 140:
      return linkError('LINK_AUTH', message, { details });
    case 1:
    case 132:
      return linkError('LINK_PROTOCOL', message, { details, hint: 'change the protocolVersion of the link' });
    case 2:
    case 133:
      return linkError('LINK_REFUSED', message, { details, hint: 'change the clientId of the link' });
    case 156:
    case 157:
      return linkError('LINK_REFUSED', message, { details, hint: 'change the url of the link to the server it names' });
    default:
      return linkError('LINK_REFUSED', message, { details });
  }
}

/** DISCONNECT from the far side (MQTT 5.0 §3.14). */
export function disconnectCause({ reasonCode, ...told }: Told & { reasonCode: number }, far: string): GatewayError {
  const { reasonString, serverReference } = told;
  const message = `${far} ended the connection: ${reasonText(reasonCode, reasonString)}${elsewhere(serverReference)}`;
  const code = reasonCode === 142 ? 'LINK_TAKEN_OVER' : 'LINK_LOST';
  const details = { far, reasonCode, ...(serverReference === undefined ? {} : { serverReference }) };
  return linkError(code, message, { details });
}

/** What a far side may say with a reason code. */
interface Told {
  readonly reasonString?: string | undefined;
  /** Where to go instead (§4.13). */
  readonly serverReference?: string | undefined;
}

function elsewhere(serverReference: string | undefined): string {
  return serverReference === undefined ? '' : `; it names ${serverReference}`;
}
