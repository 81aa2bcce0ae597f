//# sourceMappingURL=peer.js.map
