/** The Markdown files of the repository, taken apart. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from './peers.js';

export interface Fence {
  /** `sh`, `yaml`, … and what stands behind it: `sh run`. */
  readonly info: string;
  readonly text: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
}

export interface Document {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
  readonly fences: readonly Fence[];
  /** Without fences. */
  readonly prose: string;
}

export function readDocument(path: string): Document {
  const text = readFileSync(join(repoRoot, path), 'utf8');
  const fences: Fence[] = [];
  const prose: string[] = [];
  let open: { info: string; indent: number; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const mark = /^(\s*)```(.*)$/.exec(line);
    if (mark === null) (open?.lines ?? prose).push(open === undefined ? line : line.slice(open.indent));
    else if (open === undefined) open = { info: mark[2]!.trim(), indent: mark[1]!.length, line: index + 2, lines: [] };
    else {
      fences.push({ info: open.info, text: open.lines.join('\n'), line: open.line });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${path}:${open.line}: the fence is not closed`);
  return { path, text, fences, prose: prose.join('\n') };
}

/** Those of ours, by path. */
export function documentPaths(): readonly string[] {
  const skipped = new Set(['node_modules', 'dist', '.git', '.tap', 'build']);
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const entry of readdirSync(join(repoRoot, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !skipped.has(entry.name)) walk(path);
      else if (entry.isFile() && entry.name.endsWith('.md')) found.push(path);
    }
  };
  walk('');
  return found.sort();
}

/** The anchors of a document, as GitHub makes them: of headings, and those that it sets itself. */
export function anchorsOf({ prose }: Document): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, title = ''] of prose.matchAll(/^#{1,6} +(.+?)\s*#*$/gm)) {
    const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    let unique = slug;
    for (let count = 1; anchors.has(unique); count++) unique = `${slug}-${count}`;
    anchors.add(unique);
  }
  for (const [, id = ''] of prose.matchAll(/<a (?:id|name)="([^"]+)">/g)) anchors.add(id);
  return anchors;
}
