/** From zod's issues to sentences: what was expected, what was found, what was probably meant. */
import type { z } from 'zod';
import { nearest } from '../core/nearest.js';
import { choices } from './choices.js';
import { isPlain } from './merge.js';
import { say, shown, unsay } from './values.js';

export type Path = readonly (string | number)[];

/** A problem that has no place in a file yet. */
export interface Finding {
  readonly path: Path;
  /** What the place should point at: the value, the key, or the mapping in which something is missing. */
  readonly at: 'value' | 'key' | 'parent';
  readonly message: string;
  readonly hint: string;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function typeHint(expected: string, input: unknown): string {
  switch (expected) {
    case 'string':
      // What stands in braces is a mapping to YAML.
      return typeof input === 'number' || typeof input === 'boolean'
        ? `put it in quotes: '${input}'`
        : isPlain(input)
          ? 'put the text in quotes'
          : 'write a text';
    case 'number':
    case 'int':
      return numberHint(expected, input);
    case 'boolean':
      return /^(yes|on)$/i.test(String(input))
        ? 'write true'
        : /^(no|off)$/i.test(String(input))
          ? 'write false'
          : 'write true or false';
    case 'array':
      return 'begin each entry with "- "';
    case 'object':
    case 'record':
      return typeof input === 'string' && /^[\w-]+:\S/.test(input)
        ? 'put a space after the colon'
        : 'write `key: value` pairs, indented by two spaces';
    default:
      return `write ${KINDS[expected] ?? expected}`;
  }
}

function numberHint(expected: 'number' | 'int', input: unknown): string {
  if (typeof input !== 'string') return expected === 'int' ? 'write a whole number' : 'write a number, such as 0.1';
  const text = input.trim().replace(',', '.');
  return text !== '' && Number.isFinite(Number(text)) ? `write ${text}, without quotes` : 'write a number';
}

/** A key with nothing behind it: all of it is a comment, or it is not indented. */
const EMPTY = 'remove the key, or write its value behind or indented below it';

/** Keys of the object schema that raised an issue. */
function knownKeys(schema: unknown): readonly string[] {
  const shape = (schema as z.ZodObject | undefined)?._zod?.def?.shape;
  return shape === undefined ? [] : Object.keys(shape).filter((key) => key !== '$schema');
}

/** `none, even or odd` */
function oneOf(values: readonly unknown[]): string {
  const words = values.map(String);
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** The general message map: what the schemas do not say themselves. */
export const describeIssue: z.core.$ZodErrorMap = (issue) => {
  const { input } = issue;
  switch (issue.code) {
    case 'invalid_type':
      if (input === undefined) {
        const what = (issue.inst as z.ZodType | undefined)?.description ?? KINDS[issue.expected] ?? issue.expected;
        return say('is missing', `add it: ${what}`);
      }
      return say(
        `expected ${KINDS[issue.expected] ?? issue.expected}, found ${shown(input)}`,
        typeHint(issue.expected, input),
      );
    case 'invalid_value': {
      if (input === undefined) return say('is missing', `add it: ${oneOf(issue.values)}`);
      const hint =
        issue.values.length === 1
          ? `write ${oneOf(issue.values)}`
          : choices('values', String(input), issue.values.map(String));
      return say(`${shown(input)} is not allowed here`, hint);
    }
    case 'unrecognized_keys': {
      const known = knownKeys(issue.inst);
      return issue.keys.map((key) => say(`unknown key ${shown(key)}`, choices('keys', key, known))).join('\n');
    }
    case 'invalid_union': {
      const allowed = (issue as { options?: readonly unknown[] }).options ?? [];
      const { discriminator } = issue as { discriminator?: string };
      if (discriminator !== undefined && isPlain(input)) {
        const word = input[discriminator];
        if (word === undefined) return say('is missing', `add it: ${oneOf(allowed)}`);
        return say(`${shown(word)} is not allowed here`, choices('values', String(word), allowed.map(String)));
      }
      return undefined;
    }
    case 'too_small':
      if (issue.origin === 'string') return say('is empty', 'write at least one character, or remove the key');
      return say(
        `${shown(input)} is too small`,
        `write a number ${issue.inclusive ? 'of at least' : 'greater than'} ${issue.minimum}`,
      );
    case 'too_big':
      if (issue.origin === 'string') return say('is too long', `write at most ${issue.maximum} characters`);
      return say(`${shown(input)} is too large`, `write a number of at most ${issue.maximum}`);
    default:
      return undefined;
  }
};

/** Reports a problem of a rule. Without a hint, the message is an adapter's own text. */
export type Report = (path: Path, message: string, hint?: string) => void;

type Issue = z.core.$ZodIssue;

/** Of the branches of a union, the one that was meant: where the kind of the value was right, and least else is wrong. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fits = branches.filter(
    (issues) => !issues.some((issue) => issue.path.length === 0 && (issue.code === 'invalid_type' || isNoWord(issue))),
  );
  return fits.toSorted((a, b) => a.length - b.length)[0];
}

/** A word was expected, such as `off`, and there is a mapping. */
function isNoWord(issue: Issue): boolean {
  return issue.code === 'invalid_value' && isPlain(issue.input);
}

/** The kinds of value that a union takes, as zod names them. */
function expectedOf(branches: readonly (readonly Issue[])[]): readonly string[] {
  const kinds = branches.flatMap((issues) =>
    issues.flatMap((issue) => (issue.code === 'invalid_type' ? [issue.expected] : [])),
  );
  return [...new Set(kinds)];
}

/** A schema's own message may not say so: an adapter describes the form it expects. */
function isMissing(issue: Issue): boolean {
  if (unsay(issue.message).message === 'is missing') return true;
  return (
    (issue.code === 'invalid_type' || issue.code === 'invalid_value') && 'input' in issue && issue.input === undefined
  );
}

/**
 * Message and hint. Adapters write plain texts: what they expect becomes the hint, and so does what follows `; `.
 */
function wordsOf(issue: Issue): { readonly message: string; readonly hint: string } {
  const { message, hint } = unsay(issue.message);
  if (hint !== undefined) return { message, hint };
  const expected = /^expected (.*)$/s.exec(message)?.[1];
  if (isMissing(issue)) return { message, hint: `add it: ${expected ?? message}` };
  if (expected !== undefined) return { message: `${shown(issue.input)} is not valid here`, hint: `write ${expected}` };
  const at = message.indexOf('; ');
  if (at > 0) return { message: message.slice(0, at), hint: message.slice(at + 2) };
  return { message, hint: 'correct the value; `hpmq config schema` prints what is allowed' };
}

/** One finding per thing to correct: a key that is missing because it is mistyped is told once. */
export function findingsOf(issues: readonly Issue[]): readonly Finding[] {
  const found = flatten(issues, []);
  const unknown = new Map<string, string[]>();
  const parentOf = ({ path }: Finding) => JSON.stringify(path.slice(0, -1));
  for (const one of found) {
    if (one.at === 'key') unknown.set(parentOf(one), [...(unknown.get(parentOf(one)) ?? []), String(one.path.at(-1))]);
  }
  const isMistyped = (one: Finding) =>
    one.at === 'parent' && unknown.get(parentOf(one))?.some((key) => nearest(key, [String(one.path.at(-1))]));
  return found.filter((one) => !isMistyped(one));
}

/** Opens unions and lists of keys. */
function flatten(issues: readonly Issue[], prefix: Path): Finding[] {
  return issues.flatMap((issue): Finding[] => {
    const path = [...prefix, ...(issue.path as Path)];
    if (issue.input === null) return [{ path, at: 'value', message: 'is empty', hint: EMPTY }];
    const { message, hint } = wordsOf(issue);
    if (issue.code === 'unrecognized_keys') {
      const texts = issue.message.split('\n').map(unsay);
      return issue.keys.map((key, index) => ({
        path: [...path, key],
        at: 'key',
        message: texts[index]?.message ?? message,
        hint: texts[index]?.hint ?? hint,
      }));
    }
    if (issue.code === 'invalid_key') {
      const inner = unsay(issue.issues[0]?.message ?? '');
      return [{ path, at: 'key', message: inner.message, hint: inner.hint ?? hint }];
    }
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const meant = meantBranch(issue.errors);
      if (meant !== undefined) return flatten(meant, path);
      const kinds = expectedOf(issue.errors);
      const expected = kinds.map((kind) => KINDS[kind] ?? kind).join(' or ');
      if (issue.input === undefined)
        return [
          { path, at: 'parent', message: 'is missing', hint: message === 'is missing' ? hint : `add it: ${expected}` },
        ];
      const text = `expected ${expected}, found ${shown(issue.input)}`;
      return [{ path, at: 'value', message: text, hint: typeHint(kinds[0] ?? '', issue.input) }];
    }
    if (isMissing(issue)) return [{ path, at: 'parent', message: 'is missing', hint }];
    return [{ path, at: 'value', message, hint }];
  });
}
