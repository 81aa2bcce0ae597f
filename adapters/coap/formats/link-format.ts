/** CoRE Link Format (RFC 6690): `</sensors/temp>;rt="temperature";obs;ct=50,…` */

export interface Link {
  /** The target as it is written: `/sensors/temp`. */
  readonly target: string;
  /** Attributes as they are written; one without a value is ''. The first of a name counts (§2). */
  readonly attributes: Readonly<Record<string, string>>;
}

/** More resources on one device than this are not looked at. */
const MAX_LINKS = 4_096;
const MAX_ATTRIBUTES = 32;

/** Reads as far as it can be understood: a device that errs in one link is still known by the others. */
export function parseLinks(text: string): readonly Link[] {
  const links: Link[] = [];
  let at = 0;
  while (at < text.length && links.length < MAX_LINKS) {
    const open = text.indexOf('<', at);
    const close = open < 0 ? -1 : text.indexOf('>', open);
    if (close < 0) break;
    const { attributes, end } = parseAttributes(text, close + 1);
    links.push({ target: text.slice(open + 1, close), attributes });
    at = end;
  }
  return links;
}

function parseAttributes(text: string, from: number): { attributes: Record<string, string>; end: number } {
  const attributes = new Map<string, string>();
  let at = from;
  while (at < text.length && text[at] !== ',') {
    if (text[at] !== ';') {
      at++;
      continue;
    }
    const start = ++at;
    while (at < text.length && !'=;,'.includes(text[at]!)) at++;
    const name = text.slice(start, at).trim();
    let value = '';
    if (text[at] === '=') {
      const read = text[at + 1] === '"' ? quoted(text, at + 2) : bare(text, at + 1);
      value = read.value;
      at = read.end;
    }
    if (name !== '' && !attributes.has(name) && attributes.size < MAX_ATTRIBUTES) attributes.set(name, value);
  }
  return { attributes: Object.fromEntries(attributes), end: at + 1 };
}

function quoted(text: string, from: number): { value: string; end: number } {
  let value = '';
  let at = from;
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] === '\\') at++;
    value += text[at] ?? '';
  }
  return { value, end: at + 1 };
}

function bare(text: string, from: number): { value: string; end: number } {
  let at = from;
  while (at < text.length && !';,'.includes(text[at]!)) at++;
  return { value: text.slice(from, at).trim(), end: at };
}

export function formatLinks(links: readonly Link[]): string {
  return links
    .map(({ target, attributes }) => {
      const pairs = Object.entries(attributes).map(([name, value]) => {
        if (value === '') return `;${name}`;
        return /^\d+$/.test(value) ? `;${name}=${value}` : `;${name}="${value.replace(/["\\]/g, '\\$&')}"`;
      });
      return `<${target}>${pairs.join('')}`;
    })
    .join(',');
}

/** `?rt=temp*` (§4.1): of one attribute, or href; `*` at the end for any continuation; one of several words is enough. */
export function matchesQuery({ target, attributes }: Link, query: string): boolean {
  const equals = query.indexOf('=');
  if (equals < 0) return true;
  const name = query.slice(0, equals);
  const wanted = query.slice(equals + 1);
  const value = name === 'href' ? target : attributes[name];
  if (value === undefined) return false;
  const fits = (one: string) => (wanted.endsWith('*') ? one.startsWith(wanted.slice(0, -1)) : one === wanted);
  return fits(value) || (name !== 'href' && value.split(' ').some(fits));
}
