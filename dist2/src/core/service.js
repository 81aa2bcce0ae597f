//# sourceMappingURL=service.js.map
