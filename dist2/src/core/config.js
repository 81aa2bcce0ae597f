//# sourceMappingURL=config.js.map
