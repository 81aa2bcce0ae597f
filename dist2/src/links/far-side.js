//# sourceMappingURL=far-side.js.map
