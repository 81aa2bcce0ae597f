//# sourceMappingURL=tone.js.map
