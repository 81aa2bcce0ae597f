const NEVER = 4294967295;
function expiryMs(seconds) {
  return seconds === NEVER ? Number.POSITIVE_INFINITY : seconds * 1e3;
}
export {
  expiryMs
};
//# sourceMappingURL=session-expiry.js.map
