/** hpmq.yaml(5), from the JSON Schema: man(7). */
import type { JsonSchema } from '../config/json-schema.js';
import { bold, heading, type ManOptions, roff } from './man.js';

/** hpmq.yaml(5) */
export function configPage(schema: JsonSchema, options: ManOptions): string {
  const sections = Object.entries(schema.properties ?? {}).filter(([name]) => name !== '$schema');
  return [
    heading('hpmq.yaml', 5, options),
    '.SH NAME\nhpmq.yaml \\- configuration of the HPMQ edge gateway\n',
    '.SH DESCRIPTION\n',
    roff(
      'One YAML file; unknown keys are errors. Durations and sizes have units: 500ms, 5s, 2m, 1h, 7d; 64KB, 1MB. Secrets are never written in it: { file: /path } or { env: NAME }. Relative paths start at the folder of the file. ',
    ),
    roff(
      '`hpmq config check` finds all problems, `hpmq config show --origin` says where each value comes from. An example with everything is in /usr/share/doc/hpmq/hpmq.example.yaml.\n',
    ),
    ...sections.flatMap(([name, section]) => [
      `.SH ${roff(name.toUpperCase())}\n`,
      ...(section.description === undefined ? [] : [`${roff(section.description)}.\n`]),
      ...[...keys(name, section, 0)].map(({ path, one }) => `.TP\n${bold(path)}\n${keyText(one)}`),
    ]),
    `.SH SEE ALSO\n${bold('hpmq')}(1)\n`,
  ].join('');
}

/** Deeper than this the example says more than a list. */
const MAX_DEPTH = 5;

function* keys(path: string, given: JsonSchema, depth: number): Generator<{ path: string; one: JsonSchema }> {
  if (depth > MAX_DEPTH) return;
  const seen = new Set<string>();
  for (const schema of variants(given)) {
    const below: [string, JsonSchema][] = Object.entries(schema.properties ?? {}).map(([name, one]) => [
      `${path}.${name}`,
      one,
    ]);
    if (typeof schema.additionalProperties === 'object') below.push([`${path}.NAME`, schema.additionalProperties]);
    if (typeof schema.items === 'object') below.push([`${path}[]`, schema.items]);
    for (const [name, one] of below) {
      if (seen.has(name)) continue;
      seen.add(name);
      if ([one.description, one.default, one.enum].some((fact) => fact !== undefined)) yield { path: name, one };
      yield* keys(name, one, depth + 1);
    }
  }
}

function* variants(given: JsonSchema): Generator<JsonSchema> {
  yield given;
  for (const one of [...(given.anyOf ?? []), ...(given.oneOf ?? [])]) yield* variants(one);
}

function keyText({ description, default: value, enum: choices, minimum, maximum, type }: JsonSchema): string {
  const facts = [
    ...(typeof type === 'string' && choices === undefined ? [type] : []),
    ...(choices === undefined ? [] : [choices.map((one) => String(one)).join(', ')]),
    ...(minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? [] : [`from ${minimum}`]),
    ...(maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? [] : [`to ${maximum}`]),
    ...(value === undefined ? [] : [`default: ${JSON.stringify(value)}`]),
  ];
  return `${[description, facts.join(', ')]
    .filter((text) => text !== undefined && text !== '')
    .map((text) => roff(text!))
    .join('\n.br\n')}\n`;
}
