const TABLE = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 40961 : crc >> 1;
  return crc;
});
function crc16(bytes, start = 0, end = bytes.length) {
  let crc = 65535;
  for (let index = start; index < end; index++) crc = crc >> 8 ^ TABLE[(crc ^ bytes[index]) & 255];
  return crc;
}
export {
  crc16
};
//# sourceMappingURL=crc16.js.map
