import { formatDuration } from "../core/duration.js";
import { span } from "./spans.js";
import { signOf } from "./theme.js";
const UNKNOWN = "\u2014";
function compact(value) {
  if (!Number.isFinite(value)) return UNKNOWN;
  if (value !== 0 && Math.abs(value) < 9.95 && !Number.isInteger(value)) return value.toFixed(1);
  const units = ["", "k", "M", "G", "T"];
  let scaled = Math.round(value);
  let unit = 0;
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1e3;
    unit++;
  }
  const digits = unit > 0 && Math.abs(scaled) < 9.95 ? 1 : 0;
  return `${scaled.toFixed(digits)}${units[unit]}`;
}
function rate(perSecond) {
  return `${compact(perSecond)}/s`;
}
function bytes(size) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let scaled = size;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1e3;
    unit++;
  }
  return `${scaled.toFixed(unit > 1 && scaled < 9.95 ? 1 : 0)} ${units[unit]}`;
}
function age(at, now) {
  return at === null || at === void 0 ? UNKNOWN : formatDuration(now - at);
}
function milliseconds(value) {
  if (value === null) return UNKNOWN;
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}
const two = (n) => String(n).padStart(2, "0");
function timeOfDay(at) {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
function absolute(at) {
  const date = new Date(at);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${timeOfDay(at)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
function stateSpan(word) {
  const { glyph, tone } = signOf(word);
  return span(`${glyph} ${word}`, tone);
}
function errorSpans(error) {
  return [
    span(error.code, "bad", true),
    span(` ${error.message}`),
    ...error.hint === "" ? [] : [span(" \xB7 ", "muted"), span(error.hint, "accent")]
  ];
}
const LEVELS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587";
function sparkline(samples, width) {
  const shown = samples.slice(-width);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const sample of shown) {
    if (sample === null) continue;
    low = Math.min(low, sample);
    high = Math.max(high, sample);
  }
  if (low >= 0 && high <= 1 && shown.every((sample) => sample === null || Number.isInteger(sample)))
    [low, high] = [0, 1];
  let line = "";
  for (const sample of shown) {
    if (sample === null) line += " ";
    else if (high === low) line += LEVELS[3];
    else line += LEVELS[Math.round((sample - low) / (high - low) * (LEVELS.length - 1))];
  }
  return line;
}
export {
  UNKNOWN,
  absolute,
  age,
  bytes,
  compact,
  errorSpans,
  milliseconds,
  plural,
  rate,
  sparkline,
  stateSpan,
  timeOfDay
};
//# sourceMappingURL=format.js.map
