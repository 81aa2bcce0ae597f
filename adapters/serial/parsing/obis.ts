/**
 * Lines of meters by OBIS code (IEC 62056-61): `1-0:1.8.0(000123.456*kWh)`, `0.9.1(120530)`,
 * `0-1:24.2.1(101209110000W)(12785.123*m3)`. The field is the last bracket, without its unit; `code#0`, `code#1`, … are all
 * of them, and `code#unit` the unit of the last.
 */
import { decode, type Field, type Parser } from './fields.js';

const MAX_LINES = 2_000;
/** Code, then brackets; a meter may end the line with anything. */
const LINE = /^([0-9A-Fa-f.:*&-]{1,32}|[A-Z][A-Z0-9.]{0,15})((?:\([^()]*\))+)/;

export function parseDataLines(text: string): Map<string, Field> {
  const fields = new Map<string, Field>();
  let lines = 0;
  for (const line of text.split(/\r?\n/)) {
    if (++lines > MAX_LINES) break;
    // Several data sets may share a line in IEC 62056-21.
    for (let rest = line.trimStart(); rest !== ''; ) {
      const match = LINE.exec(rest);
      if (match === null) break;
      const [whole, code = '', brackets = ''] = match;
      rest = rest.slice(whole.length);
      addSet(fields, code, brackets.slice(1, -1).split(')('));
    }
  }
  return fields;
}

function addSet(fields: Map<string, Field>, code: string, values: readonly string[]): void {
  for (const [index, value] of values.entries()) {
    const [number = '', unit] = value.split('*');
    if (values.length > 1) fields.set(`${code}#${index}`, number);
    if (index < values.length - 1) continue;
    fields.set(code, number);
    if (unit !== undefined) fields.set(`${code}#unit`, unit);
  }
}

export const obisParser: Parser = {
  names: undefined,
  parse(content) {
    const text = decode(content, 'latin1');
    const fields = parseDataLines(text);
    const identification = /^\/([^\r\n]+)/.exec(text)?.[1];
    if (identification !== undefined) fields.set('identification', identification);
    return fields.size === 0 ? undefined : fields;
  },
};
