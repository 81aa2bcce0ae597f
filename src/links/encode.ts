/** Messages in the form in which their route sends them. */
import { GatewayError } from '../core/errors.js';
import type { Message, PublishProperties, QoS } from '../core/message.js';
import { CONTENT_ENCODING, compress } from './content-encoding.js';
import { linkError } from './errors.js';
import type { Encoded, OutRoute, Target } from './route-types.js';

/** Why a message is too large for its route; undefined: it is not. Asked before it is kept. */
export function sizeFault({ route, topic }: Target, { payload }: Message): GatewayError | undefined {
  const { maxSize } = route;
  if (maxSize === undefined || payload.length <= maxSize.bytes) return undefined;
  const text = `${payload.length} bytes for ${topic} are more than ${maxSize.bytes}`;
  return linkError('LINK_TOO_LARGE', text, { details: { bytes: payload.length, maxSize: maxSize.bytes } });
}

/** The route says nothing of such a message, by its format: that is no loss. */
export function isLeftOut({ code }: GatewayError): boolean {
  return code === 'LINK_NOT_GOOD';
}

/** Is this refusal only to be counted? */
export function isQuiet({ route }: Target, error: GatewayError): boolean {
  return error.code === 'LINK_TOO_LARGE' && route.maxSize?.over === 'drop';
}

/** Unix ms; Infinity: never. Counted from the arrival, so that it also ends while the message waits here. */
export function expiryOf(
  { expiry }: Pick<OutRoute, 'expiry'>,
  { expiresAt, receivedAt }: Pick<Message, 'expiresAt' | 'receivedAt'>,
): number {
  if (expiry === undefined) return expiresAt;
  const at = receivedAt + expiry.ms;
  return expiry.mode === 'set' ? at : Math.min(at, expiresAt);
}

/** As it leaves here; see {@link OutRoute.isOnce}. */
export function qosOf({ qos: most, minQos, route }: Target, { qos }: Pick<Message, 'qos'>): QoS {
  const least = Math.max(qos, minQos);
  return least > 0 && route.isOnce ? most : (Math.min(most, least) as QoS);
}

export function retainOf(
  { retain }: Pick<OutRoute, 'retain'>,
  { retain: isRetained }: Pick<Message, 'retain'>,
): boolean {
  return retain === 'keep' ? isRetained : retain === 'set';
}

/** One message; for a route with `batch` as a batch of one. Or why it has no such form. */
export function encode(target: Target, message: Message): Encoded | GatewayError {
  const { route, topic } = target;
  const { encoder } = route;
  let { payload, properties } = message;
  // An empty payload clears a retained message: it has no other form.
  const isCleared = payload.length === 0 && message.retain;
  if (encoder !== undefined && !isCleared) {
    const element = encoder.element(message);
    if (element instanceof GatewayError) return element;
    if (route.batch !== undefined) {
      return encodeBatch(target, { elements: [element], qos: message.qos, expiresAt: expiryOf(route, message) });
    }
    payload = element;
    properties = { ...properties, ...typeOf(encoder.contentType) };
  }
  return {
    topic,
    qos: qosOf(target, message),
    retain: retainOf(route, message),
    ...(isCleared ? { payload, properties } : packed(route, payload, properties)),
    expiresAt: expiryOf(route, message),
  };
}

/** What a batch is made of, besides its elements. */
export interface BatchParts {
  readonly elements: readonly Buffer[];
  /** Highest of the messages. */
  readonly qos: QoS;
  /** Unix ms; of the message that lives longest. */
  readonly expiresAt: number;
}

export function encodeBatch(target: Target, { elements, qos, expiresAt }: BatchParts): Encoded {
  const { route, topic } = target;
  const { encoder, batch } = route;
  if (encoder === undefined || batch === undefined) throw new RangeError('the route has no batches');
  const type = batch.as === 'lines' ? 'application/x-ndjson' : encoder.contentType;
  return {
    topic,
    qos: Math.min(Math.max(qos, target.minQos), target.qos) as QoS,
    retain: route.retain === 'set',
    ...packed(route, encoder.join(elements, batch.as), typeOf(type)),
    expiresAt,
  };
}

function typeOf(contentType: string | undefined): PublishProperties {
  // §3.3.2.3.2: the payload is UTF-8.
  return contentType === undefined ? {} : { contentType, payloadFormatIndicator: true };
}

function packed({ compress: how }: OutRoute, payload: Buffer, properties: PublishProperties | undefined) {
  if (how === undefined) return { payload, properties };
  const { payloadFormatIndicator: _text, userProperties = [], ...rest } = properties ?? {};
  const marked: PublishProperties = { ...rest, userProperties: [...userProperties, [CONTENT_ENCODING, how]] };
  return { payload: compress(payload, how), properties: marked };
}
