const LONGEST = 2 ** 30;
function afterLong(clock, ms, callback) {
  const end = clock.monotonic() + ms;
  let timer;
  const arm = () => {
    const left = end - clock.monotonic();
    timer = left > LONGEST ? clock.after(LONGEST, arm) : clock.after(left, callback);
  };
  if (ms !== Number.POSITIVE_INFINITY) arm();
  const cancel = () => timer?.cancel();
  return { cancel, [Symbol.dispose]: cancel };
}
export {
  afterLong
};
//# sourceMappingURL=long-timer.js.map
