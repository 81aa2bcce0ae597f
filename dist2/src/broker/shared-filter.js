const PREFIX = "$share/";
function isShared(filter) {
  return filter.startsWith(PREFIX);
}
function parseShared(shared) {
  const end = shared.indexOf("/", PREFIX.length);
  if (!isShared(shared) || end < 0) return void 0;
  const shareName = shared.slice(PREFIX.length, end);
  const filter = shared.slice(end + 1);
  return shareName === "" || filter === "" || /[+#]/.test(shareName) ? void 0 : { shareName, filter };
}
function plainFilter(filter) {
  return isShared(filter) ? parseShared(filter)?.filter ?? filter : filter;
}
export {
  isShared,
  parseShared,
  plainFilter
};
//# sourceMappingURL=shared-filter.js.map
