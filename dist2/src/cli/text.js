const ESCAPES = { "\n": "\\n", "\r": "\\r", "	": "\\t" };
function visible(text) {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (char) => ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
  );
}
function count(n, noun) {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
function bytesText(bytes) {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return `${Math.round(bytes / 1e6)} MB`;
}
function rateText(perSecond) {
  return `${perSecond >= 10 || Number.isInteger(perSecond) ? Math.round(perSecond) : perSecond.toFixed(1)}/s`;
}
function timeText(unixMs) {
  const date = new Date(unixMs);
  const pad = (n, width = 2) => String(n).padStart(width, "0");
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}
export {
  bytesText,
  count,
  rateText,
  timeText,
  visible
};
//# sourceMappingURL=text.js.map
