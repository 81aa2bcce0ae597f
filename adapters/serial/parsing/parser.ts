/** The parser of a device: the first of several that takes the frame. */
import { Pattern } from '../patterns/pattern.js';
import type { ParseKind } from '../schema/parse.js';
import type { Parser, TextEncoding } from './fields.js';
import { nmeaParser } from './nmea.js';
import { obisParser } from './obis.js';
import { structParser } from './struct.js';
import { columnsParser, csvParser, jsonParser, regexParser } from './text.js';

function parserOf(parse: ParseKind, encoding: TextEncoding): Parser {
  switch (parse.kind) {
    case 'json':
      return jsonParser;
    case 'nmea':
      return nmeaParser;
    case 'obis':
      return obisParser;
    case 'regex':
      return regexParser(new Pattern(parse.regex), encoding);
    case 'csv':
      return csvParser(parse.separator, parse.columns, encoding);
    case 'columns':
      return columnsParser(parse.columns, encoding);
    case 'struct':
      return structParser(parse.struct, encoding);
  }
}

export function createParser(parse: readonly ParseKind[], encoding: TextEncoding): Parser {
  const parsers = parse.map((one) => parserOf(one, encoding));
  if (parsers.length === 1) return parsers[0]!;
  const isOpen = parsers.some(({ names }) => names === undefined);
  return {
    names: isOpen ? undefined : new Set(parsers.flatMap(({ names }) => [...(names ?? [])])),
    parse(content) {
      for (const parser of parsers) {
        const fields = parser.parse(content);
        if (fields !== undefined) return fields;
      }
      return undefined;
    },
  };
}
