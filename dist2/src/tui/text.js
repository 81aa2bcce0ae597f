import stringWidth from "string-width";
const UNSAFE = new RegExp("\\p{Cc}|\\p{Cf}|\\p{Cs}|\\p{Co}|\\p{Cn}|\\p{Zl}|\\p{Zp}|\\p{Default_Ignorable_Code_Point}", "gu");
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const SINGLE_COLUMN = /^[\x20-\x7e\xa1-\xa8\xaa-\xac\xaf-\xff\u2013\u2014\u2026\u2192\u2190\u2191\u2193\u23ce\u2500-\u257f\u2580-\u259f\u25b4\u25b8\u25be\u25cb\u25cf\u25d0\u2715]*$/;
const NOT_ASCII = /[^\x20-\x7e]/gu;
const asciiGlyphs = {
  "\u25CF": "*",
  "\u25D0": "~",
  "\u25CB": "o",
  "\u2715": "x",
  "\u25B8": ">",
  "\u25BE": "v",
  "\u25B4": "^",
  "\u2014": "-",
  "\u2013": "-",
  "\u2026": "~",
  "\xB7": ".",
  "\u2192": "->",
  "\u2502": "|",
  "\u2500": "-",
  "\u250C": "+",
  "\u2510": "+",
  "\u23CE": "enter",
  "\u2191": "up",
  "\u2193": "down",
  "\u2190": "left",
  "\u2588": "_",
  "\u2581": "_",
  "\u2582": ".",
  "\u2583": ":",
  "\u2584": "-",
  "\u2585": "=",
  "\u2586": "+",
  "\u2587": "#",
  "\xB0": "",
  \u00B5: "u",
  \u03BC: "u",
  \u03A9: "Ohm",
  "\xB2": "2",
  "\xB3": "3",
  "\u2030": "0/00"
};
function clean(text, ascii = false) {
  if (PRINTABLE_ASCII.test(text)) return text;
  const safe = text.replace(UNSAFE, (c) => c === "	" || c === "\n" || c === "\r" ? " " : "\xB7");
  return ascii ? safe.replace(NOT_ASCII, (c) => asciiGlyphs[c] ?? "?") : safe;
}
function widthOf(text) {
  return SINGLE_COLUMN.test(text) ? text.length : stringWidth(text);
}
const graphemes = new Intl.Segmenter(void 0, { granularity: "grapheme" });
function headOf(text, width) {
  if (width <= 0) return "";
  if (SINGLE_COLUMN.test(text)) return text.slice(0, width);
  let used = 0;
  let end = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    used += widthOf(segment);
    if (used > width) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}
function cut(text, width, ascii = false) {
  const near = text.length > width * 8 + 64 ? text.slice(0, width * 8 + 64) : text;
  if (near === text && widthOf(text) <= width) return text;
  return width < 1 ? "" : `${headOf(near, width - 1)}${ascii ? "~" : "\u2026"}`;
}
function cutStart(text, width, ascii = false) {
  const safe = clean(text, ascii);
  if (widthOf(safe) <= width) return safe;
  const units = [...graphemes.segment(safe)].map(({ segment }) => segment);
  let used = 1;
  let from = units.length;
  while (from > 0 && used + widthOf(units[from - 1]) <= width) used += widthOf(units[--from]);
  return width < 1 ? "" : `${ascii ? "~" : "\u2026"}${units.slice(from).join("")}`;
}
function fit(text, width, align = "left", ascii = false) {
  const short = cut(text, width, ascii);
  const rest = " ".repeat(Math.max(0, width - widthOf(short)));
  return align === "right" ? rest + short : short + rest;
}
function wrap(text, width) {
  if (width < 1) return [];
  const lines = [];
  let line = "";
  for (const word of text.split(" ")) {
    let rest = word;
    if (line !== "" && widthOf(line) + 1 + widthOf(rest) <= width) {
      line += ` ${rest}`;
      continue;
    }
    if (line !== "") lines.push(line);
    while (widthOf(rest) > width) {
      const head = headOf(rest, width) || rest.slice(0, 1);
      lines.push(head);
      rest = rest.slice(head.length);
    }
    line = rest;
  }
  lines.push(line);
  return lines;
}
export {
  clean,
  cut,
  cutStart,
  fit,
  headOf,
  widthOf,
  wrap
};
//# sourceMappingURL=text.js.map
