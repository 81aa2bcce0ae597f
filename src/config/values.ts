/** The scalars of the configuration, each with a message that names the valid forms. */
import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from '../core/duration.js';
import { topicFilterFault } from '../core/topic.js';

/** Zod carries one text per issue: ours are message and hint with U+001F (unit separator) between. */
const SEPARATOR = '\u001f';

export function say(message: string, hint: string): string {
  return `${message}${SEPARATOR}${hint}`;
}

/** @returns the two parts; `hint` undefined for texts that were not made by {@link say} */
export function unsay(text: string): { readonly message: string; readonly hint: string | undefined } {
  const at = text.indexOf(SEPARATOR);
  return at < 0 ? { message: text, hint: undefined } : { message: text.slice(0, at), hint: text.slice(at + 1) };
}

/** A value as it is named in a message. Never used on secrets. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    const text = value.length > 40 ? `${value.slice(0, 39)}…` : value;
    return `"${text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')}"`;
  }
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return String(value);
}

type RawIssue = { readonly input?: unknown };
type Message = (issue: RawIssue) => string | undefined;

/** A text of one form; a missing value is left to the general message. */
function form(pattern: RegExp, name: string, hint: (input: unknown) => string) {
  const error: Message = (issue) =>
    issue.input === undefined ? undefined : say(`${shown(issue.input)} is not a ${name}`, hint(issue.input));
  return z.string({ error }).regex(pattern, { error });
}

const UNIT_WORDS: Readonly<Record<string, string>> = {
  millisecond: 'ms',
  msec: 'ms',
  sec: 's',
  second: 's',
  min: 'm',
  minute: 'm',
  hour: 'h',
  hr: 'h',
  day: 'd',
};

function durationHint(input: unknown): string {
  const forms = 'write a number and ms, s, m, h or d, such as 500ms, 5s or 2m';
  if (typeof input === 'number') return `${forms} (did you mean ${input}s or ${input}ms?)`;
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*([a-z]+)\s*$/i.exec(String(input));
  const word = match?.[2]?.toLowerCase() ?? '';
  const unit = /^(ms|s|m|h|d)$/.test(word) ? word : UNIT_WORDS[word.replace(/s$/, '')];
  return unit === undefined ? forms : `${forms} (did you mean ${match?.[1]?.replace(',', '.')}${unit}?)`;
}

/** A duration such as `5s`, in ms after parsing, between two durations. */
export function duration(min: string, max: string) {
  const low = parseDuration(min)!;
  const high = parseDuration(max)!;
  return form(DURATION_PATTERN, 'duration', durationHint)
    .transform((text, context) => {
      const ms = parseDuration(text)!;
      if (ms < low || ms > high) {
        context.addIssue({
          code: 'custom',
          message: say(`${text} is out of range`, `write a duration from ${min} to ${max}`),
        });
      }
      return ms;
    })
    .meta({ $comment: `duration, ${min} to ${max}` });
}

/** A size such as `64KB`, in bytes after parsing. */
export function size(min: string, max: string) {
  const low = parseSize(min)!;
  const high = parseSize(max)!;
  const hint = () => 'write a number and B, KB, MB, GB, KiB, MiB or GiB, such as 64KB or 1MB';
  return form(SIZE_PATTERN, 'size', hint)
    .transform((text, context) => {
      const bytes = parseSize(text)!;
      if (bytes < low || bytes > high) {
        context.addIssue({
          code: 'custom',
          message: say(`${text} is out of range`, `write a size from ${min} to ${max}`),
        });
      }
      return bytes;
    })
    .meta({ $comment: `size, ${min} to ${max}` });
}

const COUNT_PATTERN = /^(\d+(?:\.\d+)?)(k|M|G)$/;
const FACTORS: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9 };

/** A count such as `5M` or 5000000, between two numbers. */
export function count(min: number, max: number) {
  const hint = 'write a whole number, or one with k, M or G, such as 5M';
  const suffixed = form(COUNT_PATTERN, 'count', () => hint).transform((text, context) => {
    const [, digits, suffix = ''] = COUNT_PATTERN.exec(text) ?? [];
    const value = Math.round(Number(digits) * FACTORS[suffix]!);
    if (value < min || value > max) {
      context.addIssue({
        code: 'custom',
        message: say(`${text} is out of range`, `write a count from ${min} to ${max}`),
      });
    }
    return value;
  });
  return z.union([whole(min, max), suffixed.meta({ $comment: 'such as `5M`' })]);
}

const RATE_PATTERN = /^(\d+(?:\.\d+)?)(k|M)?\/(s|m|h)$/;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/** A rate such as `1000/s`, per second after parsing. */
export function rate(min: number, max: number) {
  const hint = () => 'write a number, / and s, m or h, such as 1000/s';
  return form(RATE_PATTERN, 'rate', hint)
    .transform((text, context) => {
      const [, digits, suffix, unit = 's'] = RATE_PATTERN.exec(text) ?? [];
      const value = (Number(digits) * (suffix === undefined ? 1 : FACTORS[suffix]!)) / SECONDS[unit]!;
      if (value < min || value > max) {
        context.addIssue({
          code: 'custom',
          message: say(`${text} is out of range`, `write a rate from ${min}/s to ${max}/s`),
        });
      }
      return value;
    })
    .meta({ $comment: `rate, ${min}/s to ${max}/s` });
}

/** A whole number between two others, both included. */
export function whole(min: number, max: number) {
  const error: Message = (issue) =>
    issue.input === undefined
      ? undefined
      : say(
          `${shown(issue.input)} is not a whole number from ${min} to ${max}`,
          `write a number from ${min} to ${max}, without quotes`,
        );
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** An IP address or a host name, as it stands in one field of its own. */
export const host = z
  .string()
  .refine((text) => isIPv4(text) || isIPv6(text) || /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/.test(text), {
    error: (issue) =>
      say(
        `${shown(issue.input)} is not an address`,
        'write an IP address or a host name alone, without scheme and port',
      ),
  })
  .meta({ $comment: 'address' });

/** `10.0.0.7`, `10.1.0.0/16`, `2001:db8::/32` */
export const network = z
  .string()
  .refine(isNetwork, {
    error: (issue) =>
      say(
        `${shown(issue.input)} is not an address or network`,
        'write an IP address, or a network such as 10.1.0.0/16',
      ),
  })
  .meta({ $comment: 'address or network' });

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : -1;
  return (
    bits > 0 && rest.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
  );
}

export const MAX_NAME_LENGTH = 64;

/** Names become topic levels, folders and keys: no `/`, no wildcards, nothing that begins with `$`, no other folder's name. */
export const name = z
  .string()
  .regex(/^(?!\.{1,2}$|__proto__$)[A-Za-z0-9_.-]{1,64}$/, {
    error: (issue) =>
      say(
        `${shown(issue.input)} cannot be a name`,
        `use 1 to ${MAX_NAME_LENGTH} of the characters A-Z a-z 0-9 _ . - but not . or .. alone (names become topic levels)`,
      ),
  })
  .meta({ $comment: 'name' });

export const topicFilter = z
  .string()
  .superRefine((text, context) => {
    const fault = topicFilterFault(text);
    if (fault !== undefined) {
      const hint = 'use # only as the last level and + only as a whole level, such as plant/+/temperature or plant/#';
      context.addIssue({ code: 'custom', message: say(`${shown(text)} is not a topic filter: ${fault}`, hint) });
    }
  })
  .meta({ $comment: 'topic filter' });
