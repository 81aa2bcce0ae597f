/** Every relative link of every Markdown file leads somewhere. */
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';
import { anchorsOf, documentPaths, readDocument } from '../support/documents.js';
import { repoRoot } from '../support/peers.js';

t.test('relative links and their anchors exist', async (t) => {
  const paths = documentPaths();
  t.ok(paths.length > 15, 'the documents were found');
  let links = 0;
  for (const path of paths) {
    const document = readDocument(path);
    const prose = document.prose.replace(/`[^`\n]*`/g, '');
    for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links++;
      const [file = '', anchor] = target.split('#');
      const full = file === '' ? path : normalize(join(dirname(path), file));
      t.ok(existsSync(join(repoRoot, full)), `${path}: ${target} exists`);
      if (anchor === undefined || !full.endsWith('.md') || !existsSync(join(repoRoot, full))) continue;
      t.ok(anchorsOf(readDocument(full)).has(anchor), `${path}: ${target} has this heading`);
    }
  }
  t.ok(links > 30, 'links were found');
});

t.test('the index names every document of docs/', async (t) => {
  const { text } = readDocument('docs/README.md');
  for (const path of documentPaths().filter((one) => /^docs\/[^/]+\.md$/.test(one) && one !== 'docs/README.md')) {
    t.ok(text.includes(`](${path.slice('docs/'.length)}`), path);
  }
});
