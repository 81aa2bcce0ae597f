function intervalsOn(clock) {
  const running = /* @__PURE__ */ new Map();
  let last = 0;
  return {
    set(callback, ms = 0) {
      const id = ++last;
      const arm = () => {
        running.set(
          id,
          clock.after(ms, () => {
            arm();
            callback();
          })
        );
      };
      arm();
      return id;
    },
    clear(id) {
      running.get(Number(id))?.cancel();
      running.delete(Number(id));
    }
  };
}
export {
  intervalsOn
};
//# sourceMappingURL=mqtt-timer.js.map
