//# sourceMappingURL=binding.js.map
