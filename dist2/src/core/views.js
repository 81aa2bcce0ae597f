//# sourceMappingURL=views.js.map
