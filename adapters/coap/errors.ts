/** Errors of the CoAP adapter: each says the path and the numbers. */
import { type ErrorCatalogue, errorsOf, type GatewayError } from '../../src/adapter.js';
import { Code, codeText } from './message/message.js';

export const coapErrors = {
  COAP_TIMEOUT: {
    fault: 'device',
    hint: 'check power, address and UDP port of the device; raise the timeout of its port, or lower `ackTimeout`, if the network is lossy',
  },
  COAP_NOT_SENT: {
    fault: 'device',
    hint: 'an earlier request was still unanswered, so nothing was sent; raise the timeout of the port or poll less often',
  },
  COAP_RESET: {
    fault: 'device',
    hint: 'the device understands no such message; check that a CoAP server listens at this port',
  },
  COAP_RESPONSE: { fault: 'device', hint: 'look the response code up in the manual of the device' },
  COAP_BAD_MESSAGE: {
    fault: 'device',
    hint: 'the device breaks RFC 7252; look at its firmware, or for a proxy on the way',
  },
  COAP_TOO_LARGE: { fault: 'device', hint: 'raise `maxBytes` of the device, or read a smaller resource' },
  COAP_CHANGING: {
    fault: 'device',
    hint: 'the resource changes faster than it can be read block by block; read it less often, or a smaller one',
  },
  COAP_DECODE: { fault: 'device', hint: 'the payload is something else: check `format` of the point' },
  COAP_NO_VALUE: { fault: 'device', hint: 'look at the whole payload: check `pointer` or `record` of the point' },
  COAP_DISCONNECTED: { fault: 'device', hint: 'the wire is opened again by itself' },
  COAP_VALUE: { fault: 'caller', hint: 'send a value that fits the format of the point' },
  COAP_QUEUE_FULL: { fault: 'limit', hint: 'ask this device for less at the same time' },
} as const satisfies ErrorCatalogue;

export const coapError = errorsOf(coapErrors);

/** RFC 7252 §12.1.2, RFC 7959 §5.2, RFC 8132 §6, RFC 8516. */
const RESPONSES: Readonly<Record<number, readonly [name: string, hint: string]>> = {
  [Code.BAD_REQUEST]: ['bad request', 'the device does not understand the request; check path, query and body'],
  [Code.UNAUTHORIZED]: ['unauthorized', 'the device wants credentials; use a port of type dtls with its key'],
  [Code.BAD_OPTION]: [
    'bad option',
    'the device lacks an option that was used; try without `format`, or with a larger block',
  ],
  [Code.FORBIDDEN]: ['forbidden', 'the device does not allow this; check its access rules'],
  [Code.NOT_FOUND]: ['not found', 'the device has no such resource; `hpmq device identify` lists those that it has'],
  [Code.METHOD_NOT_ALLOWED]: ['method not allowed', 'the resource does not offer this method; choose another one'],
  [Code.NOT_ACCEPTABLE]: [
    'not acceptable',
    'the resource has no such format; leave `format` out, or choose another one',
  ],
  [Code.REQUEST_ENTITY_INCOMPLETE]: ['request entity incomplete', 'the device lost a block; try again'],
  [Code.CONFLICT]: ['conflict', 'the state of the device does not allow this now'],
  [Code.PRECONDITION_FAILED]: ['precondition failed', 'the state of the device does not allow this now'],
  [Code.REQUEST_ENTITY_TOO_LARGE]: ['request entity too large', 'the device takes no body of this size'],
  [Code.UNSUPPORTED_CONTENT_FORMAT]: [
    'unsupported content format',
    'the device takes another format: set `writeFormat`',
  ],
  [Code.UNPROCESSABLE_ENTITY]: ['unprocessable entity', 'the device cannot use this value'],
  [Code.TOO_MANY_REQUESTS]: ['too many requests', 'poll the device less often'],
  [Code.INTERNAL_SERVER_ERROR]: ['internal server error', 'the device failed; look at its own diagnostics'],
  [Code.SERVICE_UNAVAILABLE]: ['service unavailable', 'the device is busy; poll it less often'],
};

const ABSENT: readonly number[] = [Code.NOT_FOUND, Code.METHOD_NOT_ALLOWED, Code.NOT_ACCEPTABLE];
const BUSY: readonly number[] = [Code.SERVICE_UNAVAILABLE, Code.TOO_MANY_REQUESTS];

/** The device understood and refused: a response of class 4 or 5. @param request - `GET /temp` */
export function responseError(request: string, responseCode: number): GatewayError {
  const [name, hint] = RESPONSES[responseCode] ?? ['another error', undefined];
  const text = codeText(responseCode);
  const details = {
    request,
    exceptionCode: Number(text.replace('.', '')),
    ...(ABSENT.includes(responseCode) ? { absent: true } : {}),
    ...(BUSY.includes(responseCode) ? { busy: true } : {}),
  };
  const message = `${request} was refused with ${text} (${name})`;
  return coapError('COAP_RESPONSE', message, { details, ...(hint === undefined ? {} : { hint }) });
}
