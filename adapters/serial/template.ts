/**
 * What is sent: bytes with places for the address of the device and the value of a command.
 *
 *   text  `S{value:06.2}\r\n`      hex  `02 30 {value:u16be} 03`
 */
import type { Value } from '../../src/adapter.js';
import { serialError } from './errors.js';

interface Place {
  readonly name: 'address' | 'value';
  readonly format: string;
}

export interface Template {
  readonly parts: readonly (Buffer | Place)[];
}

/** Type and byte order of a number in a hex template. */
const BINARY = /^(?:[ui](?:8|16be|16le|32be|32le)|f32be|f32le)$/;
/** Zeros in front up to a width, digits after the point: `06`, `.2`, `07.3`; `x4`: hexadecimal. */
const TEXT = /^(?:(?:0\d{1,2})?(?:\.\d{1,2})?|x\d{1,2})$/;

/** @returns a sentence for people when it is none */
export function parseTemplate(text: string, isHex: boolean): Template | string {
  const parts: (Buffer | Place)[] = [];
  let literal = '';
  const flush = (): string | undefined => {
    if (literal === '') return undefined;
    const digits = literal.replace(/\s+/g, '');
    if (isHex && !/^([0-9a-f]{2})*$/i.test(digits))
      return `${JSON.stringify(literal.trim())} is not pairs of hexadecimal digits`;
    const bytes = isHex ? Buffer.from(digits, 'hex') : Buffer.from(literal, 'utf8');
    if (bytes.length > 0) parts.push(bytes);
    literal = '';
    return undefined;
  };
  for (let at = 0; at < text.length; at++) {
    const two = text.slice(at, at + 2);
    if (two === '{{' || two === '}}') {
      literal += two[0];
      at++;
      continue;
    }
    if (text[at] === '}') return 'there is a } without its {; a brace that is meant as one is written twice';
    if (text[at] !== '{') {
      literal += text[at];
      continue;
    }
    const end = text.indexOf('}', at);
    const place = /^(address|value)(?::(.*))?$/s.exec(end < 0 ? '' : text.slice(at + 1, end));
    if (place === null)
      return 'a place is {address}, {value} or {value:FORMAT}; a brace that is meant as one is written twice';
    const format = place[2] ?? '';
    const isKnown = place[1] === 'address' ? format === '' || isHex : isHex ? BINARY.test(format) : TEXT.test(format);
    if (!isKnown) {
      return isHex
        ? `{${place[0]}} in hex needs u8, i8, u16be, u16le, i16be, i16le, u32be, u32le, i32be, i32le, f32be or f32le`
        : `{${place[0]}} has no such format: 06 (zeros in front), .2 (digits after the point), 07.2 or x4 (hexadecimal)`;
    }
    const fault = flush();
    if (fault !== undefined) return fault;
    parts.push({ name: place[1] as Place['name'], format });
    at = end;
  }
  return flush() ?? { parts };
}

export function uses({ parts }: Template, name: Place['name']): boolean {
  return parts.some((part) => !Buffer.isBuffer(part) && part.name === name);
}

/** @throws SERIAL_VALUE */
export function render({ parts }: Template, address: string, value?: Value): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (Buffer.isBuffer(part)) return part;
      if (part.name === 'address')
        return part.format === '' ? Buffer.from(address) : binary(Number(address), part.format);
      return place(value, part.format);
    }),
  );
}

function place(value: Value | undefined, format: string): Buffer {
  if (value === undefined) throw serialError('SERIAL_VALUE', 'the command needs a value');
  if (BINARY.test(format)) return binary(value, format);
  if (Buffer.isBuffer(value)) return value;
  if (format === '') {
    const text = String(value);
    // A line that a value brings along would be a second command.
    if (/[\x00-\x1f\x7f]/.test(text)) throw serialError('SERIAL_VALUE', 'the value has control characters');
    return Buffer.from(text);
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    throw serialError('SERIAL_VALUE', `the template wants a number, not a ${typeof value}`);
  }
  if (format.startsWith('x')) {
    const width = Number(format.slice(1));
    const digits = Number.isInteger(Number(value)) && value >= 0 ? BigInt(value).toString(16).toUpperCase() : '';
    if (digits === '' || digits.length > width) {
      throw serialError('SERIAL_VALUE', `${value} is not a whole number of ${width} hexadecimal digits`);
    }
    return Buffer.from(digits.padStart(width, '0'));
  }
  const [, zeros, decimals] = /^(?:0(\d{1,2}))?(?:\.(\d{1,2}))?$/.exec(format) ?? [];
  const width = Number(zeros ?? 0);
  if (Math.abs(Number(value)) >= 1e21) throw serialError('SERIAL_VALUE', `${value} has too many digits`);
  const text = Number(value).toFixed(Number(decimals ?? 0));
  if (decimals === undefined && !Number.isInteger(Number(value))) {
    throw serialError('SERIAL_VALUE', `${value} is not a whole number`);
  }
  const sign = text.startsWith('-') ? '-' : '';
  const padded = sign + text.slice(sign.length).padStart(width - sign.length, '0');
  if (width > 0 && padded.length > width)
    throw serialError('SERIAL_VALUE', `${value} has more than ${width} characters`);
  return Buffer.from(padded);
}

function binary(value: Value, format: string): Buffer {
  const number = Number(typeof value === 'boolean' ? value : Buffer.isBuffer(value) ? Number.NaN : value);
  const isFloat = format.startsWith('f');
  const bytes = Buffer.alloc(Number(/\d+/.exec(format)![0]) / 8);
  const isLittle = format.endsWith('le');
  if (isFloat) {
    if (!Number.isFinite(number)) throw serialError('SERIAL_VALUE', `${String(value)} is not a number`);
    if (isLittle) bytes.writeFloatLE(number);
    else bytes.writeFloatBE(number);
    return bytes;
  }
  const isSigned = format.startsWith('i');
  const span = 2 ** (8 * bytes.length);
  const [least, most] = isSigned ? [-span / 2, span / 2 - 1] : [0, span - 1];
  if (!Number.isInteger(number) || number < least || number > most) {
    throw serialError('SERIAL_VALUE', `${String(value)} is not a whole number from ${least} to ${most}`);
  }
  const unsigned = number < 0 ? number + span : number;
  if (isLittle) bytes.writeUIntLE(unsigned, 0, bytes.length);
  else bytes.writeUIntBE(unsigned, 0, bytes.length);
  return bytes;
}

/** As people read it, in one form whatever it was written in. */
export function templateText({ parts }: Template): string {
  return parts
    .map((part) => {
      if (!Buffer.isBuffer(part)) return `{${part.name}${part.format === '' ? '' : `:${part.format}`}}`;
      return part
        .toString('latin1')
        .replace(/[^ -~]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
    })
    .join('');
}
