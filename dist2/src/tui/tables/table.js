//# sourceMappingURL=table.js.map
