function defineAdapter(adapter) {
  return adapter;
}
export {
  defineAdapter
};
//# sourceMappingURL=adapter.js.map
