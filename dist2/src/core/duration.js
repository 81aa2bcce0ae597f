const MS = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 };
const BYTES = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1048576,
  GiB: 1073741824
};
const DURATION_PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const SIZE_PATTERN = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|KiB|MiB|GiB)$/;
function parseDuration(text) {
  const match = DURATION_PATTERN.exec(text);
  return match === null ? void 0 : Number(match[1]) * MS[match[2]];
}
function parseSize(text) {
  const match = SIZE_PATTERN.exec(text);
  return match === null ? void 0 : Math.round(Number(match[1]) * BYTES[match[2]]);
}
function formatDuration(ms) {
  if (ms < 1e4) return `${(Math.max(0, ms) / 1e3).toFixed(1)}s`;
  const seconds = Math.floor(ms / 1e3);
  if (seconds < 60) return `${seconds}s`;
  const pad = (n) => String(n).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h ${pad(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86400)}d ${Math.floor(seconds / 3600) % 24}h`;
}
export {
  DURATION_PATTERN,
  SIZE_PATTERN,
  formatDuration,
  parseDuration,
  parseSize
};
//# sourceMappingURL=duration.js.map
