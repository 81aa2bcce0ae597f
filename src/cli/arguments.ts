/** Parsers of arguments and options; what they refuse is a usage error that shows the valid forms. */
import { cliError } from './errors.js';

/** For `--limit`. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= 1) return value;
  throw cliError('CLI_USAGE', `"${text}" is not a whole number from 1`, { hint: 'write --limit 10' });
}

/** A whole number within limits; `example` is a valid use of the flag. */
export function between(min: number, max: number, example: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw cliError('CLI_USAGE', `"${text}" is not a number from ${min} to ${max}`, { hint: `write ${example}` });
  };
}

export function qualityOfService(text: string): 0 | 1 | 2 {
  if (text === '0' || text === '1' || text === '2') return Number(text) as 0 | 1 | 2;
  throw cliError('CLI_USAGE', `"${text}" is not a quality of service`, { hint: 'write --qos 0, 1 or 2' });
}

/** What is written to a point: a number, true or false where the text is one; integers too large for a number stay text. */
export function writtenValue(text: string): number | boolean | string {
  if (text === 'true' || text === 'false') return text === 'true';
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return text;
  const value = Number(text);
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)) ? value : text;
}
