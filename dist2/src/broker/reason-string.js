function explained(client, reason, encode) {
  if (reason === void 0 || !client.wantsReasons) return encode(void 0);
  const bytes = encode(reason);
  return bytes.length > client.maximumPacketSize ? encode(void 0) : bytes;
}
export {
  explained
};
//# sourceMappingURL=reason-string.js.map
