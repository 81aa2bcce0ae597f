/** The forms of payloads that a route can ask for. A further one is an {@link Encoder}, and a case here. */
import type { GatewayError } from '../../core/errors.js';
import type { Message } from '../../core/message.js';
import type { FormatConfig } from '../../core/route-config.js';
import { linkError } from '../errors.js';
import type { Decoder, Encoder } from '../route-types.js';
import { isObject, joinJson, parseJson, utf8 } from './json.js';
import { readingJson, readingOf, valueText } from './reading.js';
import { jsonTemplate, textTemplate } from './template.js';
import { thingsBoard } from './thingsboard.js';

const JSON_TYPE = 'application/json';

/**
 * @param filters - of the route, for placeholders that name their wildcards
 * @returns undefined: payloads stay as they are
 */
export function createEncoder(
  format: FormatConfig | undefined,
  filters: readonly string[],
  gatewayId: string,
): Encoder | undefined {
  if (format === undefined) return undefined;
  switch (format.type) {
    case 'reading':
      return simple(JSON_TYPE, readingJson, 'is no reading');
    case 'value':
      return simple('text/plain', (message) => valueText(readingOf(message)?.v), 'has no value');
    case 'json':
      return { contentType: JSON_TYPE, element: envelope, join: joinJson };
    case 'thingsboard':
      return thingsBoard(format, gatewayId);
    case 'template':
      return jsonTemplate(format.template, filters, gatewayId);
    case 'text':
      return textTemplate(format.text, filters, gatewayId);
  }
}

function simple(contentType: string, make: (message: Message) => string | undefined, fault: string): Encoder {
  const element = (message: Message): Buffer | GatewayError => {
    const text = make(message);
    return text === undefined ? linkError('LINK_FORMAT', `${message.topic} ${fault}`) : Buffer.from(text);
  };
  return { contentType, element, join: joinJson };
}

/** What says by itself where and when it was: any payload has this form. */
function envelope({ topic, payload, receivedAt }: Message): Buffer {
  const text = utf8(payload);
  const json = text === undefined || text === '' ? undefined : parseJson(text);
  // JSON may be laid out on several lines: written anew it is one line.
  const content = json !== undefined ? { payload: json.value } : text !== undefined ? { text } : undefined;
  return Buffer.from(JSON.stringify({ topic, t: receivedAt, ...(content ?? { base64: payload.toString('base64') }) }));
}

/** @returns undefined: payloads stay as they are */
export function createDecoder(
  format: FormatConfig | undefined,
  filters: readonly string[],
  gatewayId: string,
): Decoder | undefined {
  if (format === undefined) return undefined;
  switch (format.type) {
    case 'reading':
    case 'value':
      return {
        decode: (message) => {
          const text = readingJson(message);
          return text === undefined ? notOurs(`${message.topic} is no value`) : [Buffer.from(text)];
        },
      };
    case 'json':
      return { decode: openEnvelopes };
    case 'template':
    case 'text': {
      const encoder = createEncoder(format, filters, gatewayId)!;
      return {
        decode: (message) => {
          const made = encoder.element(message);
          return Buffer.isBuffer(made) ? [made] : made;
        },
      };
    }
    case 'thingsboard':
      throw new RangeError('the route was not checked: ThingsBoard telemetry goes out only');
  }
}

function notOurs(message: string): GatewayError {
  return linkError('LINK_PAYLOAD', message);
}

/** One envelope, an array of them, or one a line. */
function openEnvelopes({ topic, payload }: Message): readonly Buffer[] | GatewayError {
  const text = utf8(payload);
  const fault = () => notOurs(`${topic} is not of the format json`);
  if (text === undefined) return fault();
  const whole = parseJson(text);
  const values =
    whole === undefined
      ? text
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => parseJson(line)?.value)
      : Array.isArray(whole.value)
        ? whole.value
        : [whole.value];
  const payloads: Buffer[] = [];
  for (const value of values) {
    if (!isObject(value)) return fault();
    if (typeof value.base64 === 'string') payloads.push(Buffer.from(value.base64, 'base64'));
    else if (typeof value.text === 'string') payloads.push(Buffer.from(value.text));
    else if (Object.hasOwn(value, 'payload')) payloads.push(Buffer.from(JSON.stringify(value.payload)));
    else return fault();
  }
  return payloads;
}
