import stringWidth from "string-width";
import { visible } from "./text.js";
const GAP = "  ";
const MIN_WIDTH = 6;
function cut(text, width) {
  if (stringWidth(text) <= width) return text;
  let result = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const cells = stringWidth(segment);
    if (used + cells > width - 1) break;
    result += segment;
    used += cells;
  }
  return `${result}\u2026`;
}
function pad(text, width, align) {
  const space = " ".repeat(Math.max(0, width - stringWidth(text)));
  return align === "right" ? space + text : text + space;
}
function fit(widths, total) {
  const gaps = GAP.length * (widths.length - 1);
  for (; ; ) {
    const over = widths.reduce((sum, width) => sum + width, gaps) - total;
    const widest = Math.max(...widths);
    if (over <= 0 || widest <= MIN_WIDTH) return;
    const next = Math.max(MIN_WIDTH, ...widths.filter((width) => width < widest));
    const at = widths.indexOf(widest);
    widths[at] = Math.max(next === widest ? widest - 1 : Math.min(next, widest - 1), widest - over, MIN_WIDTH);
  }
}
function tableLines(columns, rows, options) {
  const cells = rows.map((row) => columns.map((column) => visible(column.value(row))));
  const widths = columns.map(
    (column, i) => Math.max(stringWidth(column.title), ...cells.map((row) => stringWidth(row[i])))
  );
  if (options.width !== void 0) fit(widths, options.width);
  const line = (texts, paint) => texts.map((text, i) => {
    const last = i === columns.length - 1 && columns[i].align === void 0;
    const short = cut(text, widths[i]);
    return paint(last ? short : pad(short, widths[i], columns[i].align), i);
  }).join(GAP).trimEnd();
  const header = line(
    columns.map(({ title }) => title),
    (text) => options.paint("muted", text)
  );
  return [
    header,
    ...rows.map(
      (row, r) => line(cells[r], (text, i) => {
        const tone = columns[i].tone?.(row);
        return tone === void 0 ? text : options.paint(tone, text);
      })
    )
  ];
}
export {
  cut,
  tableLines
};
//# sourceMappingURL=table.js.map
