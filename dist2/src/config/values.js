import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from "../core/duration.js";
import { topicFilterFault } from "../core/topic.js";
const SEPARATOR = "";
function say(message, hint) {
  return `${message}${SEPARATOR}${hint}`;
}
function unsay(text) {
  const at = text.indexOf(SEPARATOR);
  return at < 0 ? { message: text, hint: void 0 } : { message: text.slice(0, at), hint: text.slice(at + 1) };
}
function shown(value) {
  if (typeof value === "string") {
    const text = value.length > 40 ? `${value.slice(0, 39)}\u2026` : value;
    return `"${text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?")}"`;
  }
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return String(value);
}
function form(pattern, name2, hint) {
  const error = (issue) => issue.input === void 0 ? void 0 : say(`${shown(issue.input)} is not a ${name2}`, hint(issue.input));
  return z.string({ error }).regex(pattern, { error });
}
const UNIT_WORDS = {
  millisecond: "ms",
  msec: "ms",
  sec: "s",
  second: "s",
  min: "m",
  minute: "m",
  hour: "h",
  hr: "h",
  day: "d"
};
function durationHint(input) {
  const forms = "write a number and ms, s, m, h or d, such as 500ms, 5s or 2m";
  if (typeof input === "number") return `${forms} (did you mean ${input}s or ${input}ms?)`;
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*([a-z]+)\s*$/i.exec(String(input));
  const word = match?.[2]?.toLowerCase() ?? "";
  const unit = /^(ms|s|m|h|d)$/.test(word) ? word : UNIT_WORDS[word.replace(/s$/, "")];
  return unit === void 0 ? forms : `${forms} (did you mean ${match?.[1]?.replace(",", ".")}${unit}?)`;
}
function duration(min, max) {
  const low = parseDuration(min);
  const high = parseDuration(max);
  return form(DURATION_PATTERN, "duration", durationHint).transform((text, context) => {
    const ms = parseDuration(text);
    if (ms < low || ms > high) {
      context.addIssue({
        code: "custom",
        message: say(`${text} is out of range`, `write a duration from ${min} to ${max}`)
      });
    }
    return ms;
  });
}
function size(min, max) {
  const low = parseSize(min);
  const high = parseSize(max);
  const hint = () => "write a number and B, KB, MB, GB, KiB, MiB or GiB, such as 64KB or 1MB";
  return form(SIZE_PATTERN, "size", hint).transform((text, context) => {
    const bytes = parseSize(text);
    if (bytes < low || bytes > high) {
      context.addIssue({
        code: "custom",
        message: say(`${text} is out of range`, `write a size from ${min} to ${max}`)
      });
    }
    return bytes;
  });
}
function whole(min, max) {
  const error = (issue) => issue.input === void 0 ? void 0 : say(
    `${shown(issue.input)} is not a whole number from ${min} to ${max}`,
    `write a number from ${min} to ${max}, without quotes`
  );
  return z.int({ error }).min(min, { error }).max(max, { error });
}
const host = z.string().refine((text) => isIPv4(text) || isIPv6(text) || /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/.test(text), {
  error: (issue) => say(
    `${shown(issue.input)} is not an address`,
    "write an IP address or a host name alone, without scheme and port"
  )
});
const MAX_NAME_LENGTH = 64;
const name = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, {
  error: (issue) => say(
    `${shown(issue.input)} cannot be a name`,
    `use 1 to ${MAX_NAME_LENGTH} of the characters A-Z a-z 0-9 _ . - (names become topic levels)`
  )
});
const topicFilter = z.string().superRefine((text, context) => {
  const fault = topicFilterFault(text);
  if (fault !== void 0) {
    const hint = "use # only as the last level and + only as a whole level, such as plant/+/temperature or plant/#";
    context.addIssue({ code: "custom", message: say(`${shown(text)} is not a topic filter: ${fault}`, hint) });
  }
});
export {
  MAX_NAME_LENGTH,
  duration,
  host,
  name,
  say,
  shown,
  size,
  topicFilter,
  unsay,
  whole
};
//# sourceMappingURL=values.js.map
