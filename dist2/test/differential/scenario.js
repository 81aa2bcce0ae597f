const SLOTS = 3;
export {
  SLOTS
};
//# sourceMappingURL=scenario.js.map
