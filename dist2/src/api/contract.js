//# sourceMappingURL=contract.js.map
