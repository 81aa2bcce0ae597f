import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Context } from '../../src/tui/keys/binding.js';
import { bindings, bindingsOf, keyLabel } from '../../src/tui/keys.js';
import { screens } from '../../src/tui/state.js';
import { repoRoot } from '../support/peers.js';

const together: readonly (readonly Context[])[] = [
  ...screens.map((screen): readonly Context[] => [screen, 'global', 'always']),
  ['help', 'always'],
  ['prompt', 'always'],
  ['dialog', 'always'],
  ['kick', 'always'],
];

t.test('no key has two meanings where it is heard', async (t) => {
  for (const contexts of together) {
    const keys = bindingsOf(contexts).flatMap((binding) => binding.keys);
    t.strictSame(keys, [...new Set(keys)], contexts.join(' '));
  }
});

t.test('every key has a title, a sentence of help, and a name of its own', async (t) => {
  for (const { id, title, help, keys } of bindings) {
    t.ok(keys.length > 0, id);
    t.match(help, /^[A-Z].{8,}[^.]$/, `${id} has help`);
    if (typeof title === 'string') t.match(title, /^[a-z]/, `${id} has a title`);
  }
  const ids = bindings.map(({ id }) => id);
  t.strictSame(ids, [...new Set(ids)]);
});

t.test('the same letter means the same on all screens', async (t) => {
  const verbs = new Map<string, Set<string>>();
  for (const { id, keys, contexts } of bindings) {
    if (!contexts.some((context) => (screens as readonly string[]).includes(context))) continue;
    for (const key of keys) verbs.set(key, (verbs.get(key) ?? new Set()).add(id));
  }
  const shared = [...verbs].filter(([, ids]) => ids.size > 1).map(([key]) => key);
  // enter opens what is selected; l what is to its right, or its log; p pauses it; r tries it again now.
  t.strictSame(shared.sort(), ['enter', 'l', 'p', 'r']);
});

t.test('nothing that reaches the plant is done without a reason to refuse it', async (t) => {
  for (const { id, danger, when, contexts } of bindings) {
    if (danger === true && !contexts.includes('dialog') && !contexts.includes('kick') && !contexts.includes('rollback'))
      t.equal(typeof when, 'function', `${id} can be disabled`);
  }
});

t.test('in a prompt only control keys and editing are keys, so that everything can be typed', async (t) => {
  for (const contexts of [
    ['prompt', 'always'],
    ['dialog', 'always'],
  ] as const) {
    for (const key of bindingsOf(contexts).flatMap((binding) => binding.keys)) t.ok(key.length > 1, key);
  }
  t.equal(keyLabel('enter'), '⏎');
  t.equal(keyLabel('w'), 'w');
});

t.test('only one file draws text', async (t) => {
  const folder = join(repoRoot, 'src/tui');
  const drawing = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .filter((name) => /\bText\b[^;]*from 'ink'/.test(readFileSync(join(folder, name), 'utf8')));
  t.strictSame(drawing, ['components/line.tsx']);
});
