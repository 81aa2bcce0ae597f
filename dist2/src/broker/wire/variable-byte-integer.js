function variableLength(value) {
  return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
}
function writeVariable(bytes, value, at) {
  let rest = value;
  while (rest >= 128) {
    bytes[at++] = rest & 127 | 128;
    rest >>= 7;
  }
  bytes[at++] = rest;
  return at;
}
export {
  variableLength,
  writeVariable
};
//# sourceMappingURL=variable-byte-integer.js.map
