/**
 * Recorded messages: a JSON object in each line, as `hpmq topic tail --json` writes them.
 *
 *   {"topic":"raw/a","text":"21.5","qos":1,"retain":false,"at":1767225600000}
 *
 * The payload is one of `text`, `base64`, and `payload`: a text, or any other JSON value.
 */
import { createMessage, type Message, type Origin, type QoS } from '../core/message.js';
import { topicNameFault } from '../core/topic.js';
import { functionError } from './errors.js';

/** @param name - of the file @throws GatewayError FUNCTION_RECORDING, with the number of the line */
export function* recordedMessages(text: string, name: string): Generator<Message> {
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    if (line.trim() === '') continue;
    const message = parse(line);
    if (typeof message === 'string') throw functionError('FUNCTION_RECORDING', `${name}:${number}: ${message}`);
    yield message;
  }
}

function parse(line: string): Message | string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return 'is no JSON';
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return 'is no JSON object';
  const { topic, qos = 0, retain = false, at = 0, origin = 'client:recorded', truncated } = fields;
  if (typeof topic !== 'string' || topicNameFault(topic) !== undefined) return '"topic" is no topic';
  if (truncated === true) return 'the payload was cut when it was recorded';
  if (qos !== 0 && qos !== 1 && qos !== 2) return '"qos" is not 0, 1 or 2';
  if (typeof retain !== 'boolean') return '"retain" is not true or false';
  if (typeof at !== 'number' || !Number.isFinite(at)) return '"at" is no time in ms';
  const payload = payloadOf(fields);
  if (typeof payload === 'string') return payload;
  const from = typeof origin === 'string' && origin !== '' ? origin : 'client:recorded';
  const full = (from.includes(':') ? from : `${from}:recorded`) as Origin;
  return createMessage({ topic, payload, qos: qos as QoS, retain, receivedAt: at, origin: full });
}

function payloadOf({ text, base64, payload }: Record<string, unknown>): Buffer | string {
  if ([text, base64, payload].filter((one) => one !== undefined).length !== 1) {
    return 'the payload is one of "text", "base64" and "payload"';
  }
  if (text !== undefined) return typeof text === 'string' ? Buffer.from(text) : '"text" is no text';
  if (payload !== undefined) return Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  if (typeof base64 !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return '"base64" is no base64';
  return Buffer.from(base64, 'base64');
}
