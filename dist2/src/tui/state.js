const screens = ["overview", "devices", "points", "clients", "topics", "links", "logs"];
export {
  screens
};
//# sourceMappingURL=state.js.map
