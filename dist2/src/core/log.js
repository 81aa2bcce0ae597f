const nothing = () => {
};
const silentLog = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => silentLog,
  isLevelEnabled: () => false
};
export {
  silentLog
};
//# sourceMappingURL=log.js.map
