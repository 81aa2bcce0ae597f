/** JSON that goes through us: numbers of more digits than a double has stay as they were written. */

/** From here on a number may have lost digits. */
const LONG_NUMBER = /\d{16}/;

type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;
/** ES2025, and in Node 24; the library of the compiler does not know it yet. */
const { parse, rawJSON } = JSON as unknown as {
  parse(text: string, reviver: Reviver): unknown;
  rawJSON(text: string): object;
};

/** @returns undefined when the text is no JSON */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: LONG_NUMBER.test(text) ? parse(text, keepDigits) : JSON.parse(text) };
  } catch {
    return undefined;
  }
}

const keepDigits: Reviver = (_key, value, { source }) =>
  typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value;

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJson(value);
}

function isRawJson(value: object): boolean {
  return (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON(value);
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @returns undefined when the bytes are no UTF-8 */
export function utf8(payload: Buffer): string | undefined {
  try {
    return UTF8.decode(payload);
  } catch {
    return undefined;
  }
}

/** Elements of a batch as one JSON array, or one a line. */
export function joinJson(elements: readonly Buffer[], as: 'array' | 'lines'): Buffer {
  const isArray = as === 'array';
  const pieces: Buffer[] = isArray ? [OPEN] : [];
  for (const [index, element] of elements.entries()) {
    if (isArray && index > 0) pieces.push(COMMA);
    pieces.push(element);
    if (!isArray) pieces.push(NEWLINE);
  }
  if (isArray) pieces.push(CLOSE);
  return Buffer.concat(pieces);
}

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');
const NEWLINE = Buffer.from('\n');
