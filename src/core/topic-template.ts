/**
 * Templates of Topic Names, and what they make of the topics of one Topic Filter.
 *
 *   {topic} the whole · {topic:N} without its first N levels · {level:N} its N-th level · {N} what the N-th wildcard of the
 *   filter stands for · {gateway} our id · {device} and {point} of a topic hpmq/<gateway>/<device>/<point>
 */
import { topicFilterFault, topicNameFault } from './topic.js';

export type TemplatePart =
  | { readonly literal: string }
  | { readonly kind: 'topic'; readonly dropped: number }
  | { readonly kind: 'level'; readonly level: number }
  | { readonly kind: 'wildcard'; readonly number: number }
  | { readonly kind: 'layout'; readonly level: number }
  | { readonly kind: 'gateway' };

/** First level of the topics of every gateway; the second is its id. */
const LAYOUT_ROOT = 'hpmq';
const DEVICE_LEVEL = 3;
const POINT_LEVEL = 4;

export const TOPIC_PLACEHOLDERS = '{topic}, {topic:N}, {level:N}, {N}, {gateway}, {device} and {point}';

const PLACEHOLDER = /\{([^{}]*)\}/g;
const KNOWN = /^(?:topic(?::([1-9]\d{0,2}))?|level:([1-9]\d{0,2})|([1-9]\d?)|(gateway|device|point))$/;

/** @returns undefined when the text between the braces is none of ours */
export function topicPlaceholder(text: string): TemplatePart | undefined {
  const match = KNOWN.exec(text);
  if (match === null) return undefined;
  const [, dropped, level, wildcard, word] = match;
  if (level !== undefined) return { kind: 'level', level: Number(level) };
  if (wildcard !== undefined) return { kind: 'wildcard', number: Number(wildcard) };
  if (word === 'gateway') return { kind: 'gateway' };
  if (word !== undefined) return { kind: 'layout', level: word === 'device' ? DEVICE_LEVEL : POINT_LEVEL };
  return { kind: 'topic', dropped: Number(dropped ?? 0) };
}

/**
 * Splits a text at its `{…}`.
 *
 * @param known - makes a part of what stands between braces; undefined: it knows no such thing
 * @returns the parts, or what is wrong
 */
export function parsePlaceholders<T>(
  text: string,
  known: (text: string) => T | undefined,
): readonly (T | { readonly literal: string })[] | string {
  const parts: (T | { readonly literal: string })[] = [];
  let end = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    if (match.index > end) parts.push({ literal: text.slice(end, match.index) });
    end = match.index + match[0].length;
    const part = known(match[1]!);
    if (part === undefined) return `does not know "${match[0]}"`;
    parts.push(part);
  }
  if (end < text.length) parts.push({ literal: text.slice(end) });
  for (const part of parts) {
    const { literal } = part as { literal?: string };
    if (literal !== undefined && /[{}]/.test(literal)) return 'has a brace that is not closed or not opened';
  }
  return parts;
}

/** @returns the parts, or what is wrong with the template */
export function parseTopicTemplate(template: string): readonly TemplatePart[] | string {
  if (template === '') return 'is empty';
  const parts = parsePlaceholders(template, topicPlaceholder);
  if (typeof parts === 'string') return parts;
  for (const part of parts) {
    const fault = 'literal' in part ? topicNameFault(part.literal) : undefined;
    if (fault !== undefined) return fault;
  }
  return parts;
}

/** What a topic is taken apart with: once for all parts. */
export interface TopicContext {
  readonly topic: string;
  readonly levels: readonly string[];
  /** Levels at which the filter has wildcards, from 0; {@link wildcardsOf}. */
  readonly wildcards: readonly Wildcard[];
  readonly gatewayId: string;
}

export interface Wildcard {
  /** Level, from 0. */
  readonly at: number;
  /** `#`: this level and all behind it, or none. */
  readonly isMulti: boolean;
}

export function wildcardsOf(filter: string): readonly Wildcard[] {
  return filter
    .split('/')
    .flatMap((level, at) => (level === '+' || level === '#' ? [{ at, isMulti: level === '#' }] : []));
}

/** @returns undefined when the topic has no such part */
export function partOfTopic(part: TemplatePart, context: TopicContext): string | undefined {
  if ('literal' in part) return part.literal;
  const { topic, levels, wildcards, gatewayId } = context;
  switch (part.kind) {
    case 'gateway':
      return gatewayId;
    case 'topic':
      if (part.dropped === 0) return topic;
      return part.dropped >= levels.length ? undefined : levels.slice(part.dropped).join('/');
    case 'level':
      return levels[part.level - 1];
    case 'layout':
      return levels[0] === LAYOUT_ROOT ? levels[part.level - 1] : undefined;
    case 'wildcard': {
      const wildcard = wildcards[part.number - 1];
      if (wildcard === undefined) return undefined;
      return wildcard.isMulti ? levels.slice(wildcard.at).join('/') : levels[wildcard.at];
    }
  }
}

/** Makes names of the topics of one filter. */
export class TopicTemplate {
  readonly #parts: readonly TemplatePart[];
  readonly #wildcards: readonly Wildcard[];
  readonly #gatewayId: string;

  /**
   * @param filter - of the topics that will be given
   * @throws RangeError when the template has a fault: it was to be checked
   */
  constructor(template: string, filter: string, gatewayId: string) {
    const parts = parseTopicTemplate(template);
    if (typeof parts === 'string') throw new RangeError(`the template was not checked: it ${parts}`);
    this.#parts = parts;
    this.#wildcards = wildcardsOf(filter);
    this.#gatewayId = gatewayId;
  }

  /**
   * @param levels - of the topic, which matches the filter
   * @returns undefined when the result is no legal Topic Name (§4.7), or the topic has not what the template asks for
   */
  make(topic: string, levels: readonly string[]): string | undefined {
    const context = { topic, levels, wildcards: this.#wildcards, gatewayId: this.#gatewayId };
    let name = '';
    for (const part of this.#parts) {
      const text = partOfTopic(part, context);
      if (text === undefined) return undefined;
      // `a/#` matches `a`: of `x/{1}` remains `x`.
      if (text === '' && part === this.#parts.at(-1) && this.#isAbsent(part, levels)) name = name.replace(/\/$/, '');
      else name += text;
    }
    return topicNameFault(name) === undefined ? name : undefined;
  }

  #isAbsent(part: TemplatePart, levels: readonly string[]): boolean {
    if ('literal' in part || part.kind !== 'wildcard') return false;
    const wildcard = this.#wildcards[part.number - 1];
    return wildcard?.isMulti === true && levels.length <= wildcard.at;
  }
}

/** A level of what a template makes: text, the number of the one wildcard that it is, or something mixed. */
type Piece = string | number | 'mixed';

export interface Shape {
  /** A Topic Filter that matches everything that the template makes of the filter's topics. */
  readonly filter: string;
  /** The template that leads back, for topics of {@link filter}; undefined: there is none. */
  readonly back: string | undefined;
  /** Why there is none. */
  readonly fault: string | undefined;
}

/** What a template makes of all topics of a filter. */
export function shapeOf(template: string, filter: string, gatewayId: string): Shape {
  const parts = parseTopicTemplate(template);
  if (typeof parts === 'string') throw new RangeError(`the template was not checked: it ${parts}`);
  const source = filter.split('/');
  const numbers = new Map(wildcardsOf(filter).map(({ at }, index) => [at, index + 1]));
  const pieces: (Piece | undefined)[][] = [[]];
  let isCut = false;
  const add = (levels: readonly (Piece | undefined)[]) => {
    for (const [index, level] of levels.entries()) {
      if (index > 0) pieces.push([]);
      if (level !== '') pieces.at(-1)!.push(level);
    }
  };
  const pieceAt = (at: number): Piece | undefined => {
    const level = source[at];
    // Behind or at `#` the level is one of many.
    if (level === undefined) return undefined;
    return numbers.get(at) ?? level;
  };
  for (const part of parts) {
    if ('literal' in part) add(part.literal.split('/'));
    else if (part.kind === 'gateway') add([gatewayId]);
    else if (part.kind === 'wildcard') {
      const wildcard = wildcardsOf(filter)[part.number - 1];
      add([wildcard === undefined ? undefined : part.number]);
    } else if (part.kind === 'topic') {
      if (part.dropped >= source.length) add(['#']);
      else add(source.slice(part.dropped).map((_, index) => pieceAt(part.dropped + index)));
    } else {
      const level = source[part.level - 1];
      add([level === undefined || level === '#' ? undefined : pieceAt(part.level - 1)]);
    }
  }
  const multi = source.at(-1) === '#' ? numbers.get(source.length - 1) : undefined;
  const levels: Piece[] = [];
  for (const level of pieces) {
    const only = level.length === 1 ? level[0] : undefined;
    const isText = level.every((piece) => typeof piece === 'string' && piece !== '#');
    if (isText) levels.push(level.join(''));
    else if (typeof only === 'number') levels.push(only);
    else levels.push('mixed');
    if (level.includes('#') || (multi !== undefined && level.includes(multi))) {
      isCut = levels.length < pieces.length || typeof only !== 'number';
      if (level.length > 1) {
        // `x{1}`: the first level has something before it, and what follows is not known.
        levels[levels.length - 1] = 'mixed';
        levels.push('#');
      } else if (only === '#') levels[levels.length - 1] = '#';
      break;
    }
  }
  const text = levels.map((level) =>
    level === 'mixed' ? '+' : typeof level === 'string' ? level : level === multi ? '#' : '+',
  );
  return { filter: text.join('/'), ...backOf(levels, source, numbers, isCut) };
}

function backOf(
  levels: readonly Piece[],
  source: readonly string[],
  numbers: ReadonlyMap<number, number>,
  isCut: boolean,
): Pick<Shape, 'back' | 'fault'> {
  const no = (fault: string) => ({ back: undefined, fault });
  if (isCut || levels.includes('mixed')) return no('a wildcard becomes a part of a level, or is followed by more');
  const used = levels.filter((level) => typeof level === 'number');
  for (const number of numbers.values()) {
    const times = used.filter((one) => one === number).length;
    if (times === 0) return no(`what wildcard ${number} of the filter stands for is lost`);
    if (times > 1) return no(`what wildcard ${number} of the filter stands for comes twice`);
  }
  if (source.some((level) => /[{}]/.test(level))) return no('the filter has a brace');
  const back = source.map((level, at) => {
    const number = numbers.get(at);
    return number === undefined ? level : `{${used.indexOf(number) + 1}}`;
  });
  return { back: back.join('/'), fault: undefined };
}

/** Levels of a prefix swap: without a `/` at the end. */
function prefixLevels(prefix: string): readonly string[] {
  const text = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  return text === '' ? [] : text.split('/');
}

/**
 * The template that puts one prefix in place of another.
 *
 * @param from - the levels with which every filter begins; empty: the prefix is added
 * @param to - may have placeholders; empty: the prefix is taken away
 */
export function swapTemplate(from: string, to: string): string {
  const count = prefixLevels(from).length;
  return [...prefixLevels(to), count === 0 ? '{topic}' : `{topic:${count}}`].join('/');
}

/** @returns whether all topics of the filter begin with the prefix */
export function hasPrefix(filter: string, prefix: string): boolean {
  const levels = filter.split('/');
  const expected = prefixLevels(prefix);
  return expected.length < levels.length && expected.every((level, at) => level === levels[at]);
}

/** What is wrong with filter and template of a route, by the field to correct; undefined: nothing. */
export function remapFault(
  filter: string,
  to: string,
  isBoth: boolean,
): { readonly field: 'filter' | 'to'; readonly fault: string } | undefined {
  const fault = topicFilterFault(filter);
  if (fault !== undefined) return { field: 'filter', fault: `the filter ${fault === 'empty' ? 'is empty' : fault}` };
  if (filter.startsWith('$share/')) return { field: 'filter', fault: 'shared subscriptions cannot be used in a route' };
  const parts = parseTopicTemplate(to);
  if (typeof parts === 'string') return { field: 'to', fault: `the template ${parts}` };
  const count = filter.split('/').length;
  const wildcards = wildcardsOf(filter);
  const isOpen = filter.endsWith('#');
  for (const part of parts) {
    if ('literal' in part || part.kind === 'gateway') continue;
    if (part.kind === 'wildcard' && part.number > wildcards.length) {
      return { field: 'to', fault: `there is no {${part.number}}: ${filter} has ${wildcards.length} wildcards` };
    }
    const [needed, text] =
      part.kind === 'topic'
        ? [part.dropped + 1, `{topic:${part.dropped}} leaves nothing of ${filter}`]
        : part.kind === 'wildcard'
          ? [0, '']
          : [part.level, `${filter} has no level ${part.level}`];
    if (needed > count && !isOpen) return { field: 'to', fault: text };
  }
  const { filter: there, fault: noWay } = shapeOf(to, filter, 'gateway');
  if (there === '') return { field: 'to', fault: `${to} leaves nothing of ${filter}` };
  if (!isBoth) return undefined;
  return noWay === undefined ? undefined : { field: 'to', fault: `cannot be reversed: ${noWay}` };
}
