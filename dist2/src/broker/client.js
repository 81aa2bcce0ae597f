//# sourceMappingURL=client.js.map
