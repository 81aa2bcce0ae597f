import { clean, cut, widthOf, wrap } from "./text.js";
const span = (text, tone = "plain", bold = false) => ({ text, tone, bold });
function spansWidth(spans, ascii = false) {
  let width = 0;
  for (const { text } of spans) width += widthOf(clean(text, ascii));
  return width;
}
function compose(spans, width, ascii = false) {
  const line = [];
  let left = width;
  for (const item of spans) {
    if (left === 0) break;
    const text = cut(clean(item.text, ascii), left, ascii);
    if (text === "") continue;
    append(line, { ...item, text });
    left -= widthOf(text);
  }
  if (left > 0) append(line, { text: " ".repeat(left) });
  return line;
}
function append(line, item) {
  const last = line.at(-1);
  const isSame = last !== void 0 && (/^ *$/.test(item.text) || (last.tone ?? "plain") === (item.tone ?? "plain") && (last.bold ?? false) === (item.bold ?? false));
  if (isSame) line[line.length - 1] = { ...last, text: last.text + item.text };
  else line.push(item);
}
function spread(left, right, width, ascii = false) {
  const rightWidth = Math.min(width, spansWidth(right, ascii));
  return [...compose(left, width - rightWidth, ascii), ...compose(right, rightWidth, ascii)];
}
function wrapSpans(spans, width, ascii) {
  const text = spans.map((item) => clean(item.text, ascii)).join("");
  const lines = [];
  const ends = [];
  let length = 0;
  for (const item of spans) {
    length += clean(item.text, ascii).length;
    ends.push({ end: length, span: item });
  }
  let from = 0;
  for (const line of wrap(text, width)) {
    const pieces = [];
    let at = text.indexOf(line, from);
    if (at < 0) at = from;
    const end = at + line.length;
    while (at < end) {
      const owner = ends.find((candidate) => candidate.end > at);
      const until = Math.min(end, owner?.end ?? end);
      pieces.push({ ...owner?.span ?? {}, text: text.slice(at, until) });
      at = until;
    }
    lines.push(pieces);
    from = end;
  }
  return lines;
}
export {
  compose,
  span,
  spansWidth,
  spread,
  wrapSpans
};
//# sourceMappingURL=spans.js.map
