/** Placeholders in templates of payloads: those of topics, and fields of the payload. */
import { parsePlaceholders, type TemplatePart, TOPIC_PLACEHOLDERS, topicPlaceholder } from './topic-template.js';

export type PayloadPart =
  | TemplatePart
  | {
      readonly field: 'v' | 'q' | 't' | 'u' | 'e' | 'payload' | 'json';
      /** json: the names of members, outermost first; t: `s` or `iso`, if any. */
      readonly path: readonly string[];
    };

export const PAYLOAD_PLACEHOLDERS = `{v}, {q}, {t}, {t:s}, {t:iso}, {u}, {e}, {payload}, {json:a.b}, ${TOPIC_PLACEHOLDERS}`;

const FIELD = /^(?:(v|q|t|u|e|payload)|(t):(s|iso)|(json):([^.]+(?:\.[^.]+)*))$/;

/** @returns the parts of a text, or what is wrong with it */
export function payloadPlaceholders(text: string): readonly PayloadPart[] | string {
  return parsePlaceholders(text, (name): PayloadPart | undefined => {
    const match = FIELD.exec(name);
    if (match === null) return topicPlaceholder(name);
    const [, plain, , form, , path] = match;
    if (form !== undefined) return { field: 't', path: [form] };
    if (path !== undefined) return { field: 'json', path: path.split('.') };
    return { field: plain as 'v', path: [] };
  });
}
