const styles = {
  plain: {},
  ok: { color: "green" },
  warn: { color: "yellow" },
  bad: { color: "red" },
  muted: { dimColor: true },
  accent: { color: "cyan" },
  focus: { color: "cyan", bold: true }
};
function styleOf(theme, tone) {
  return theme.dimmed ? styles.muted : styles[tone];
}
const up = { glyph: "\u25CF", tone: "ok" };
const partly = { glyph: "\u25D0", tone: "warn" };
const down = { glyph: "\u25CB", tone: "bad" };
const rest = { glyph: "\u25CB", tone: "muted" };
const failed = { glyph: "\u2715", tone: "bad" };
const signs = {
  up,
  online: up,
  connected: up,
  good: up,
  verified: up,
  written: up,
  starting: partly,
  stopping: partly,
  connecting: partly,
  degraded: partly,
  stale: partly,
  warn: partly,
  unknown: partly,
  down,
  offline: down,
  paused: rest,
  disconnected: rest,
  bad: failed,
  error: failed,
  fatal: failed,
  refused: failed,
  failed
};
function signOf(word) {
  return signs[word] ?? { glyph: "\xB7", tone: "muted" };
}
function needsAscii(env) {
  if (env.TERM === "linux") return true;
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  return !/utf-?8/i.test(locale) && locale !== "";
}
export {
  needsAscii,
  signOf,
  styleOf
};
//# sourceMappingURL=theme.js.map
