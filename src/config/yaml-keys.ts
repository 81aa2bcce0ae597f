/** Keys that stand twice in a mapping. The YAML library compares each with all before it: seconds for ten thousand users. */
import { type Document, isScalar, visit, YAMLParseError } from 'yaml';

export function duplicateKeys(document: Document.Parsed): readonly YAMLParseError[] {
  const found: YAMLParseError[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const [start = 0, end = 0] = key.range ?? [];
        if (seen.has(key.value)) found.push(new YAMLParseError([start, end], 'DUPLICATE_KEY', 'a key stands twice'));
        seen.add(key.value);
      }
    },
  });
  return found;
}
